"""What the shop uses a person's data for, what they last said about each use, and how each can be ended.

A consent is withdrawn (GDPR Article 7(3)), a use that rests on legitimate interests is objected to (GDPR Article 21),
and what a contract needs ends with the account (policy clause `refusal-to-provide`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.store import consent_records
from bot.store.consent_records import Recorded
from bot.store.datamap.model import Purpose, PurposeBasis
from bot.store.desk import Desk
from bot.store.desk_tables import ConsentEntry
from bot.vocabulary import ConsentState

CORE_CLAUSE = "refusal-to-provide"
"""The clause on what ends when a core function is refused its data."""
# The shop's own copy of a choice may have lost the fractions of its second.
_SAME_MOMENT = timedelta(seconds=1)
_ENDS_AS = {
    PurposeBasis.CONSENT: ConsentState.WITHDRAWN,
    PurposeBasis.LEGITIMATE_INTEREST: ConsentState.OBJECTED,
}


@dataclass(frozen=True)
class PurposeStanding:
    """A purpose, and what a person last said about it.

    Attributes:
        state: None when neither the desk nor the shop has a choice of theirs on record.
        ends_as: What ending it is called in the ledger; None for what a contract needs, which ends with the account.
    """

    purpose: Purpose
    state: ConsentState | None
    ends_as: ConsentState | None

    @property
    def is_on(self) -> bool:
        """Whether data may be used for it now: silence is no consent, but a legitimate interest needs none."""
        if self.state is None:
            return self.purpose.basis is not PurposeBasis.CONSENT
        return self.state is ConsentState.GRANTED

    @property
    def can_be_ended(self) -> bool:
        """Whether a no would say something new. Without a choice on record the shop may have one elsewhere."""
        return self.ends_as is not None and self.state in (None, ConsentState.GRANTED)

    @property
    def can_be_allowed(self) -> bool:
        """Whether a yes would say something new: it is a choice of theirs, and off now."""
        return self.ends_as is not None and not self.is_on


def standing(session: Session, desk: Desk, subject: str) -> list[PurposeStanding]:
    """Every purpose of the data map with what this person last said about it, here or in the shop itself.

    The newer word counts: what was chosen in the chat, or what was chosen later on the shop's own pages.
    """
    query = select(ConsentEntry).where(ConsentEntry.subject == subject).order_by(ConsentEntry.at, ConsentEntry.id)
    own = {entry.purpose: entry for entry in session.scalars(query)}
    shops = consent_records.choices(desk.shop, subject)
    return [_of(purpose, own.get(purpose.key), shops.get(purpose.key)) for purpose in desk.datamap.purposes.values()]


def _of(purpose: Purpose, own: ConsentEntry | None, shops: Recorded | None) -> PurposeStanding:
    ends_as, state = _ENDS_AS.get(purpose.basis), None
    if own is not None and (shops is None or shops.at <= own.at + _SAME_MOMENT):
        state = ConsentState(own.state)
    elif shops is not None and shops.state is not None:
        state = shops.state if shops.state is ConsentState.GRANTED else ends_as or ConsentState.WITHDRAWN
    return PurposeStanding(purpose, state, ends_as)


def named_in(text: str, standings: Sequence[PurposeStanding]) -> list[PurposeStanding]:
    """The purposes a person names, by the words of the data map; the longer word wins where one holds another."""
    plain = text.casefold()
    words = [(word.casefold(), each) for each in standings for word in each.purpose.words]
    named: list[PurposeStanding] = []
    for word, each in sorted(words, key=lambda pair: -len(pair[0])):
        plain, times = re.subn(rf"(?<!\w){re.escape(word)}s?(?!\w)", " ", plain)
        if times and each not in named:
            named.append(each)
    return named
