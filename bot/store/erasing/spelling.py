"""How a value may be spelled where somebody left it: in either casing, plain, in JSON and in a web address."""

import json
import re
from urllib.parse import quote


def any_spelling(value: str) -> str:
    """A pattern that finds a value of a person however a program or a colleague wrote it.

    Nobody is asked what the small letter of `É` is: SQLite knows those of ASCII only, other databases those of their
    locale, and JSON and addresses write both letters as numbers. The pattern says it sign by sign, in what Python,
    PostgreSQL, MySQL and MariaDB all read.
    """
    return "".join(map(_sign, value))


def _sign(sign: str) -> str:
    casings = {sign, sign.lower(), sign.upper(), sign.title(), sign.upper().lower()}
    forms = {form for each in casings for form in (each, json.dumps(each)[1:-1], quote(each, safe=""))}
    spelled = sorted({"".join(map(_in_either_casing, form)) for form in forms})
    return spelled[0] if len(spelled) == 1 else f"(?:{'|'.join(spelled)})"


def _in_either_casing(sign: str) -> str:
    """Letters of ASCII and the hexadecimal digits of JSON and addresses, without a flag."""
    return f"[{sign.lower()}{sign.upper()}]" if sign.isascii() and sign.isalpha() else re.escape(sign)
