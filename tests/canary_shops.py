"""Shops of a thousand customers with a canary in every text about them: the demo's, and a sample shop of others."""

from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Engine, MetaData

from bot.config import PROJECT
from bot.demo.shop_schema import shop_metadata
from bot.store.datamap import check, load
from bot.store.shop import ShopStore
from tests.canaries import Flock

PEOPLE = 1000
NOW = datetime(2026, 3, 4, 5, 6, 7)
_DEMO_FIXED = {
    ("support_notes", "about_kind"): "order",
    ("customers", "email_confirmed_at"): NOW,
    ("orders", "status"): "delivered",
}
_CHINOOK = """
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
    show: plain
    erase: nullify
    technical: [CustomerId]
    columns:
      FirstName: {label: First name, erase: pseudonymise}
      LastName: {label: Last name, erase: pseudonymise}
      Company: {label: Company}
      Address: {label: Address}
      City: {label: City}
      State: {label: State}
      Country: {label: Country}
      PostalCode: {label: Postal code}
      Phone: {label: Phone}
      Fax: {show: no}
      Email: {label: Email, erase: pseudonymise}
      SupportRepId: {label: Support rep id}
  Invoice:
    category: invoices
    noun: [invoice, invoices]
    date: InvoiceDate
    belongs: [{through: Customer, keys: {CustomerId: CustomerId}}]
    show: plain
    erase: {keep: tax}
    technical: [InvoiceId, CustomerId]
    columns:
      InvoiceDate: {label: Invoice date}
      BillingAddress: {label: Billing address, erase: nullify}
      BillingCity: {label: Billing city, erase: nullify}
      BillingState: {label: Billing state, erase: nullify}
      BillingCountry: {label: Billing country}
      BillingPostalCode: {label: Billing postal code, erase: generalise area}
      Total: {label: Total}
  InvoiceLine:
    category: invoices
    noun: [item, items]
    belongs: [{through: Invoice, keys: {InvoiceId: InvoiceId}}]
    show: plain
    erase: {keep: tax}
    technical: [InvoiceLineId, InvoiceId, TrackId]
    columns: {UnitPrice: {label: Price}, Quantity: {label: Quantity}}
  Employee: {not_personal: The shop's own people., columns: [EmployeeId, LastName, FirstName, ReportsTo, Email]}
  Track: {not_personal: The catalogue., columns: [TrackId, Name, UnitPrice]}"""


def _chinook() -> MetaData:
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


def demo_flock() -> Flock:
    """Customers for the demo's shop."""
    return Flock(load(PROJECT / "data" / "datamap.yml"), shop_metadata, _DEMO_FIXED)


def chinook_flock(folder: Path) -> Flock:
    """Customers for Chinook, with a map as a shop would complete it."""
    written = folder / "chinook.yml"
    written.write_text(_CHINOOK, encoding="utf-8")
    return Flock(load(written), _chinook())


def filled(engine: Engine, flock: Flock) -> ShopStore:
    """A shop with a thousand customers."""
    flock.metadata.create_all(engine)
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
