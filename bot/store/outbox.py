"""Mails, written in the same transaction as what they tell of; the worker sends them."""

from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.store.desk_tables import Mail

# Plain text: nothing to escape. HTML templates would need autoescape.
_templates = Environment(  # noqa: S701
    loader=FileSystemLoader(Path(__file__).parent / "mail_templates"), undefined=StrictUndefined, trim_blocks=True
)


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
    subject_line, _, text = _templates.get_template(f"{template}.txt").render(**values).partition("\n")
    session.add(
        Mail(dedupe_key=dedupe_key, recipient=recipient, subject_line=subject_line, text=text.lstrip(), created_at=now)
    )
