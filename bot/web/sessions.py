"""Sessions: who speaks is settled once, and every later call proves it with the session's token."""

from datetime import datetime, timedelta

from pydantic import BaseModel

from bot.clocks import SystemClock
from bot.errors import InvalidToken, SessionExpired
from bot.privacy import guardian_consent, policy_banner
from bot.store import audit, conversations
from bot.store.desk import Desk
from bot.vocabulary import AuditEvent
from bot.web.shop_tokens import ShopTokens

# A session's life follows the machine's clock: moving the demo's clock must not sign people out.
_machine = SystemClock()


class SessionOpened(BaseModel):
    """A new conversation and the token that opens it."""

    conversation_id: str
    token: str
    expires_at: datetime


def bearer(authorization: str | None) -> str | None:
    """The token of an Authorization header; None without the header.

    Raises:
        InvalidToken: The header is there and is not a bearer token.
    """
    if authorization is None:
        return None
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise InvalidToken
    return token.strip()


class Sessions:
    """Opens sessions and finds the conversation behind a token."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._tokens = ShopTokens(desk.settings)

    def open(self, authorization: str | None) -> SessionOpened:
        """Begin a conversation, for the customer of a shop token or for an anonymous person.

        Raises:
            InvalidToken: A token was given and is not good: wrong, out of time, used, or of an unknown customer.
        """
        token = bearer(authorization)
        identity = self._tokens.check(token) if token else None
        subject = self._desk.shop.number_of(identity.subject) if identity else None
        if identity and subject is None:
            raise InvalidToken
        now = _machine.now()
        expires_at = now + timedelta(hours=self._desk.settings.session_hours)
        with self._desk.transaction() as session:
            if identity and not conversations.use_shop_token_once(session, identity.jti, identity.expires_at):
                raise InvalidToken
            opened = conversations.open_session(session, subject, self._desk.clock.now(), expires_at)
            audit.record(session, self._desk.clock.now(), AuditEvent.SESSION_OPENED, opened[0])
            chat = conversations.conversation(session, opened[0])
            policy_banner.show(session, self._desk, self._desk.clock.now(), chat)
            if subject:
                guardian_consent.recognise(session, self._desk, self._desk.clock.now(), subject)
        return SessionOpened(conversation_id=opened[0], token=opened[1], expires_at=expires_at)

    def conversation(self, authorization: str | None) -> tuple[str, str | None]:
        """Conversation id and customer (or None) behind a session token.

        Raises:
            SessionExpired: No token, or none that lives.
        """
        try:
            token = bearer(authorization)
        except InvalidToken:
            raise SessionExpired from None
        if token is None:
            raise SessionExpired
        with self._desk.reading() as session:
            chat = conversations.conversation_of_session(session, token, _machine.now())
            return chat.id, chat.subject
