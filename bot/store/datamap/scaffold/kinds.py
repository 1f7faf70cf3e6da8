"""What a column seems to hold, by its name and type alone."""

from enum import StrEnum

import sqlalchemy as sa

from bot.store.datamap.scaffold.words import words


class Kind(StrEnum):
    """Kinds of columns that a data map treats differently."""

    NAME = "name"
    EMAIL = "email"
    PHONE = "phone"
    STREET = "street"
    CITY = "city"
    POSTCODE = "postcode"
    COUNTRY = "country"
    BIRTH = "birth"
    PERSON = "person"  # gender, salutation, tax number, passport
    CARD = "card"
    IP = "ip"
    DEVICE = "device"
    PLACE = "place"
    PHOTO = "photo"
    SECRET = "secret"  # noqa: S105 - the name of a kind
    FREE = "free"
    BLOB = "blob"
    CREATED = "created"
    DATE = "date"
    REMOVED = "removed"
    MONEY = "money"
    NUMBER = "number"
    FLAG = "flag"
    CODE = "code"
    TEXT = "text"
    TECHNICAL = "technical"


# Values that tell who somebody is.
IDENTIFYING = frozenset({
    Kind.NAME, Kind.EMAIL, Kind.PHONE, Kind.STREET, Kind.BIRTH, Kind.PERSON, Kind.CARD, Kind.IP, Kind.DEVICE,
})  # fmt: skip
# What is emptied in a row that stays for the tax office.
EMPTIED = IDENTIFYING | {Kind.CITY, Kind.POSTCODE, Kind.PLACE, Kind.PHOTO, Kind.SECRET, Kind.FREE, Kind.BLOB, Kind.TEXT}
TEXTS = frozenset({Kind.CODE, Kind.TEXT, Kind.FREE, Kind.BLOB})

_SECRET = {
    "password", "salt", "secret", "token", "otp", "pin", "apikey", "totp", "csrf", "nonce", "passphrase", "hash",
    "credential", "rp", "verifier", "crypted", "pass", "recovery", "passwordhash",
}  # fmt: skip
_NAMES = {
    "firstname", "lastname", "fullname", "surname", "forename", "nickname", "username", "login", "fname", "lname",
    "middlename", "familyname", "givenname", "addressee", "displayname", "nicename", "recipient", "payer", "cardholder",
    "realname", "maidenname", "contactname", "author", "initial", "attn", "attention",
}  # fmt: skip
_NAMED = {
    "first", "last", "full", "middle", "contact", "display", "given", "family", "nick", "user", "customer", "guest",
    "recipient", "payer", "billing", "shipping", "ship", "bill", "delivery", "holder", "owner", "author", "sender",
    "member", "buyer", "reviewer", "client", "person", "friend", "account", "to", "staff", "employee", "admin", "nice",
}  # fmt: skip
_STREET = {"street", "address", "address1", "address2", "line1", "line2", "house", "housenumber", "building",
    "apartment",
           "suburb", "residence", "flat", "floor"}  # fmt: skip
_CITY = {"city", "town", "locality", "ort", "municipality", "village"}
_COUNTRY = {"country", "region", "province", "county", "territory"}
_PERSON = {
    "gender", "sex", "salutation", "courtesy", "vat", "taxvat", "ssn", "passport", "siret", "dni", "cpf", "cnpj", "nif",
    "ustid", "nationality", "occupation", "marital", "religion", "taxid", "company", "fiscal",
}  # fmt: skip
_CARD = {"iban", "bic", "cc", "card", "pan", "bank", "cvv", "cvc", "swift", "sepa", "payerid"}
_DEVICE = {"useragent", "fingerprint", "device", "browser", "imei", "cookie", "push", "session", "visitor", "referer",
           "adid", "gclid", "utm"}  # fmt: skip
_PLACE = {"latitude", "longitude", "lat", "lng", "lon", "geo", "gps", "coordinate", "geometry", "geoip", "location",
          "position", "geom"}  # fmt: skip
_PHOTO = {"avatar", "photo", "picture", "portrait", "selfie"}
_FREE = {
    "comment", "note", "message", "remark", "text", "body", "content", "reason", "question", "answer", "review",
    "feedback", "instruction", "greeting", "engraving", "personalization", "personalisation", "customization", "search",
    "query", "term", "subject", "title", "wish", "biography", "bio", "about", "detail", "keyword", "memo", "signature",
    "description", "opinion", "reply", "summary", "html",
}  # fmt: skip
_BLOB = {
    "data", "payload", "extra", "meta", "additional", "param", "attribute", "serialized", "custom", "option", "value",
    "request", "response", "log", "raw", "xml", "json", "info", "information", "context", "snapshot", "property",
    "preference", "setting", "field", "config", "trace",
}  # fmt: skip
_CODE = {
    "status", "state", "type", "code", "method", "currency", "locale", "lang", "language", "sku", "number", "reference",
    "ref", "increment", "key", "mode", "kind", "class", "scope", "group", "tracking", "carrier", "channel", "format",
    "version", "slug", "model", "unit", "isbn", "ean", "upc", "uuid", "guid", "product", "item", "coupon", "domain",
    "module", "plugin", "template", "tag", "timezone", "level", "purpose",
}  # fmt: skip
_MONEY = {"price", "total", "amount", "tax", "cost", "discount", "subtotal", "fee", "balance", "paid", "refund", "net",
          "gross", "weight", "rate", "freight", "invoiced", "credit", "spent", "value"}  # fmt: skip
_CREATED = {"created", "added", "placed", "registered", "ordered", "inserted", "date", "time", "datetime", "timestamp"}
_TECHNICAL = {
    "sort", "position", "store", "website", "shop", "lock", "locked", "default", "checksum", "created", "updated",
    "version",
    "enabled", "active", "hidden", "visible", "ordering", "sequence", "flag", "processed", "synced", "exported",
    "tenant",
    "attempt", "lft", "rgt", "depth",
}  # fmt: skip
_NOT_AN_ADDRESS = {
    "template", "sent", "status", "type", "count", "id", "verified", "confirmed", "format", "body", "send", "valid",
    "code", "subject", "text", "content", "message", "notification", "notify", "enabled", "queue", "at", "hash",
    "token",
}  # fmt: skip

_BIRTH = {"birthdate", "dob", "birth", "birthday", "geburtstag"}
_REMOVED = {"deleted", "removed", "trashed"}


def is_text(column: sa.Column[object]) -> bool:
    """Whether it holds words rather than numbers; types unknown here may."""
    return isinstance(column.type, sa.String) and not isinstance(column.type, sa.Enum)


def kind_of(column: sa.Column[object], person: bool, prefix: str = "") -> Kind:
    """The most telling kind.

    Args:
        column: The live column.
        person: Whether its table is about one person each, so that `name` and `title` are theirs.
        prefix: What all columns of the table begin with.
    """
    said = words(column.name[len(prefix) :] if prefix and column.name.lower().startswith(prefix) else column.name)
    told = frozenset(said)
    made = column.type
    if isinstance(made, sa.Boolean):
        return Kind.REMOVED if told & (_REMOVED | {"archived"}) else Kind.FLAG
    if isinstance(made, sa.Date | sa.DateTime | sa.Time):
        return _moment(told)
    if told & _BIRTH:
        return Kind.BIRTH
    if told & _SECRET and not told & {"reset", "count", "at", "expiry", "id"} and not _number(column):
        return Kind.SECRET
    if isinstance(made, sa.Numeric) or _number(column):
        return _figure(told)
    if isinstance(made, sa.types.NullType):
        return Kind.PLACE if told & (_PLACE | _STREET) else Kind.BLOB
    if isinstance(made, sa.Enum):
        return Kind.PERSON if told & _PERSON else Kind.CODE
    if isinstance(made, sa.JSON | sa.ARRAY):
        return Kind.BLOB
    if isinstance(made, sa.LargeBinary | sa.BINARY | sa.VARBINARY):
        return Kind.PHOTO if told & (_PHOTO | {"image"}) else Kind.TECHNICAL if said[-1:] == ("id",) else Kind.BLOB
    return _wording(said, told, column, person)


def _number(column: sa.Column[object]) -> bool:
    return isinstance(column.type, sa.Integer)


def _moment(told: frozenset[str]) -> Kind:
    if told & _BIRTH:
        return Kind.BIRTH
    if told & _REMOVED:
        return Kind.REMOVED
    return Kind.CREATED if told & _CREATED and not told & {"updated", "modified", "expiry", "end"} else Kind.DATE


def _figure(told: frozenset[str]) -> Kind:
    if "ip" in told:
        return Kind.IP
    if told & {"phone", "msisdn"}:
        return Kind.PHONE
    if told & _REMOVED:
        return Kind.REMOVED
    if told & {"latitude", "longitude", "lat", "lng", "lon"}:
        return Kind.PLACE
    if told & _MONEY:
        return Kind.MONEY
    if told & (_TECHNICAL | {"is", "has"}):
        return Kind.FLAG
    return Kind.PERSON if told & {"gender", "age", "ssn"} else Kind.NUMBER


def _wording(said: tuple[str, ...], told: frozenset[str], column: sa.Column[object], person: bool) -> Kind:
    long = getattr(column.type, "length", None) is None or (getattr(column.type, "length", 0) or 0) > 64
    ending = said[-1:]
    if ending == ("id",) and not told & (_CARD | _PERSON | _DEVICE):
        return Kind.TECHNICAL
    if told & {"email"} and not told & _NOT_AN_ADDRESS:
        return Kind.EMAIL
    if "ip" in told or told & {"ipv4", "ipv6", "ipaddress"}:
        return Kind.IP
    if told & {"phone", "cell", "msisdn", "whatsapp", "skype", "telegram", "handy"}:
        return Kind.PHONE
    if told & _NAMES and not told & {"type", "status", "id", "attempt"}:
        return Kind.NAME
    if (
        "name" in told
        and (person or told & _NAMED)
        and not told
        & {"product", "item", "store", "method", "file", "shop", "group", "carrier", "meta", "status", "type"}
    ):
        return Kind.PERSON if "company" in told else Kind.NAME
    if "last" in told and told & {"four", "4", "digit"}:
        return Kind.CARD
    if "session" in told and told & _BLOB:
        return Kind.BLOB
    if told & _CARD and told & {"owner", "holder"}:
        return Kind.NAME
    for among, kind in (
        (_DEVICE, Kind.DEVICE), (_CARD, Kind.CARD), ({"postcode"}, Kind.POSTCODE), (_CITY, Kind.CITY),
        (_PERSON, Kind.PERSON),
    ):  # fmt: skip
        if told & among and not told & {"type", "status", "brand", "country", "region"} - among:
            return kind
    if "line" in told and told & {"1", "2", "3", "4"}:
        return Kind.STREET
    if told & _COUNTRY or (ending == ("state",) and person):
        return Kind.COUNTRY
    if told & _STREET and not told & {"type", "format", "status"}:
        return Kind.STREET
    if told & _PHOTO or (person and "image" in told):
        return Kind.PHOTO
    if told & _CODE and not (told & _FREE and long):
        return Kind.CODE
    if told & _PLACE and not told & _CODE:
        return Kind.PLACE
    if told & _FREE:
        return Kind.FREE
    if told & _BLOB:
        return Kind.BLOB
    if told & (_TECHNICAL | {"is", "has"}):
        return Kind.FLAG
    return Kind.TEXT if long else Kind.CODE
