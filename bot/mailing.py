"""Hands on what lies in the outbox: each mail once, again and again until a server took it or there is no hope.

A mail is sent when its row says so, and the row says so only after the server's answer: a worker that dies in between
sends once more, under the same Message-ID, by which mail programs know it for the same. Nothing about a person is
logged, only ids and the type of an error.
"""

import hashlib
import smtplib
import ssl
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import structlog
from sqlalchemy import ColumnElement, or_, select

from bot.clocks import SystemClock
from bot.errors import SetupError
from bot.privacy.undelivered import not_delivered
from bot.store import outbox
from bot.store.desk import Desk
from bot.store.desk_tables import Mail
from bot.store.mail_owners import MailKind
from bot.store.mail_page import as_page

log = structlog.get_logger("worker")
_AT_ONCE = 50
_ANSWER_SECONDS = 10.0
_LONGEST_PAUSE = timedelta(hours=1)
_SCHEMES = ("smtps", "smtp", "smtp+plain")
# Not about the recipient: commands out of order, sign-in missing; and 5.7.x, the server's rules about the sender.
_ABOUT_THE_SENDER = frozenset({503, 530, 535, 538})
# Tries are about live servers, so they follow the machine's clock.
_machine = SystemClock()


class RecipientRefused(Exception):
    """This address takes no mail, now or later."""


class NoServer(Exception):
    """No mail can be handed on for now: the server is down, its certificate is wrong, or it refuses the sign-in."""


class Mailer:
    """Hands mails on: to an SMTP server where one is set, else (in the demo) to the demo's inbox."""

    def __init__(self, desk: Desk) -> None:
        settings = desk.settings
        if not settings.smtp_url and not settings.demo:
            raise SetupError("SMTP_URL is not set. Write it as smtps://user:password@host:465 or smtp://host:587.")
        if settings.smtp_url and urlsplit(settings.smtp_url).scheme not in _SCHEMES:
            raise SetupError("SMTP_URL cannot be used. Write it as smtps://user:password@host:465 or smtp://host:587.")
        self._settings = settings
        self._server: smtplib.SMTP | None = None

    def send(self, mail: Mail) -> None:
        """Send one mail; returns only when the server has taken it. The connection is kept for the next one.

        Raises:
            RecipientRefused: The server said that this recipient takes no mail, or it is no address at all.
            NoServer: There is no server to talk to.
            OSError: The server broke off.
            smtplib.SMTPException: The server refused this mail for now.
        """
        if not self._settings.smtp_url:
            return
        message = _message(mail, self._settings.mail_from, self._settings.public_url)
        self._server = self._server or self._connected()
        try:
            self._server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            self._drop()
            if all(_is_final(*answer) for answer in error.recipients.values()):
                raise RecipientRefused from None
            raise
        except BaseException:
            self._drop()
            raise

    def close(self) -> None:
        """End the connection, if there is one."""
        if self._server is not None:
            with suppress(OSError, smtplib.SMTPException):
                self._server.quit()
        self._drop()

    def _drop(self) -> None:
        if self._server is not None:
            self._server.close()
        self._server = None

    def _connected(self) -> smtplib.SMTP:
        url, context = urlsplit(self._settings.smtp_url), ssl.create_default_context()
        host = url.hostname or "localhost"
        try:
            if url.scheme == "smtps":
                server: smtplib.SMTP = smtplib.SMTP_SSL(host, url.port or 465, timeout=_ANSWER_SECONDS, context=context)
            else:
                server = smtplib.SMTP(host, url.port or 587, timeout=_ANSWER_SECONDS)
            with ExitStack() as on_failure:
                on_failure.callback(server.close)
                if url.scheme == "smtp":
                    server.starttls(context=context)
                if url.username:
                    server.login(unquote(url.username), unquote(url.password or ""))
                on_failure.pop_all()
        except (OSError, smtplib.SMTPException) as error:
            raise NoServer from error
        return server


def _message(mail: Mail, sender: str, desk_url: str) -> EmailMessage:
    message = EmailMessage()
    message["To"] = _address(mail.recipient)
    message["From"], message["Subject"], message["Date"] = sender, mail.subject_line, mail.created_at
    message["Message-ID"] = _message_id(mail, sender)
    message["Auto-Submitted"] = "auto-generated"  # So that no absence note answers it (RFC 3834).
    message.set_content(mail.text)
    message.add_alternative(as_page(mail.subject_line, mail.text, desk_url), subtype="html")
    return message


def _address(recipient: str) -> Address:
    parts = outbox.mailbox(recipient)
    if parts is None:
        raise RecipientRefused
    return Address(username=parts[0], domain=parts[1])


def _message_id(mail: Mail, sender: str) -> str:
    """The same at every try, another for every mail of every desk."""
    known = f"{mail.id} {mail.dedupe_key} {mail.created_at.isoformat()}"
    return f"<{hashlib.sha256(known.encode()).hexdigest()[:32]}@{sender.rpartition('@')[2].strip('<> ')}>"


def _is_final(code: int, answer: bytes) -> bool:
    """Whether a server's answer to a recipient means that this address will never take mail (RFC 5321, RFC 3463)."""
    return 500 <= code < 600 and code not in _ABOUT_THE_SENDER and not answer.startswith(b"5.7.")


def send_waiting_mails(desk: Desk, mailer: Mailer) -> int:
    """Send what lies in the outbox and is due for a try; codes first, since somebody waits for them, then the oldest.

    Returns:
        How many were sent.
    """
    is_code = Mail.dedupe_key.like(f"{MailKind.CODE}:%")
    with desk.reading() as session:
        query = select(Mail.id).where(*_is_due(_machine.now())).order_by(is_code.desc(), Mail.id)
        ids = list(session.scalars(query.limit(_AT_ONCE)))
    sent = 0
    try:
        for mail_id in ids:
            sent += _send_one(desk, mailer, mail_id)
    except NoServer:
        pass  # The others would fail as well, and each would wait for the same silence; they are tried next time.
    finally:
        mailer.close()
    return sent


def _is_due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return *outbox.HOPEFUL, or_(Mail.next_try_at.is_(None), Mail.next_try_at <= now)


def _send_one(desk: Desk, mailer: Mailer, mail_id: int) -> bool:
    mail = _claim(desk, mail_id)
    if mail is None:
        return False
    try:
        mailer.send(mail)
    except RecipientRefused:
        log.warning("mail refused for good", mail=mail_id, attempt=mail.attempts)
        _no_more_tries(desk, mail_id, refused=True)
        return False
    except (OSError, smtplib.SMTPException, NoServer) as error:
        log.warning("mail not sent", mail=mail_id, attempt=mail.attempts, error=_kind(error))
        if mail.attempts >= desk.settings.mail_tries:
            _no_more_tries(desk, mail_id, refused=False)
        if isinstance(error, NoServer):
            raise
        return False
    with desk.transaction() as session:
        sent = session.get(Mail, mail_id)
        if sent is not None:  # it may have been erased while it was on its way
            sent.sent_at = desk.clock.now()
    return True


def _kind(error: Exception) -> str:
    """What went wrong, without the words of it: a server may repeat an address in them."""
    return type(error.__cause__ or error).__name__


def _claim(desk: Desk, mail_id: int) -> Mail | None:
    """Take a mail for one try; no other worker takes it before the next try is due."""
    now = _machine.now()
    with desk.transaction() as session:
        mail = session.scalar(select(Mail).where(Mail.id == mail_id, *_is_due(now)).with_for_update())
        if mail is None:
            return None
        mail.attempts += 1
        mail.next_try_at = now + min(timedelta(minutes=2 ** min(mail.attempts, 10)), _LONGEST_PAUSE)
        return mail


def _no_more_tries(desk: Desk, mail_id: int, *, refused: bool) -> None:
    """Leave a mail unsent; whoever waits for it, or has to reach its reader in another way, is told."""
    now = desk.clock.now()
    with desk.transaction() as session:
        mail = session.get(Mail, mail_id)
        if mail is None:
            return
        if refused:
            mail.refused_at = now
        else:
            mail.given_up_at = now
        not_delivered(session, desk, now, mail)
    log.error("mail will not be sent", mail=mail_id, refused=refused)
