"""The same phrases as hurried people type them: seeded, so that every run meets the same ones."""

import random
import string
from collections.abc import Callable

_SEED = 20260115
_SHORTEST = 15
_NEIGHBOURS = dict(zip("qwertyuiopasdfghjklzxcvbnm", "wertyuioiosdfghjkkxcvbnmn", strict=False))
_CHAT = {"you": "u", "are": "r", "your": "ur", "please": "plz", "to": "2", "for": "4", "because": "cuz", "and": "n"}


def one_typo(word: str, chance: random.Random) -> str:
    """A slip of the finger inside a word: two letters swapped, one left out, doubled, or the key beside it."""
    at = chance.randrange(1, len(word) - 1)
    before, letter, after = word[:at], word[at], word[at + 1 :]
    slips = (before + after[0] + letter + after[1:], before + after, before + 2 * letter + after)
    return chance.choice((*slips, before + _NEIGHBOURS.get(letter, letter) + after))


def _typos(letters_each: int) -> Callable[[str, random.Random], str]:
    """One slip for about so many letters, at least one, in words of four letters and more."""

    def change(text: str, chance: random.Random) -> str:
        words = text.split(" ")
        long_words = [at for at, word in enumerate(words) if len(word) > 3 and word.isalpha()]
        for at in chance.sample(long_words, min(len(long_words), max(1, len(text) // letters_each))):
            words[at] = one_typo(words[at], chance)
        return " ".join(words)

    return change


def _without(unwanted: str) -> Callable[[str, random.Random], str]:
    return lambda text, _chance: text.translate(str.maketrans("", "", unwanted))


def _chat_spelling(text: str, _chance: random.Random) -> str:
    return " ".join(_CHAT.get(word, word) for word in text.lower().split(" "))


KINDS: dict[str, Callable[[str, random.Random], str]] = {
    "few typos": _typos(40),
    "many typos": _typos(15),
    "capitals": lambda text, _chance: text.upper(),
    "small letters": lambda text, _chance: text.lower(),
    "no punctuation": _without(string.punctuation.replace("'", "")),
    "no apostrophe": _without("'\N{RIGHT SINGLE QUOTATION MARK}"),
    "shouted punctuation": lambda text, chance: (
        text.rstrip(".?! ") + chance.choice((" !!!", "...", "??", " ?!?!", "…"))
    ),
    "chat spelling": _chat_spelling,
}


def chosen(texts: list[str], how_many: int) -> list[int]:
    """Which of the texts to vary: so many of those with enough words to vary."""
    long_enough = [at for at, text in enumerate(texts) if len(text) >= _SHORTEST]
    return sorted(random.Random(_SEED).sample(long_enough, how_many))


def vary(text: str) -> dict[str, str]:
    """Each kind of variation of a text, where it differs from the text."""
    varied = {kind: change(text, random.Random(f"{_SEED}{kind}{text}")) for kind, change in KINDS.items()}
    return {kind: other for kind, other in varied.items() if other != text}
