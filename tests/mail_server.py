"""A real mail server for tests, which behaves as badly as it is told to."""

import asyncio
import datetime
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

USER, PASSWORD = "desk", "p@ss/word"


@dataclass
class Postbox:
    """What a server was handed, and how it answers.

    Attributes:
        taken: Mails it took.
        to_recipient: Its answers to recipients, by address; others are taken.
        to_data: Its answer to a mail.
        seconds: How long it thinks about a mail.
        drops: Whether it hangs up in the middle of a mail.
        connections: How often somebody connected.
        signed_in: Who signed in.
    """

    taken: list[Envelope] = field(default_factory=list)
    to_recipient: dict[str, str] = field(default_factory=dict)
    to_data: str = "250 OK"
    seconds: float = 0.0
    drops: bool = False
    connections: int = 0
    signed_in: list[bytes] = field(default_factory=list)
    port: int = 0

    async def handle_EHLO(self, server: SMTP, session: Any, envelope: Any, hostname: str, responses: list[str]):
        """Counted once per connection and once more after STARTTLS."""
        session.host_name = hostname
        self.connections += session.ssl is None
        return responses

    async def handle_RCPT(
        self, server: SMTP, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient or not."""
        answer = self.to_recipient.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:
        """Take a mail or not."""
        await asyncio.sleep(self.seconds)
        if self.to_data.startswith("250"):
            self.taken.append(envelope)
        return self.to_data

    def authenticate(self, server: SMTP, session: Any, envelope: Envelope, mechanism: str, given: LoginPassword):
        """Know one user."""
        right = given == LoginPassword(USER.encode(), PASSWORD.encode())
        if right:
            self.signed_in.append(given.login)
        return AuthResult(success=right, handled=False)

    @property
    def mails(self) -> list[EmailMessage]:
        """What it took, read."""
        return [message_from_bytes(each.content, policy=policy.default) for each in self.taken]


class _Server(SMTP):
    """Hangs up after it asked for the mail, when it is told to."""

    async def smtp_DATA(self, arg: str) -> None:
        if self.event_handler.drops:
            await self.push("354 go on")
            self.transport.abort()
            return
        await super().smtp_DATA(arg)


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Server(self.handler, **self.SMTP_kwargs)


@contextmanager
def serving(box: Postbox | None = None, **settings: Any) -> Iterator[Postbox]:
    """A server at work; settings go to aiosmtpd."""
    box = box or Postbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        box.port = probe.getsockname()[1]
    controller = _Controller(box, hostname="127.0.0.1", port=box.port, **settings)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 that nobody knows, and a server's context with it."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, both = folder / "mail.pem", folder / "mail-with-key.pem"
    public.write_bytes(made.public_bytes(Encoding.PEM))
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    both.write_bytes(secret + public.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return public, context
