"""Takes names of tables and columns apart into plain words, however a shop writes them."""

import re
from collections import Counter
from collections.abc import Iterable

_EDGES = re.compile(r"(?<=[^\W\dA-Z_])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=\d)|[\W_]+")
_ODD = {
    "people": "person", "statuses": "status", "children": "child", "indices": "index", "news": "news", "data": "data",
    "series": "series", "media": "media", "gps": "gps", "sms": "sms", "cms": "cms", "addr": "address",
    "adress": "address", "kunde": "customer", "kunden": "customer", "bestellung": "order", "bestellungen": "order",
    "rechnung": "invoice", "rechnungen": "invoice", "adresse": "address", "adressen": "address", "strasse": "street",
    "vorname": "firstname", "nachname": "lastname", "telefon": "phone", "passwort": "password", "plz": "postcode",
    "geburtsdatum": "birthdate", "warenkorb": "cart", "zahlung": "payment", "zahlungen": "payment",
    "cust": "customer", "usr": "user", "ord": "order", "inv": "invoice", "pwd": "password", "passwd": "password",
    "client": "client", "tel": "phone", "telephone": "phone", "mobile": "phone", "fax": "phone", "zip": "postcode",
    "zipcode": "postcode", "postalcode": "postcode", "mail": "email", "favourite": "favorite", "ids": "id",
    "msg": "message", "qty": "quantity", "descr": "description",
}  # fmt: skip
_TOGETHER = {
    ("e", "mail"): "email", ("first", "name"): "firstname", ("last", "name"): "lastname",
    ("full", "name"): "fullname", ("middle", "name"): "middlename", ("user", "agent"): "useragent",
    ("post", "code"): "postcode", ("postal", "code"): "postcode", ("birth", "date"): "birthdate",
    ("birth", "day"): "birthdate", ("date", "birth"): "birthdate", ("gift", "card"): "giftcard",
    ("credit", "memo"): "creditmemo", ("wish", "list"): "wishlist", ("log", "in"): "login", ("o", "auth"): "oauth",
    ("sign", "in"): "login", ("remote", "addr"): "ip", ("remote", "address"): "ip", ("ip", "address"): "ip",
    ("open", "id"): "openid", ("api", "key"): "apikey", ("opt", "in"): "optin", ("user", "name"): "username",
    ("birth", "dt"): "birthdate", ("nick", "name"): "nickname", ("sur", "name"): "surname",
}  # fmt: skip
_WRITTEN_AS_ONE = re.compile(
    r"(customer|user|order|member|client|account|invoice|product|address|cart|quote)(id|ids|no)"
)


def singular(word: str) -> str:
    """`addresses` becomes `address`; words that merely end in s stay."""
    if word in _ODD:
        return _ODD[word]
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh")):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word.removesuffix(ending) + instead
    if word.endswith("s") and len(word) > 3 and not word.endswith(("ss", "us", "is", "as")):
        one = word[:-1]
        return _ODD.get(one, one)
    return word


def words(name: str) -> tuple[str, ...]:
    """`CustomerID`, `customer_ids` and `customer-id` all become (`customer`, `id`)."""
    parts = [singular(part.lower()) for part in _EDGES.split(name) if part]
    made: list[str] = []
    for part in parts:
        if made and (made[-1], part) in _TOGETHER:
            made[-1] = _TOGETHER[made[-1], part]
        elif found := _WRITTEN_AS_ONE.fullmatch(part):
            made += [found[1], "id"]
        else:
            made.append(part)
    return tuple(made)


def plain(name: str) -> str:
    """A name as one would say it: `billing_postCode` becomes `Billing post code`."""
    said = " ".join(part.lower() for part in _EDGES.split(name) if part and part.lower() != "id")
    return (said or name)[:1].upper() + (said or name)[1:]


def plural(said: str) -> str:
    """`order item` becomes `order items`."""
    if said.endswith("s"):
        return said if not said.endswith("ss") else said + "es"
    if said.endswith("y") and said[-2:-1] not in "aeiou":
        return said[:-1] + "ies"
    return said + ("es" if said.endswith(("x", "ch", "sh")) else "s")


def common_prefix(names: Iterable[str], share: float = 0.6) -> str:
    """What most names begin with (`wp_`, `ox`), or nothing.

    Args:
        names: Tables of one database or columns of one table.
        share: How many of the names must begin so.
    """
    names = [name.lower() for name in names]
    if len(names) < 4:
        return ""
    marked = Counter(name.split("_")[0] + "_" for name in names if "_" in name.strip("_"))
    if marked:
        best, count = marked.most_common(1)[0]
        if count >= share * len(names) and len(best) <= 6 and singular(best[:-1]) not in _MEANINGFUL:
            return best
    for length in (3, 2):
        best, count = Counter(name[:length] for name in names).most_common(1)[0]
        if count >= 0.95 * len(names) and "_" not in best and len(names) >= 12:
            return best
    return ""


_MEANINGFUL = {"sale", "order", "user", "cart", "quote", "item", "shop", "store", "bill", "ship", "is", "has", "name"}
