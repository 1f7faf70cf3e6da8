"""The desk as use cases are given it: settings, clock, both databases, data map and policies."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from bot.clocks import Clock
from bot.config import Settings
from bot.store.datamap import DataMap
from bot.store.engine import for_reading
from bot.store.policy_library import PolicyLibrary
from bot.store.shop import ShopStore, if_it_answers


@dataclass(frozen=True)
class Desk:
    """Everything a use case may need, made once per process."""

    settings: Settings
    clock: Clock
    engine: Engine
    shop: ShopStore
    datamap: DataMap
    policies: PolicyLibrary

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session on the desk database: committed at the end, rolled back on any error."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads; it never waits for somebody who writes."""
        with Session(for_reading(self.engine), expire_on_commit=False) as session:
            yield session

    def email_of(self, subject: str) -> str | None:
        """The address on file of a customer, if the shop has one.

        Raises:
            SQLAlchemyError: The shop's database does not answer, so that nobody knows whether there is one.
        """
        customer, column = self.shop.customer(subject), self.datamap.subject.email
        return None if customer is None or column is None else customer[column]

    def email_if_at_hand(self, subject: str | None) -> str | None:
        """The address for a mail that only repeats what was said: what it is about happens without the shop as well.

        Args:
            subject: The customer; None for somebody unknown.

        Returns:
            None where there is no address on file, and where the shop's database does not answer.
        """
        return if_it_answers(lambda: self.email_of(subject)) if subject else None
