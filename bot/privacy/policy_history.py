"""What did I agree to, and when? Read from the ledger, and nothing is called a consent that was none."""

import re
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.clocks import in_words
from bot.privacy.policy_standing import Binding, entries
from bot.store import policy_versions
from bot.store.desk import Desk
from bot.store.desk_tables import PolicyEntry, PolicyNotice
from bot.store.policy_library import Clause, Policy
from bot.store.policy_versions import Published
from bot.vocabulary import PolicyAct, WindowState

_AGREED = tuple(
    re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    for words in (
        "(?:did|have|had|has) (?:i|you|my)\\b.*\\b(?:agreed?|accept(?:ed)?|sign(?:ed)?|count(?:ed)?|consented)",
        "(?:acceptances?|agreements?) (?:history|so far|on record)",
        "i(?:'ve| have)? (?:agreed|accepted|signed up)",
        "(?:bound by|am i on|i clicked)",
        "appl(?:y|ies) to (?:me|my)",
    )
)


def is_asked_for(words: str) -> bool:
    """Whether a question is about the person's own agreement rather than about the text."""
    return any(pattern.search(words) for pattern in _AGREED)


def history(session: Session, desk: Desk, now: datetime, subject: str, own: Binding) -> list[str]:
    """Line by line what is on record of one person's dealings with the versions of the policy, oldest first."""
    notices = {
        notice.version: notice
        for notice in session.scalars(select(PolicyNotice).where(PolicyNotice.subject == subject))
    }
    said = entries(session, subject)
    lines = []
    for each in policy_versions.published(session, desk.policies):
        acts = [entry for entry in said if entry.version == each.version]
        lines += [_line(entry) for entry in acts] or [_without_act(each, notices)]
    kept = [clause.title for name, (policy, clause) in _bound(own).items() if own.differs(name, own.newest)]
    return [*lines, f"Older text kept for: {', '.join(kept)}."] if kept else lines


def _bound(own: Binding) -> Mapping[str, tuple[Policy, Clause]]:
    return {name: found for name in own.texts if (found := own.clause(name)) is not None}


def _line(entry: PolicyEntry) -> str:
    name, on = f"Version {entry.version}", in_words(entry.at)
    if entry.act == PolicyAct.ACCEPTED:
        limit = "" if entry.reductions else ", but not to what reduces your rights"
        return f"{name}: you said yes on {on}{limit} ({entry.reference})."
    if entry.act == PolicyAct.OBJECTED:
        return f"{name}: you said no on {on} ({entry.reference})."
    told, used = _day_of(entry.delivered_at), _day_of(entry.used_at)
    return (
        f"{name}: deemed acceptance on {on}. The notice reached you on {told}, you used the shop on {used}, and 15 "
        f"days from {_day_of(entry.starts_at)} went by without a no. This is no consent, and it covers nothing that "
        "reduces your rights."
    )


def _day_of(moment: datetime | None) -> str:
    return "an unknown day" if moment is None else in_words(moment)


def _without_act(each: Published, notices: Mapping[str, PolicyNotice]) -> str:
    name, notice = f"Version {each.version}", notices.get(each.version)
    if each.replaces is None:
        return f"{name}: the first version. No yes of yours to it is on record."
    if notice is None and each.all_were_told:
        return f"{name}: in force when you joined. No yes of yours to it is on record."
    when = f"in effect from {in_words(each.policy.effective)}"
    if notice is None or notice.delivered_at is None:
        return f"{name}: {when}. You have agreed to nothing."
    if notice.state != WindowState.OPEN:
        return f"{name}: {when}."
    return (
        f"{name}: {when}. The notice reached you on {in_words(notice.delivered_at)}. You have agreed to nothing so far."
    )
