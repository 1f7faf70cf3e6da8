"""What a guardian is shown and says yes to, word for word, and how it is kept so that it can be proved.

Policy clause `minors` asks for written consent. GDPR Article 7(1) and 8(2): the shop must be able to show it.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.privacy.policy_question import Citation, cite
from bot.privacy.policy_standing import binding
from bot.store.desk import Desk

CLAUSES = ("minors", "collection-purposes", "use", "your-rights", "account-cancellation")
_WORDS = {
    "minors": "You allow the young person to use this shop although they are not 18 yet.",
    "collection-purposes": "The shop may use their data for what shopping needs: orders and delivery, a better shop, "
    "and safe payment.",
    "use": "The shop uses the data only as its privacy policy says.",
    "your-rights": "You can take your consent back at any time, as easily as you give it. Their data is then no longer "
    "used. What was done before stays lawful.",
    "account-cancellation": "Their account can be closed at any time; the shop then stops using their data and deletes "
    "it.",
}  # fmt: skip
TICKS = (
    "I am the parent or legal guardian of this young person and may decide this for them.",
    "I have read what I agree to, and I agree.",
)


@dataclass(frozen=True)
class ConsentText:
    """The text of one moment.

    Attributes:
        points: A plain sentence and the clause that it rests on, quoted to the letter.
        ticks: What the guardian confirms.
    """

    policy_version: str
    opening: str
    points: tuple[tuple[str, Citation], ...]
    ticks: tuple[str, ...]

    def as_text(self) -> str:
        """All of it as one text; the same text has the same hash on every machine."""
        lines = [self.opening]
        for words, clause in self.points:
            lines += [words, f"Policy version {clause.version}, “{clause.title}”: “{clause.quote}”"]
        return "\n\n".join([*lines, *self.ticks])

    @property
    def hash(self) -> str:
        """SHA-256 of the text, in hex."""
        return hashlib.sha256(self.as_text().encode()).hexdigest()


def consent_text(session: Session, desk: Desk, child: str) -> ConsentText:
    """What is to be agreed to today.

    Args:
        session: Desk database.
        desk: The policy in force.
        child: The young person's name as the shop has it.
    """
    bound = binding(session, desk, desk.clock.now(), None)
    quoted = {each.clause: each for each in cite(bound, desk.policies, CLAUSES)}
    opening = f"Consent of a parent or guardian for {child}, who is under 18, to use this shop."
    points = tuple((_WORDS[clause], quoted[clause]) for clause in CLAUSES if clause in quoted)
    return ConsentText(bound.version.version, opening, points, TICKS)


@dataclass(frozen=True)
class Declared:
    """What a guardian declared, as it is kept.

    Attributes:
        kept: Text, hash, time, method and what was typed or handed in.
    """

    policy_version: str
    text_hash: str
    kept: dict[str, Any]

    @property
    def proof(self) -> str:
        """Its SHA-256, which goes into the sealed record of the desk: whoever changes what is kept is found out."""
        return hashlib.sha256(json.dumps(self.kept, sort_keys=True).encode()).hexdigest()


def declared(now: datetime, number: str, text: ConsentText, **said: Any) -> Declared:
    """Put together what is kept.

    Args:
        now: When it was said.
        number: Of the asking.
        text: What was shown.
        said: Method, typed name, relation, ticks; for a signed form the ids of its files.
    """
    kept = {"number": number, "at": now.isoformat(), "policy_version": text.policy_version}
    return Declared(text.policy_version, text.hash, kept | {"text": text.as_text(), "text_sha256": text.hash} | said)
