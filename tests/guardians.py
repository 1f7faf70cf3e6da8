"""Leads parents and guardians through their page without a browser: asked, linked, proved, decided."""

import re
from dataclasses import dataclass
from itertools import count
from typing import Any

from sqlalchemy import select

from bot.privacy import guardian_consent, guardian_consent_own, guardian_consent_page
from bot.privacy.guardian_consent import Asked
from bot.privacy.guardian_consent_form import EMAIL, NAME, RELATION
from bot.privacy.guardian_consent_page import Declaration, Visit
from bot.privacy.one_time_code import Tried
from bot.privacy.restriction import Processing, processing
from bot.store import conversations
from bot.store.desk import Desk
from bot.store.desk_tables import GuardianConsent, Mail
from bot.vocabulary import RequestKind

MAYA = "1003"
MOTHER, FATHER = "maria.mother@example.com", "frank.father@example.com"
LINK = re.compile(r"/guardian/(\S+)")
_origins = count(1)


def asked(desk: Desk, chat: str, email: str = MOTHER, name: str = "Maria Mother", **more: str) -> Asked:
    """The young person sends the form."""
    values = {NAME: name, RELATION: "mother", EMAIL: email, **more}
    with desk.transaction() as session:
        row = conversations.conversation(session, chat)
        return guardian_consent.invite(session, desk, desk.clock.now(), row, f"form-{next(_origins)}", values)


def mails(desk: Desk, to: str) -> list[Mail]:
    """What lies in the outbox for an address, newest first."""
    with desk.reading() as session:
        found = session.scalars(select(Mail).order_by(Mail.id.desc()))
        return [mail for mail in found if mail.recipient.casefold() == to.casefold()]


def link(desk: Desk, to: str = MOTHER) -> str:
    """The token of the newest link in a mailbox."""
    return next(found[1] for mail in mails(desk, to) if (found := LINK.search(mail.text)))


@dataclass
class Guardian:
    """Somebody at a guardian's page, in a browser of their own."""

    desk: Desk
    email: str = MOTHER
    token: str = ""
    visit: str = "visit"
    cookies: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.token = self.token or link(self.desk, self.email)

    def do(self, act: Any, *arguments: Any) -> Any:
        """One act in one transaction, as the page does it."""
        with self.desk.transaction() as session:
            now = self.desk.clock.now()
            visit = guardian_consent_page.enter(session, self.desk, now, self.token, self.visit, self.cookies)
            return act(session, self.desk, now, visit, *arguments)

    def see(self) -> Visit:
        """Open the page."""
        return self.do(lambda _session, _desk, _now, visit: visit)

    def prove(self) -> Tried:
        """Have a code sent, and type it."""
        self.do(guardian_consent_page.send_code)
        return self.type_code(re.search(r"Your code: (\d{6})", mails(self.desk, self.email)[0].text)[1])

    def type_code(self, code: str) -> Tried:
        return self.do(lambda session, _d, now, visit: guardian_consent_page.type_code(session, now, visit, code))

    def agree(self, name: str = "Maria Anna Mother", ticks: tuple[bool, ...] = (True, True)) -> None:
        def act(session: Any, desk: Desk, now: Any, visit: Visit) -> None:
            text = guardian_consent_page.shown_text(session, desk, visit).hash if visit.proved else ""
            guardian_consent_page.agree(session, desk, now, visit, Declaration(name, "mother", ticks, text))

        self.do(act)
        self.token = link(self.desk, self.email)

    def refuse(self) -> None:
        self.do(guardian_consent_page.say_no)
        self.token = link(self.desk, self.email)

    def withdraw(self) -> None:
        self.do(guardian_consent_page.take_back)

    def erase(self) -> None:
        self.do(guardian_consent_own.erase_own)

    def ask_for(self, kind: RequestKind) -> Any:
        return self.do(guardian_consent_own.ask_for_child, kind)


def agreed(desk: Desk, chat: str, email: str = MOTHER) -> Guardian:
    """A guardian who was asked, proved who they are, and agreed."""
    asked(desk, chat, email)
    guardian = Guardian(desk, email)
    guardian.prove()
    guardian.agree()
    return guardian


def allowed(desk: Desk, subject: str = MAYA) -> Processing:
    """What the shop's services may do."""
    with desk.reading() as session:
        return processing(session, desk, subject)


def row(desk: Desk, number: str) -> GuardianConsent:
    with desk.reading() as session:
        return session.get_one(GuardianConsent, number)
