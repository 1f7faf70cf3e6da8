"""Sees that a message is nothing but an identity code, so that the code is read by the desk and never by the engine."""

import re
import unicodedata

_LONGEST = 80
_WORDS = (
    "ok|okay|yes|hi|hello|sure|it|this|that|here|my|the|your|is|was|it'?s|that'?s|here'?s|"
    "code|number|pin|verification|security|confirmation|one[- ]time"
)
_ALONE = re.compile(
    rf"[\s\"'(]*(?:(?:{_WORDS})\b[\s:=,.;!#-]*)*(\d(?:[\s-]?\d){{5}})[\s\"').!]*", re.IGNORECASE | re.ASCII
)


def code_in(text: str) -> str | None:
    """The six digits of a message that says nothing else but words such as "my code is".

    Digits may be set apart by spaces or dashes. Policy clause `security`: a code is a secret, and the desk keeps it
    out of every record but its own encrypted one.
    """
    plain = unicodedata.normalize("NFKC", text[: _LONGEST + 1]).replace("’", "'").replace("–", "-").replace("‑", "-")
    found = _ALONE.fullmatch(plain) if len(text) <= _LONGEST else None
    return re.sub(r"\D", "", found[1]) if found else None
