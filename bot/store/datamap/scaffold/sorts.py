"""Which kind of data a table about people is, and why another table is about nobody; by the words of its name."""

from dataclasses import dataclass

import sqlalchemy as sa

from bot.store.datamap.model import PolicyClass
from bot.store.datamap.scaffold.kinds import Kind
from bot.store.datamap.scaffold.people import PARTNER_WORDS, STAFF_WORDS
from bot.store.datamap.scaffold.seen import Seen


@dataclass(frozen=True)
class Sort:
    """A category as the scaffold proposes it.

    Attributes:
        group: The heading of its tables in the file.
        of: Words of table names that mean it.
        stays: Its rows stay for the tax office.
    """

    key: str
    group: str
    of: frozenset[str]
    policy_class: PolicyClass
    title: str
    purpose: str
    recipients: tuple[str, ...]
    retention: str
    source: str
    legal_basis: str
    stays: bool = False


_CENTER, _THIRD, _MADE = PolicyClass.PERSONAL_CENTER, PolicyClass.THIRD_PARTY, PolicyClass.SERVICE_GENERATED
_CONTRACT = "Contract, GDPR Article 6(1)(b)"
_DUTY = "Contract and legal duty, GDPR Article 6(1)(b) and (c)"
_CONSENT = "Consent, GDPR Article 6(1)(a)"
_INTEREST = "Legitimate interests, GDPR Article 6(1)(f)"
_TAX = "As long as tax law demands, counted from the end of the year of the order."
_CLOSED = "Until you close your account."
_RECORDED = "Recorded while you use the shop"
_CARRIERS = ("The shop's warehouse", "The carrier of each parcel")
_TAX_OFFICE = "The tax authority on demand"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# The first that fits a table's name wins, so the narrow ones stand above the wide ones.
SORTS = (
    Sort("choices", "Choices and newsletters", _words(
        "consent newsletter subscriber optin gdpr unsubscribe subscribe alert cookie emailsubscription"
        " mailing"
    ), _CENTER, "Your choices about mail and data use", "To do what you agreed to, and nothing else.",
         ("The mail provider",), "Until you change the choice or close your account.", "You", _CONSENT),
    Sort("risk", "Risk and fraud", _words("fraud risk score blacklist blocklist scoring signifyd chargeback"),
         _MADE, "Risk scores", "To protect orders against fraud.", ("The payment provider",),
         "Thirteen months after the score was made.", "Worked out by the shop", _INTEREST),
    Sort("linked_accounts", "Accounts elsewhere", _words("social oauth openid federated sso facebook google linked"
        " identity amazon"),
         _THIRD, "Accounts at other companies that you linked", "To sign you in with an account you have elsewhere.",
         ("The company that runs the linked account",), "Until you remove the link or close your account.",
         "The company that runs the linked account", _CONSENT),
    Sort("credit", "Credit and vouchers", _words(
        "salesrule credit point reward loyalty wallet giftcard voucher coupon gift balance discount promotion"
        " membership bonus"
    ), _CENTER, "Your credit, points and vouchers", "To keep what you may spend in the shop.", (), _CLOSED,
         "You and the shop", _CONTRACT),
    Sort("carts", "Carts", _words("cart quote basket checkout bag"), _CENTER, "Your carts",
         "To keep what you chose until you order it.", (), "Until you empty the cart or close your account.", "You",
         _CONTRACT),
    Sort("payments", "Payments", _words(
        "payment transaction refund paypal stripe klarna vault charge debit payout braintree wallee mollie adyen"
        " billing"
    ), _CENTER, "Your payments", "To take payments and to pay refunds.", ("The payment provider", _TAX_OFFICE), _TAX,
         "You and the payment provider", _DUTY, stays=True),
    Sort("comments", "Reviews and questions", _words("review rating comment testimonial vote opinion qa question"
        " answer"),
         _CENTER, "Your reviews and comments", "To show other customers what you think of a product.",
         ("Everybody who visits the shop",), "Until you remove the review or close your account.", "You", _CONTRACT),
    Sort("wishlists", "Wish lists", _words("wishlist favorite registry saved watchlist compare"), _CENTER, "Your lists",
         "To keep the products you noted.", (), "Until you remove them or close your account.", "You", _CONTRACT),
    Sort("service_notes", "Notes of customer service", _words("note memo remark internal"), _MADE,
         "Notes of customer service", "So that you need not tell the same thing twice.", (),
         "Three years after the note was written.", "Written by customer service", _INTEREST),
    Sort("messages", "Messages to customer service", _words(
        "ticket communication message thread contact support inquiry enquiry complaint chat conversation helpdesk"
        " case attachment"
        " upload"
    ), _CENTER, "Your messages to customer service", "To answer you.", (), "Three years after the last answer.", "You",
         _CONTRACT),
    Sort("orders", "Orders and invoices", _words(
        "order invoice shipment delivery creditmemo rma return purchase sale download parcel fulfillment slip"
        " subscription"
        " booking line dispatch reservation"
    ), _CENTER, "Your orders", "To carry out your orders, and to keep the accounts.", (*_CARRIERS, _TAX_OFFICE), _TAX,
         "You", _DUTY, stays=True),
    Sort("devices", "Devices and sessions", _words(
        "session device token login connection fingerprint persistent refresh otp password recovery access apikey"
        " reset online"
    ), _MADE, "Devices and connections you used", "To keep your account and your payments safe.", (),
         "Thirteen months after the device was last seen.", _RECORDED, _INTEREST),
    Sort("behaviour", "Behaviour", _words(
        "log event report analytic compared visit visitor view viewed search tracking click recent activity statistic"
        " pageview stat guest"
        " impression referer audience analytics recommendation notification queue"
    ), _MADE, "What you viewed and searched for", "To improve what you experience in the shop.", (),
         "Thirteen months after it was recorded.", _RECORDED, _CONSENT),
    Sort("segments", "Groups", _words("segment group permission tag campaign rule role demographic demo label list"),
        _MADE,
         "Groups the shop put you in", "To choose what you are shown.", (), _CLOSED, "Worked out by the shop",
         _INTEREST),
    Sort("referrals", "Recommendations", _words("referral affiliate invitation invite"), _CENTER, "Recommendations",
         "To thank you for customers who came through you.", (), _CLOSED, "The customers who named you", _INTEREST),
    Sort("shipping", "Addresses", _words("address"), _CENTER, "Your addresses", "To deliver what you order.", _CARRIERS,
         "Until you remove the address or close your account.", "You", _CONTRACT),
    Sort("profile", "Accounts", _words("customer user client member account person profile shopper buyer usermeta"),
        _CENTER,
         "Your account", "To run your account and to reach you.", ("The shop's customer service",), _CLOSED, "You",
         _CONTRACT),
)  # fmt: skip
OTHER = Sort("other_data", "Other data about customers", frozenset(), _CENTER, "Other data of your account",
             "To run the parts of the shop that you use.", (), _CLOSED, "You", _CONTRACT)  # fmt: skip
BY_KEY = {sort.key: sort for sort in (*SORTS, OTHER)}

_ALL_WORDS = frozenset().union(*(sort.of for sort in SORTS)) | {"shipping", "store"}

_VALUES = _words(
    "type status kind group category reason method state country currency region zone language unit gender"
)

# Why a table is about nobody, by the words of its name.
_REASONS = (
    (STAFF_WORDS, "Staff", "The shop's own staff, not its customers."),
    (_words("lang translation i18n locale language description label"), "Translations", "Wording in other languages."),
    (
        _words("migration schema alembic flyway doctrine patch liquibase setup changelog upgrade"),
        "Technical tables",
        "What was done to the database, by version.",
    ),
    (
        _words(
            "config configuration setting option preference parameter variable flag module plugin extension feature"
        ),
        "Settings",
        "Settings of the shop.",
    ),
    (
        _words(
            "cache tmp temp idx index replica flat changelog cl lock cron job scheduler schedule indexer mview sequence"
        ),
        "Technical tables",
        "Made by the shop's programs for themselves.",
    ),
    (_words("role acl permission authorization capability"), "Staff", "What the shop's staff may do."),
    (PARTNER_WORDS, "Business partners", "Companies and places the shop works with, not its customers."),
    (
        _words(
            "currency country region state zone language status type unit rate class method territory reason county"
            " city"
            " timezone month carrier shipping range salutation title gender dimension"
        ),
        "Lists of values",
        "A list of values to choose from, the same for everybody.",
    ),
    (
        _words(
            "cms page block post blog banner slider menu layout theme widget template article news faq content seo url"
            " rewrite sitemap redirect media image video term taxonomy link comment snippet design hook tab meta"
        ),
        "Pages",
        "What the shop shows, the same for everybody.",
    ),
    (
        _words(
            "product category catalog catalogue attribute option variant sku album artist track genre playlist"
            " price stock"
            " inventory tag feature bundle item collection material color size brand accessory pack combination eav"
            " compare relation supplier image catalogrule"
        ),
        "Catalogue",
        "The catalogue, the same for everybody.",
    ),
    (
        _words(
            "rule coupon voucher promotion campaign discount sale tax email newsletter group segment rating review"
            " order"
            " store website shop api webhook integration oauth search report statistic aggregated queue payment"
        ),
        "How the shop works",
        "How the shop works; it names no customer.",
    ),
)
_PLAIN = "Nothing in it leads to a customer, and no column looks like a person's data."


def sort_of(table: Seen, parent: Sort | None) -> Sort:
    """The kind of data a table about people is; the parent's where its own name says nothing."""
    told = set(table.told)
    fitting = [sort for sort in SORTS if told & sort.of] or [sort for sort in SORTS if _within(told, sort.of)]
    if {"cart", "rule"} <= told or {"sale", "rule"} <= told:
        return BY_KEY["credit"]
    # What hangs on orders and carts is part of them: their comments, addresses, histories.
    whole = next((sort for sort in fitting if sort.key in {"carts", "payments", "orders"}), None)
    if whole and parent and parent.key in {"carts", "orders", "payments"}:
        return BY_KEY["payments"] if whole.key == "payments" else parent if parent.key == "carts" else whole
    if whole and whole.key == "orders" and told & {"address", "comment", "status", "note", "history", "message", "log"}:
        return whole
    narrow = [sort for sort in fitting if sort.key != "profile"]
    narrow = narrow or [sort for sort in SORTS if sort.key != "profile" and _within(told, sort.of)]
    if narrow:
        return narrow[0]
    if parent and parent.key not in {"profile", "other_data"}:
        return parent
    own = table.told[1:] if table.told[0] not in _ALL_WORDS else table.told
    known = set(own) <= {*BY_KEY["profile"].of, "entity", "datum", "data", "meta", "detail", "info", "field", "value",
                                "grid", "flat", "index", "int", "varchar", "text", "decimal", "datetime", "lookup",
                                "attribute", "extra", "image"}  # fmt: skip
    return BY_KEY["profile"] if fitting and known else OTHER


def reason_of(table: Seen) -> tuple[str, str]:
    """Heading and reason for a table that is about nobody."""
    told = set(table.told)
    for among, group, reason in _REASONS:
        if told & among:
            return group, reason
    return "Nothing about people", _PLAIN


def is_reference(table: Seen) -> bool:
    """Whether its name says that it is a catalogue, a list of values, a setting or a partner's."""
    if set(table.told[-1:]) & _VALUES:
        return True
    return any(set(table.told) & among for among, _, _ in _REASONS) and not set(table.told) & _words(
        "customer order address payment invoice user quote cart guest visitor session log export backup import member"
    )


def doubtful(table: Seen) -> str | None:
    """What a person must look at in a table that nothing leads from to a customer."""
    told = set(table.told)
    if told & (STAFF_WORDS | {"migration", "country", "currency", "config", "configuration"}):
        return None
    if table.told[-1:] in {("meta",), ("postmeta",)} and any(_roomy(table, name) for name in table.having(Kind.BLOB)):
        return f"`{table.having(Kind.BLOB)[-1]}` may hold anything. If customers' data, write `belongs`."
    identifying = [name for name in table.identifying() if table.kinds[name] is not Kind.DEVICE]
    strong = table.having(Kind.EMAIL, Kind.PHONE, Kind.BIRTH)
    partner = told & PARTNER_WORDS or (is_reference(table) and not strong)
    if identifying and not partner:
        return f"Its columns look like a person's data ({', '.join(identifying[:4])}). Whose? If a customer's, " \
               "write `belongs`."  # fmt: skip
    if told & {
        "session",
        "log",
        "queue",
        "job",
        "message",
        "export",
        "import",
        "backup",
        "audit",
        "mail",
        "email",
        "history",
    }:
        blobs = [name for name in table.having(Kind.BLOB, Kind.FREE, Kind.TEXT) if _roomy(table, name)]
        if blobs and not told & {"template", "status", "type", "config"}:
            return f"`{blobs[0]}` may repeat what customers wrote. If it does, say how a row finds its customer, or " \
                   "make sure that its rows are removed in time."  # fmt: skip
    return None


def _roomy(table: Seen, column: str) -> bool:
    """Whether a column has room for more than a name or a code."""
    made = table.live.c[column].type
    return not isinstance(made, sa.String) or made.length is None or made.length > 500


def _within(told: set[str], among: frozenset[str]) -> bool:
    """Whether one of the words stands at an end of a longer one, as in `customerbalance`."""
    wide = [word for word in among if len(word) > 4]
    return any(each.startswith(word) or each.endswith(word) for each in told for word in wide)
