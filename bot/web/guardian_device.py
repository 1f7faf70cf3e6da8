"""Marks the browser of a young person's chat, so that the guardian's page is not opened in it.

The mark is a cookie that only the guardian's page gets. Its name is a seal over the customer number and says nothing to
anybody else; it is set for young people only. Browsers keep it where chat and desk belong to one site.
"""

from datetime import timedelta

from fastapi import Request, Response

from bot.privacy.guardian_consent import LINK_DAYS
from bot.privacy.guardian_consent_links import ADDRESS, marks
from bot.privacy.guardian_consent_standing import is_minor
from bot.store import conversations

_KEPT = int(timedelta(days=LINK_DAYS).total_seconds())


def mark_device(request: Request, response: Response, conversation_id: str) -> None:
    """Leave the mark in this browser if a young person speaks in that conversation."""
    desk = request.app.state.desk
    with desk.reading() as session:
        subject = conversations.conversation(session, conversation_id).subject
        if subject is None or not is_minor(session, desk, subject):
            return
    secure = desk.settings.public_url.startswith("https:")
    response.set_cookie(
        marks(desk.settings, subject), "1", _KEPT, path=ADDRESS, secure=secure, httponly=True, samesite="lax"
    )
