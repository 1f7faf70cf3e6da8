"""Mails, written in the same transaction as what they tell of; the worker sends them (`bot.mailing`).

A template is one text. The HTML part is made of it when the mail is sent; `mail_page` says what becomes of which lines.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from bot.store.desk_tables import Mail

TEMPLATES = Path(__file__).parent / "mail_templates"
# Plain text: nothing to escape. `mail_page` makes the HTML part of it, and escapes.
_templates = Environment(loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, trim_blocks=True)  # noqa: S701
_ADDRESS = re.compile(r"([^\s@\"<>]+)@([\w.-]+)")


HOPEFUL = (Mail.sent_at.is_(None), Mail.refused_at.is_(None), Mail.given_up_at.is_(None))
"""Conditions on a mail: it was not sent yet, and still may be."""


def post(session: Session, now: datetime, recipient: str, template: str, dedupe_key: str, **values: str) -> None:
    """Put a mail into the outbox, once per dedupe key.

    Args:
        session: The transaction of the mail's cause: both are kept, or neither.
        now: When it was written.
        recipient: E-mail address.
        template: Name in `mail_templates/`; its first line is the subject, which never holds a personal value.
        dedupe_key: A second mail with the same key is not written.
        values: What the template names.
    """
    if session.scalar(select(Mail.id).where(Mail.dedupe_key == dedupe_key)) is not None:
        return
    subject_line, text = rendered(template, values)
    session.add(Mail(dedupe_key=dedupe_key, recipient=recipient, subject_line=subject_line, text=text, created_at=now))


def post_to_many(
    session: Session, now: datetime, recipients: Sequence[tuple[str, str]], template: str, **values: str
) -> dict[str, int]:
    """Put the same mail for many people into the outbox.

    Args:
        session: The transaction of the mails' cause.
        now: When they were written.
        recipients: E-mail address and dedupe key of each; none of the keys was used before.
        template: Name in `mail_templates/`.
        values: What it names; the same for everybody, so nothing of a person.

    Returns:
        The id of each mail by its dedupe key.
    """
    if not recipients:
        return {}
    subject_line, text = rendered(template, values)
    shared = {"subject_line": subject_line, "text": text, "created_at": now, "attempts": 0}
    session.execute(insert(Mail), [{"recipient": to, "dedupe_key": key, **shared} for to, key in recipients])
    written = select(Mail.dedupe_key, Mail.id).where(Mail.dedupe_key.in_([key for _, key in recipients]))
    return dict(session.execute(written).tuples().all())


def rendered(template: str, values: Mapping[str, str]) -> tuple[str, str]:
    """Subject and text of a mail.

    Args:
        template: Name in `mail_templates/`.
        values: What it names.
    """
    subject_line, _, text = _templates.get_template(f"{template}.txt").render(**values).partition("\n")
    return subject_line, text.lstrip()


def mailbox(address: str) -> tuple[str, str] | None:
    """Name and domain of an address; None where nothing can be sent to what stands there, such as `n/a`.

    One address and nothing else: a comma or a line break in it must not make two recipients.
    """
    parts = _ADDRESS.fullmatch(address.strip())
    return None if parts is None else (parts[1], parts[2])
