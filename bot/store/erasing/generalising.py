"""Takes so much away from a value that it fits many people: the year of a date, the area of a postcode, a network."""

import ipaddress
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from bot.errors import SetupError

_SECOND, _MILLISECOND = 10**8, 10**11
_AREA = 2


def generalised(how: str, column: sa.Column[Any], dialect: str) -> ColumnElement[Any] | None:
    """The coarser value as SQL, or None where it has to be worked out value by value (networks).

    Raises:
        SetupError: The map asks for a year, an area or a network of something that has none.
    """
    kind = column.type
    if how == "network":
        return None
    if how == "area":
        if isinstance(kind, sa.String):
            return sa.func.substr(sa.func.ltrim(column), 1, _AREA)
    elif isinstance(kind, sa.Date | sa.DateTime):
        return _first_of_year(column, dialect)
    elif isinstance(kind, sa.Integer):
        return _year_of_number(column, dialect)
    elif isinstance(kind, sa.String):
        return sa.func.substr(sa.func.ltrim(column), 1, 4)
    raise SetupError(f"{column}: `generalise {how}` does not fit a column of this type. Mend the data map.")


def coarser(how: str, value: Any) -> Any:
    """The same for a single value, such as a member of a JSON text; None where it is not to be understood."""
    if value is None:
        return None
    text = str(value).strip()
    match how:
        case "area":
            return text[:_AREA]
        case "year":
            return text[:4] if text[:4].isdecimal() else None
        case _:
            return network(text)


def network(text: str) -> str | None:
    """The address of the network: the first three parts of an IPv4 address, the first 48 bits of an IPv6 address."""
    try:
        address = ipaddress.ip_address(text.strip().partition("/")[0].partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    bits = 24 if address.version == 4 else 48
    return str(ipaddress.ip_network((address, bits), strict=False).network_address)


def _first_of_year(column: sa.Column[Any], dialect: str) -> ColumnElement[Any]:
    with_time = isinstance(column.type, sa.DateTime)
    match dialect:
        case "postgresql":
            return sa.cast(sa.func.date_trunc("year", column), column.type)
        case "mysql" | "mariadb":
            return sa.cast(sa.func.makedate(sa.func.year(column), 1), sa.DateTime if with_time else sa.Date)
        case _:
            # Kept in the way the shop writes it: with a blank or a T between day and time, with or without fractions.
            year, text = sa.func.substr(sa.cast(column, sa.Text), 1, 4), sa.cast(column, sa.Text)
            fraction = sa.case((sa.func.substr(text, 20, 1) == ".", ".000000"), else_="")
            late = year + "-01-01" + sa.func.substr(text, 11, 1) + "00:00:00" + fraction
            made = sa.case((sa.func.length(text) >= 19, late), else_=year + "-01-01")
            return sa.type_coerce(made, column.type)


def _year_of_number(column: sa.Column[Any], dialect: str) -> ColumnElement[Any]:
    """Years stay; 19840512 and seconds or milliseconds since 1970 become years."""
    seconds = sa.case((column >= sa.literal(_MILLISECOND, sa.BigInteger), column // 1000), else_=column)
    since: ColumnElement[Any]
    match dialect:
        case "postgresql":
            since = sa.cast(sa.extract("year", sa.func.to_timestamp(seconds)), sa.Integer)
        case "mysql" | "mariadb":
            since = sa.func.year(sa.func.from_unixtime(seconds))
        case _:
            since = sa.cast(sa.func.strftime("%Y", seconds, "unixepoch"), sa.Integer)
    return sa.case((column < 10_000, column), (column < _SECOND, column // 10_000), else_=since)
