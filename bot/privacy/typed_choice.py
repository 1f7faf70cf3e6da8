"""Sees that a message picks one of the choices just offered, so that no reading of words decides what was picked.

"2", "the second one", "the latter", "yes pls" and a button's label typed instead of pressed mean a button of the open
question and nothing else. What picks none of them for certain is asked again; words that are about something else are
left to the reading.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_LONGEST_PICK = 60
_LONGEST_LABEL = 160
_MOST_NAMED = 4


def _these(words: str) -> frozenset[str]:
    return frozenset(words.split())


_WORD = re.compile(r"[\w']+|\S")
_YES = _these("yes y yep yeah yea ya yup yess yass sure ok okay okey okie k kk alright definitely 👍 👌 ✅")
_NO = _these("no n nope nah nay noo naw 👎 ❌ 🚫")
_POLITE = _these("please pls plz plse thanks thank thx ty you ta sir madam mate kindly")
_ORDINALS = {
    name: place
    for place, names in enumerate(
        (
            "first 1st",
            "second 2nd",
            "third 3rd",
            "fourth 4th",
            "fifth 5th",
            "sixth 6th",
            "seventh 7th",
            "eighth 8th",
            "ninth 9th",
            "tenth 10th",
        )
    )
    for name in names.split()
}
_COUNTED = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_CARDINALS = {name: at for at, name in enumerate(_COUNTED)}
_CARDINALS |= {str(at + 1): at for at in range(20)}
_LETTERS = {letter: at for at, letter in enumerate("abcdefgh")}
_LAST, _FORMER, _LATTER = frozenset({"last", "final", "bottom"}), "former", "latter"
_PLACES = _ORDINALS.keys() | _CARDINALS.keys() | _LAST | {_FORMER, _LATTER}
_THINGS = _these("one option choice button answer item number nr # letter possibility")
_BEFORE_LETTERS = _these("option choice button answer letter")
_MORE_THAN_ONE = _these("both either whichever other")
_JOINING = _these("and or & + not")
_POINTING = _these("of that this these those them")
_NONE = _these("none neither of them these those")
_FILLING = _YES | _NO | _POLITE
_FILLING |= _these(
    "the i i'd i'll id ill would will like want wanted wish take choose chose pick picked prefer mean meant say go "
    "going for with let's lets let us do make it is it's its be to me my give um uh er hmm hm well so then just guess "
    "think suppose maybe now here actually rather"
)
_UNSAYING = _these("not no never nothing without don't dont only")
_SMALL = _these("a an the of to my me i it is was what that this about you your in on for with and or by its as be do")
_ASKING = _these("what which who why how when where do does did is are can could may will would")
_PUNCTUATION = frozenset(",.;:!?()[]\"'-–—…/")


@dataclass(frozen=True)
class Picked:
    """That a message picks something: its place among the choices, or None where it may be more than one of them."""

    place: int | None


def picked(text: str, labels: Sequence[str], beside: Sequence[str] = ()) -> Picked | None:
    """Which of the offered choices a message means.

    Args:
        text: What was typed.
        labels: The buttons of the open question, in the order in which they are shown.
        beside: The buttons that stand beside them, of another question.

    Returns:
        None when the message is about something else, or there is nothing to pick from.
    """
    if not labels or len(text) > _LONGEST_LABEL:
        return None
    words = _words(text)
    return _by_yes_or_no(words, labels, beside) or _by_label(words, labels) or _by_place(words, labels)


def _words(text: str) -> list[str]:
    """Lower case words and signs; skin colours, punctuation and repeated signs go."""
    plain = unicodedata.normalize("NFKC", text).replace("’", "'").casefold()
    plain = re.sub("[\U0001f3fb-\U0001f3ff\ufe0f]", "", plain)
    words = [word for word in _WORD.findall(plain) if word not in _PUNCTUATION]
    return [word for at, word in enumerate(words) if word.isalnum() or words[at - 1 : at] != [word]]


def _by_yes_or_no(words: Sequence[str], labels: Sequence[str], beside: Sequence[str]) -> Picked | None:
    """A bare yes, no or none picks the one choice that begins with it.

    Where two begin with yes, in one question or two, it is the right's to say what a yes means.
    """
    bare = set(words) - _POLITE
    for answers, begins in ((_YES, "yes"), (_NO, "no"), (_NONE, "none")):
        if bare and bare <= answers:
            fitting = [at for at, label in enumerate([*labels, *beside]) if _words(label)[:1] == [begins]]
            return Picked(fitting[0]) if len(fitting) == 1 and fitting[0] < len(labels) else None
    return None


def _by_label(words: Sequence[str], labels: Sequence[str]) -> Picked | None:
    """A label typed in full, without its yes or no, or all but its small words; "the … one" may name any word of it."""
    said = _without_ends(words)
    offered = [_words(label) for label in labels]
    full = [at for at, label in enumerate(offered) if said in (label, _core(label)) or list(words) == label]
    if len(full) == 1:
        return Picked(full[0])
    named = [word for word in said if word not in _SMALL]
    if not named:
        return None
    if len(offered) > 1 and said[:1] == ["the"] and said[-1] in _THINGS and (rest := set(named) - _THINGS):
        fitting = [at for at, label in enumerate(offered) if rest <= set(_core(label))]
        return Picked(fitting[0] if len(fitting) == 1 else None) if fitting else None
    fitting = [at for at, label in enumerate(offered) if _is_most_of(said, label)] or _in_series(said, named, offered)
    return Picked(fitting[0] if len(fitting) == 1 else None) if fitting else None


def _in_series(said: Sequence[str], named: Sequence[str], offered: Sequence[Sequence[str]]) -> list[int]:
    """Those of several labels that begin alike, such as "Stop: …", of which the words name nothing but what differs."""
    if said[0] in _ASKING or len(named) > _MOST_NAMED:
        return []
    first = Counter(label[0] for label in offered if label)
    fitting = []
    for at, label in enumerate(offered):
        if label and first[label[0]] > 1 and label[0] not in ("yes", "no"):
            others = {word for other in offered if other is not label for word in other}
            own = {word for word in label if word not in others}
            rest = {word for word in named if word != label[0]}
            fitting += [at] if rest and rest <= own else []
    return fitting


def _core(label: Sequence[str]) -> list[str]:
    """A label without the yes or no it begins with."""
    return list(label[1:]) if label and label[0] in ("yes", "no") else list(label)


def _without_ends(words: Sequence[str]) -> list[str]:
    """Words without the politeness around them."""
    kept = list(words)
    while kept and kept[0] in _POLITE:
        kept.pop(0)
    while kept and kept[-1] in _POLITE:
        kept.pop()
    return kept


def _is_most_of(said: Sequence[str], label: Sequence[str]) -> bool:
    """Whether the words stand in the label as they are and leave out nothing that could turn its meaning."""
    core = _core(label)
    stands = any(core[at : at + len(said)] == list(said) for at in range(len(core) - len(said) + 1))
    content = [word for word in core if word not in _SMALL]
    left_out = set(core) - set(said)
    whole = len([word for word in said if word not in _SMALL]) * 3 >= len(content) * 2
    return stands and whole and len(said) > 1 and not left_out & _UNSAYING


def _by_place(words: Sequence[str], labels: Sequence[str]) -> Picked | None:
    """A number, an ordinal or a letter, with nothing beside it but words such as "I would like the … please"."""
    if len(labels) < 2 or sum(map(len, words)) > _LONGEST_PICK:
        return None
    kept = [word for word in words if word not in _FILLING]
    if len(kept) == 2 and kept[0] in _BEFORE_LETTERS and kept[1] in _LETTERS:
        return _at(_LETTERS[kept[1]], labels)
    if not kept or not set(kept) <= _PLACES | _THINGS | _MORE_THAN_ONE | _JOINING | _POINTING:
        return None
    if set(kept) & _MORE_THAN_ONE or (set(kept) & _JOINING and set(kept) & (_PLACES | _THINGS)):
        return Picked(None)
    named = [word for word in kept if word in _PLACES - {"one"}]
    if not named and "one" in kept:
        counted = kept[-2:-1] != [] and kept[-2] in _THINGS
        return Picked(0) if counted or (kept == ["one"] and "the" not in words) else Picked(None)
    if not named:
        return None
    return _at(_place(named[0], len(labels)), labels) if len(named) == 1 else Picked(None)


def _place(word: str, many: int) -> int:
    """The place that a word names, counted from 0; -1 where it names none for certain."""
    if word in _LAST:
        return many - 1
    if word in (_FORMER, _LATTER):
        return (word == _LATTER) if many == 2 else -1
    return _ORDINALS[word] if word in _ORDINALS else _CARDINALS[word]


def _at(place: int, labels: Sequence[str]) -> Picked:
    return Picked(place if 0 <= place < len(labels) else None)
