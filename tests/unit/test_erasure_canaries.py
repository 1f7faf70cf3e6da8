"""A thousand customers, a value of their own in every text about them, fifty erased: not one sign of them is left."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine, MetaData

from bot.config import PROJECT
from bot.demo.shop_schema import shop_metadata
from bot.store.datamap import check, load
from bot.store.engine import make_engine
from bot.store.erasing import freeze, residue, settle
from bot.store.shop import ShopStore
from tests.canaries import Flock, whose
from tests.databases import mariadb_server, postgresql_server
from tests.shop_rows import Rows, all_rows, erase, texts, without

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 3, 4, 5, 6, 7)
PEOPLE = 1000
ERASED = range(3, PEOPLE, 20)
DEMO = PROJECT / "data" / "datamap.yml"
DEMO_FIXED = {
    ("support_notes", "about_kind"): "order",
    ("customers", "email_confirmed_at"): NOW,
    ("orders", "status"): "delivered",
}
CHINOOK = """
format: 1
subject: {table: Customer, key: CustomerId, email: Email, phone: Phone}
keep_reasons: {tax: {basis: Tax law, until: six years after the end of the year of the invoice, years: 6}}
categories:
  account: {class: personal_center, title: Your account, purpose: P, recipients: [], retention: R, source: You,
            legal_basis: Contract}
  invoices: {class: personal_center, title: Your invoices, purpose: P, recipients: [], retention: R, source: You,
             legal_basis: Law}
tables:
  Customer:
    category: account
    noun: [account, accounts]
    show: no
    erase: nullify
    technical: [CustomerId]
    columns:
      FirstName: {erase: pseudonymise}
      LastName: {erase: pseudonymise}
      Company:
      Address:
      City:
      State:
      Country:
      PostalCode:
      Phone:
      Fax:
      Email: {erase: pseudonymise}
      SupportRepId:
  Invoice:
    category: invoices
    noun: [invoice, invoices]
    date: InvoiceDate
    belongs: [{through: Customer, keys: {CustomerId: CustomerId}}]
    show: no
    erase: {keep: tax}
    technical: [InvoiceId, CustomerId]
    columns:
      InvoiceDate:
      BillingAddress: {erase: nullify}
      BillingCity: {erase: nullify}
      BillingState: {erase: nullify}
      BillingCountry:
      BillingPostalCode: {erase: generalise area}
      Total:
  InvoiceLine:
    category: invoices
    noun: [item, items]
    belongs: [{through: Invoice, keys: {InvoiceId: InvoiceId}}]
    show: no
    erase: {keep: tax}
    technical: [InvoiceLineId, InvoiceId, TrackId]
    columns: {UnitPrice: , Quantity: }
  Employee: {not_personal: The shop's own people., columns: [EmployeeId, LastName, FirstName, ReportsTo, Email]}
  Track: {not_personal: The catalogue., columns: [TrackId, Name, UnitPrice]}
"""


def chinook() -> MetaData:
    """The sample shop Chinook as far as people are in it: names and foreign keys that may not be empty."""
    made = MetaData()
    key, text, money = sa.Integer, sa.Unicode, sa.Numeric(10, 2)

    def table(name: str, *columns: sa.Column) -> None:
        sa.Table(name, made, sa.Column(f"{name}Id", key, primary_key=True, autoincrement=False), *columns)

    def texts_of(**lengths: int) -> list[sa.Column]:
        return [sa.Column(name, text(length)) for name, length in lengths.items()]

    table("Employee", *texts_of(LastName=20, FirstName=20, Email=60),
          sa.Column("ReportsTo", sa.ForeignKey("Employee.EmployeeId")))  # fmt: skip
    table("Track", sa.Column("Name", text(200), nullable=False), sa.Column("UnitPrice", money, nullable=False))
    table(
        "Customer",
        sa.Column("FirstName", text(40), nullable=False),
        sa.Column("LastName", text(20), nullable=False),
        *texts_of(Company=80, Address=70, City=40, State=40, Country=40, PostalCode=10, Phone=24, Fax=24),
        sa.Column("Email", text(60), nullable=False),
        sa.Column("SupportRepId", sa.ForeignKey("Employee.EmployeeId")),
    )
    table(
        "Invoice",
        sa.Column("CustomerId", sa.ForeignKey("Customer.CustomerId"), nullable=False),
        sa.Column("InvoiceDate", sa.DateTime, nullable=False),
        *texts_of(BillingAddress=70, BillingCity=40, BillingState=40, BillingCountry=40, BillingPostalCode=10),
        sa.Column("Total", money, nullable=False),
    )
    table(
        "InvoiceLine",
        sa.Column("InvoiceId", sa.ForeignKey("Invoice.InvoiceId"), nullable=False),
        sa.Column("TrackId", sa.ForeignKey("Track.TrackId"), nullable=False),
        sa.Column("UnitPrice", money, nullable=False),
        sa.Column("Quantity", key, nullable=False),
    )
    return made


def filled(engine: Engine, metadata: MetaData, flock: Flock) -> ShopStore:
    """A shop with a thousand customers."""
    metadata.create_all(engine)
    flock.hatch(PEOPLE, NOW)
    _vary(flock)
    flock.release(engine)
    shop = ShopStore(engine, flock.datamap)
    assert check(shop.datamap, shop.metadata) == []
    return shop


def _vary(flock: Flock) -> None:
    """Some are guests, some were recommended, some rows are hidden; the demo's shop knows all of this."""
    for table, rows in flock.rows.items():
        for person, row in rows:
            if table in ("orders", "carts", "behaviour_events"):
                row["customer_id"] = None if person % 3 == 0 else row["customer_id"]
            if table == "customers":
                row["referred_by_id"] = person if person % 7 == 3 else None
            if table == "addresses":
                row["is_deleted"] = person % 2 == 0


def others_are_as_they_were(flock: Flock, before: Rows, after: Rows) -> None:
    mine = flock.keys(ERASED)
    for rows in (before, after):
        for row in rows.get("customers", {}).values():
            if row["referred_by_id"] is not None and row["referred_by_id"] - 1 in ERASED:
                row["referred_by_id"] = None
    assert without(after, mine) == without(before, mine)
    assert whose(texts(without(after, mine)).encode()) == set(range(PEOPLE)) - set(ERASED)


def erase_the_sample(shop: ShopStore, mode: str) -> None:
    snapshots = [freeze(shop, str(person + 1)) for person in ERASED]
    for number, snapshot in enumerate(snapshots):
        erase(shop, snapshot, TODAY, mode=mode)
        if number % 10 == 0:
            assert residue(shop, snapshot, "everything", mode, TODAY) == []


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Engine]:
    made = make_engine(f"sqlite:///{tmp_path / 'shop.sqlite3'}")
    sa.event.listen(made, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
    yield made
    made.dispose()


@pytest.mark.parametrize("mode", ["delete", "anonymise"])
def test_no_canary_is_left_in_rows_or_in_the_bytes_of_the_file(mode: str, sqlite: Engine, tmp_path: Path) -> None:
    flock = Flock(load(DEMO), shop_metadata, DEMO_FIXED)
    shop = filled(sqlite, shop_metadata, flock)
    before = all_rows(sqlite, shop_metadata)
    assert whose(texts(before).encode()) == set(range(PEOPLE))
    erase_the_sample(shop, mode)
    after = all_rows(sqlite, shop_metadata)
    assert not whose(texts(after).encode()) & set(ERASED)
    others_are_as_they_were(flock, before, after)
    settle(shop)
    files = list(tmp_path.glob("shop.sqlite3*"))
    assert len(files) >= 2
    for file in files:
        assert not whose(file.read_bytes()) & set(ERASED), file.name


def test_no_canary_is_left_in_the_demo_shop_on_postgresql(tmp_path: Path) -> None:
    with postgresql_server(tmp_path) as fresh:
        engine = make_engine(fresh())
        flock = Flock(load(DEMO), shop_metadata, DEMO_FIXED)
        shop = filled(engine, shop_metadata, flock)
        before = all_rows(engine, shop_metadata)
        erase_the_sample(shop, "delete")
        after = all_rows(engine, shop_metadata)
        engine.dispose()
    assert not whose(texts(after).encode()) & set(ERASED)
    others_are_as_they_were(flock, before, after)


def test_no_canary_is_left_in_chinook_on_mariadb(tmp_path: Path) -> None:
    (tmp_path / "chinook.yml").write_text(CHINOOK, encoding="utf-8")
    metadata = chinook()
    with mariadb_server(tmp_path) as fresh:
        engine = make_engine(fresh())
        flock = Flock(load(tmp_path / "chinook.yml"), metadata)
        shop = filled(engine, metadata, flock)
        before = all_rows(engine, metadata)
        assert whose(texts(before).encode()) == set(range(PEOPLE))
        erase_the_sample(shop, "delete")
        after = all_rows(engine, metadata)
        engine.dispose()
    assert not whose(texts(after).encode()) & set(ERASED)
    others_are_as_they_were(flock, before, after)
    for table in ("Invoice", "InvoiceLine"):
        assert after[table].keys() == before[table].keys()
    assert sum(row["Total"] for row in after["Invoice"].values()) == PEOPLE
