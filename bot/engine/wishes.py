"""Finds that one message asks for several things, so that each can be dealt with in turn.

A message is cut into clauses, each clause is read alone, and it counts only when the reading is sure and the clause has
the form of a wish or a question. In doubt the message stays one: to overlook a second wish costs a sentence, to invent
one costs trust. What is denied, conditional, reported or an alternative is never a wish of its own.
"""

import itertools
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Pattern, Sequence, Set, Text

from bot.engine import wish_words as words

LONGEST = 400
MOST_CLAUSES = 8
MOST_WISHES = 3
_PERSON = "ask_for_human"
SHOP = "shop_question"
_QUESTIONS = frozenset({"ask_policy", "ask_policy_changes", "ask_request_status"})
_ERASING, _CORRECTING, _DATA, _CONSENT, _UPDATE = "erasing", "correcting", "data", "consent", "update"
FAMILIES = {
    "ask_policy": "question",
    "ask_policy_changes": "question",
    "ask_request_status": "status",
    "revoke_request": "revoking",
    "request_access": _DATA,
    "request_export": _DATA,
    "request_rectification": _CORRECTING,
    "request_erasure": _ERASING,
    "cancel_account": _ERASING,
    "request_anonymisation": _ERASING,
    "withdraw_consent": _CONSENT,
    "object_to_processing": _CONSENT,
    "file_complaint": "complaining",
    "object_to_policy_update": _UPDATE,
    "accept_policy_update": _UPDATE,
    _PERSON: "person",
    SHOP: "shop",
}
"""What can be asked for beside something else; two of one family are one wish in two words."""

# How sure the reading of a clause must be: after "and then" or a full stop, after a mere "and", and where the message
# tells a story besides. Below its own bar a clause that destroys data is not read as that at all.
_SURE, _QUITE_SURE, _NARRATED = 0.6, 0.75, 0.85
_WHOLE_IS_SURE = 0.5
_REFUSALS = frozenset({"deny", "cancel", "revoke_request"})
_MOST_PAUSES = 3

Reading = Dict[Text, Any]


def after_no(text: Text, read: Callable[[List[Text]], List[Reading]]) -> List[Text]:
    """What follows a sure no that a message begins with ("no wait, don't, just correct it"), for each place it may end.

    Args:
        text: the message.
        read: reads pieces of it.
    """
    ends = [place.end() for place in itertools.islice(words.PAUSE.finditer(text[:LONGEST]), _MOST_PAUSES)]
    heads = read([text[:end] for end in ends]) if ends else []
    cuts = [end for end, head in zip(ends, heads, strict=True) if _refuses(text[:end], head)]
    if no := words.NO_BEFORE.match(text):
        cuts.insert(0, no.end())
    return [text[end:] for end in cuts]


def instead_of(
    standing: Text, rests: List[Text], text: Text, whole: Reading, read: Callable[[List[Text]], List[Reading]]
) -> Text:
    """The right that is wanted instead of the one that stands at its question and was refused.

    Args:
        standing: the kind of request that stands; a correction hears a no with another correction behind it itself.
        rests: what may follow the no; not empty.
        text: the message.
        whole: how it is read as one.
        read: reads pieces of it.

    Returns:
        What follows the no, or the text where only the whole is surely a right; empty where neither is.
    """
    wanted = {_ERASING, _DATA, _CONSENT} | ({_CORRECTING} if standing != "rectification" else set())
    rights = [rest for rest, reading in zip(rests, read(rests), strict=True) if _is_surely(reading, wanted)]
    if _is_surely(whole, wanted - {_ERASING}):
        rights.append(text)
    return rights[0] if rights else ""


def _refuses(text: Text, reading: Reading) -> bool:
    """Whether words surely say no to what stands, and speak of nothing that was filed before."""
    asks = "?" in text or words.QUESTION.match(text) or words.FILED.search(text)
    return not asks and reading["name"] in _REFUSALS and reading["confidence"] >= _SURE


def _is_surely(reading: Reading, wanted: Set[Text]) -> bool:
    return FAMILIES.get(reading["name"]) in wanted and reading["confidence"] >= _SURE


class Clause(NamedTuple):
    """A piece of a message.

    Attributes:
        text: its words.
        sentence: which sentence it stands in.
        strong: whether "and then", "also" or the like leads on to it, or a new sentence begins.
    """

    text: Text
    sentence: int
    strong: bool


class Wish(NamedTuple):
    """One of several things asked for: how it is read, and its words."""

    intent: Text
    text: Text


def several(text: Text, whole: Reading, read: Callable[[List[Text]], List[Reading]]) -> List[Wish]:
    """The things a message asks for in the order in which it does, or nothing where it asks for one.

    Args:
        text: the message.
        whole: how it is read as one; `name` and `confidence`.
        read: reads clauses.
    """
    found = clauses(text)
    if len(found) < 2:
        return []
    readings = read([clause.text for clause in found])
    return wishes(found, readings, whole)


def clauses(text: Text) -> List[Clause]:
    """Cuts a message; a short list, or none where it is a letter or has nothing to cut."""
    if len(text) > LONGEST:
        return []
    found = []
    for at, sentence in enumerate(_sentences(words.SHARED_OBJECT.sub(r"\1 \3 and then \2 \3", text))):
        for piece in _cut(sentence, words.STRONG_JOINT):
            for number, clause in enumerate(_cut(piece, words.WEAK_JOINT)):
                found.append(Clause(clause.strip(" ,"), at, number == 0))
    found = [clause for clause in found if words.WORD.search(clause.text)]
    return found if len(found) <= MOST_CLAUSES else []


def _sentences(text: Text) -> List[Text]:
    """Sentences, with what an abbreviation cut apart put together again."""
    joined: List[Text] = []
    for piece in words.SENTENCE_END.split(text):
        if joined and words.ABBREVIATION.search(joined[-1]):
            joined[-1] = f"{joined[-1]} {piece}"
        else:
            joined.append(piece)
    return joined


def _cut(text: Text, joint: Pattern[Text]) -> List[Text]:
    """A text cut where something was said before the joint and a wish or a question begins behind it."""
    pieces, start = [], 0
    for found in joint.finditer(text):
        if _is_formed(text[found.end() :]) and len(words.WORD.findall(text[start : found.start()])) > 1:
            pieces.append(text[start : found.start()])
            start = found.end()
    return [*pieces, text[start:]]


def wishes(found: Sequence[Clause], readings: Sequence[Reading], whole: Reading) -> List[Wish]:
    """Which clauses count; nothing unless at least two of different families do."""
    unreal = {clause.sentence for clause in found if _is_unreal(clause.text)}
    unreal |= {clause.sentence for clause, after in itertools.pairwise(found) if _asks_for_both(clause, after)}
    told = any(not _is_formed(clause.text) and len(words.WORD.findall(clause.text)) > 3 for clause in found)
    kept: List[Wish] = []
    strong = False
    for clause, reading in zip(found, readings, strict=True):
        if not _counts(clause, reading, told=told, unreal=clause.sentence in unreal):
            continue
        family = FAMILIES[reading["name"]]
        if family not in {FAMILIES[wish.intent] for wish in kept}:
            strong = strong or (bool(kept) and clause.strong)
            kept.append(Wish(reading["name"], clause.text))
    kept = _without_what_another_holds(kept)
    if any(wish.intent == _PERSON for wish in kept[:-1]):
        return []  # What else is said then is what the person is wanted for.
    if not 2 <= len(kept) <= MOST_WISHES or _is_better_read_as_one(kept, whole, strong=strong, told=told):
        return []
    return kept


def _without_what_another_holds(kept: List[Wish]) -> List[Wish]:
    """Without an end to every use of the data where all of it is to go as well."""
    if not any(FAMILIES[wish.intent] == _ERASING for wish in kept):
        return kept
    return [wish for wish in kept if FAMILIES[wish.intent] != _CONSENT or words.PURPOSE.search(wish.text)]


def _asks_for_both(clause: Clause, after: Clause) -> bool:
    """Whether a question goes on in the next clause: "can I see and correct my orders"."""
    joined = clause.sentence == after.sentence and not clause.text.rstrip().endswith("?")
    asks = words.QUESTION.match(clause.text) and not words.OF_YOU.match(clause.text)
    return bool(joined and asks and words.BARE_VERB.match(after.text))


def _is_formed(text: Text) -> bool:
    return bool(words.WISH.match(text) or words.QUESTION.match(text) or text.rstrip().endswith("?"))


def _is_unreal(text: Text) -> bool:
    """Whether a clause is conditional, reported, an alternative or denied; questions may be all of that."""
    if text.rstrip().endswith("?") and words.QUESTION.match(text):
        return False
    denied = words.DENIED.search(words.NO_DENIAL.sub(" ", text.replace("\u2019", "'")))
    return bool(words.UNREAL.search(text) or words.REPORTED.search(text) or denied)


def _counts(clause: Clause, reading: Reading, *, told: bool, unreal: bool) -> bool:
    intent, confidence = reading["name"], reading["confidence"]
    family = FAMILIES.get(intent)
    if family is None or len(_content(clause.text)) < 2:
        return False
    asks = bool(words.QUESTION.match(clause.text)) or clause.text.rstrip().endswith("?")
    if intent in _QUESTIONS:
        real = not unreal or clause.text.rstrip().endswith("?")
        counts = real and asks and not words.POINTING.search(clause.text)
    elif intent == "file_complaint":
        counts = not unreal and bool(words.WISH.match(clause.text) and words.COMPLAINS.search(clause.text))
    elif intent == "revoke_request":
        counts = not unreal and bool(words.WISH.match(clause.text) and words.FILED.search(clause.text))
    else:
        also_asked = intent in ("request_access", SHOP) and asks
        counts = not unreal and (also_asked or bool(words.WISH.match(clause.text)))
    needed = _NARRATED if told else _SURE if clause.strong else _QUITE_SURE
    return counts and bool(confidence >= needed)


def _content(text: Text) -> List[Text]:
    """Words that say something: without "and then please"."""
    opening = words.OPENING.match(text)
    return words.WORD.findall(text[opening.end() if opening else 0 :])


def _is_better_read_as_one(kept: Sequence[Wish], whole: Reading, *, strong: bool, told: bool) -> bool:
    """Whether the message as a whole is surely something else, or a complaint that tells its story."""
    name: Optional[Text] = whole["name"]
    if told and name in ("file_complaint", "report_security_issue"):
        return True
    if strong or name not in FAMILIES or whole["confidence"] < _WHOLE_IS_SURE:
        return name == "report_security_issue"
    return FAMILIES[name] not in {FAMILIES[wish.intent] for wish in kept}
