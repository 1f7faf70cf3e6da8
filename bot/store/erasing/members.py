"""Erases single members of a JSON text by rules of their own, while the rest of the text stays."""

import json
from typing import Any

import sqlalchemy as sa

from bot.store.datamap.model import Column, ErasureAction
from bot.store.erasing.generalising import coarser
from bot.store.erasing.pseudonyms import is_pseudonym, pseudonym
from bot.store.erasing.treatment import Change

_ROOM = sa.Column("member", sa.String(40))


def with_members_changed(value: Any, change: Change, secret: bytes, column: sa.Column[Any]) -> Any:
    """The JSON with its members erased as the map says; whatever cannot be read goes as a whole.

    Args:
        value: A text that holds JSON, or what a JSON column gives.
        change: Which members, and whether all that is not named goes.
        secret: For pseudonyms.
        column: Where it stands.
    """
    if value is None:
        return None
    written = isinstance(value, str)
    try:
        content = json.loads(value) if written else value
    except ValueError:
        content = None
    if not isinstance(content, dict | list):
        return None if column.nullable else "" if written else {}
    made = _changed(content, dict(change.members), change.rest_goes, secret)
    if made == content:
        return value
    return json.dumps(made, ensure_ascii=False) if written else made


def _changed(content: Any, rules: dict[str, Column], rest_goes: bool, secret: bytes) -> Any:
    if isinstance(content, list):
        return [_changed(each, rules, rest_goes, secret) for each in content]
    if not isinstance(content, dict):
        return None if rest_goes else content
    made = {}
    for key, value in content.items():
        if key in rules:
            made[key] = _member(value, rules[key], secret)
        elif not rest_goes:
            made[key] = value
    return made


def _member(value: Any, rule: Column, secret: bytes) -> Any:
    if rule.json and isinstance(value, dict | list):
        rest_goes = rule.erase is not None and rule.erase.action is not ErasureAction.KEEP
        return _changed(value, dict(rule.json), rest_goes, secret)
    match rule.erase.action if rule.erase else ErasureAction.KEEP:
        case ErasureAction.KEEP:
            return value
        case ErasureAction.PSEUDONYMISE if value is not None:
            text = value if isinstance(value, str) else json.dumps(value)
            return text if is_pseudonym(secret, text, _ROOM) else pseudonym(secret, text, _ROOM)
        case ErasureAction.GENERALISE:
            return coarser(rule.erase.how or "", value) if rule.erase else None
        case _:
            return None
