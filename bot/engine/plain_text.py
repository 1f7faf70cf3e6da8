"""What a person typed, as text and nothing else."""

import re
import unicodedata

MAX_CHARACTERS = 4000
NO_WORDS = "?"
_PAYLOAD = re.compile(r"/+(?=.*[_@{])\w+(@[\d.]*)?\s*(\{.*)?", re.DOTALL)
# The desk hands over placeholders instead of values. Each is read as these words; of those that people use for such a
# value they keep the reading closest to what it would be without one.
STAND_INS = {
    "email": "my e-mail address",
    "phone": "my phone",
    "card": "my card",
    "iban": "my bank account",
    "date": "Monday",
    "order": "my order",
    "request": "PR-2026-000001",
    "case": "CS-2026-000001",
    "consent": "GC-2026-000001",
    "number": "10234",
}
# Behind the word for it, an order number says nothing more.
_NAMED_ORDER = re.compile(
    r"(\b(?:orders?|purchase|invoice|bill|parcel|delivery)(?:\s(?:number|no\b\.?))?)[\s.:#]+‹order›", re.IGNORECASE
)
_PLACEHOLDER = re.compile(f"‹({'|'.join(STAND_INS)})›")
_NUMBER = re.compile(r"\b(PR|CS|GC)-\d{4}-\d{6}\b", re.IGNORECASE)
_COLOURS = re.compile("[\U0001f3fb-\U0001f3ff\ufe0f]")
_AGAIN = re.compile(r"([^\w\s!-~])(?:\s*\1)+")
_SHOUTED = re.compile(r"\s*(?:[!?.]{2,}|\u2026[!?.\u2026]*)|\s+[!?](?=\s|$)")
_CONTROL = dict.fromkeys([*range(32), 127], " ")
_QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"'})


def plain_text(typed: str) -> str:
    """Returns ``typed`` so that Rasa can only read it as words.

    Rasa takes a message that starts with ``/`` for an intent with slot values (``/request_erasure{"x": 1}``), past all
    understanding; so leading slashes go. NUL, other control characters and halves of broken characters go as well:
    no person types them and some databases refuse them. Line breaks become spaces. Longer texts than
    ``MAX_CHARACTERS`` are cut. A message that is such a payload from end to end has no words in it and is understood
    as none: ``/affirm{}`` is not a yes.
    """
    if _PAYLOAD.fullmatch(typed[:MAX_CHARACTERS].strip()):
        return NO_WORDS
    whole = typed[: 4 * MAX_CHARACTERS].encode("utf-8", "replace").decode("utf-8")
    return _single_spaced(whole.translate(_CONTROL)).lstrip("/ ")[:MAX_CHARACTERS].rstrip()


def symbols_named(text: str) -> str:
    """Each symbol such as a thumb replaced by its Unicode name: a model of words reads words only.

    A placeholder always reads as the same words: what a person typed there can lead to no other reading.

    Colours of a skin say nothing here, and a symbol that is repeated says what it says once. The numbers of requests
    and cases all read alike: which one it is says nothing about what is wanted. Shouted punctuation is said once, and
    only a question is known by the sign at its end.
    """
    text = _SHOUTED.sub(lambda match: next((one for one in "?!" if one in match[0]), "."), text)
    text = text.rstrip(" .!") or text
    text = _PLACEHOLDER.sub(lambda match: STAND_INS[match[1]], _NAMED_ORDER.sub(r"\1", text))
    text = _AGAIN.sub(r"\1", _COLOURS.sub("", _NUMBER.sub(r"\1-2026-000001", text)))
    return "".join(
        f" {unicodedata.name(one, '').lower()} " if unicodedata.category(one) == "So" else one for one in text
    )


def folded(text: str) -> str:
    """Lower case with straight quotes, named symbols and single spaces: the form in which letters are compared."""
    return _single_spaced(symbols_named(text).translate(_QUOTES).lower())


def _single_spaced(text: str) -> str:
    return " ".join(text.split())
