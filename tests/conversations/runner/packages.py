"""Form cards that are filled in, and packages that are fetched."""

import io
import zipfile
from fnmatch import fnmatchcase
from typing import Any

from tests.conversations.runner.comparing import Differs, pieces_found, pieces_missing
from tests.conversations.runner.steps import Download, FilledForm


def cards(messages: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Cards of one kind, in the order in which they were shown."""
    return [message["card"] for message in messages if (message["card"] or {}).get("kind") == kind]


def filled_form(form: FilledForm, shown: list[dict[str, Any]]) -> dict[str, Any]:
    """What a person sends who changes some fields of the newest of these forms.

    Raises:
        Differs: The form has no such field.
    """
    if not shown:
        return {"values": {name: _written("text", value) for name, value in form.fields.items()}}
    fields = {field["name"]: field for field in shown[-1]["fields"]}
    changed = {_full_name(name, list(fields)): value for name, value in form.fields.items()}
    values = {name: field.get("value") for name, field in fields.items()} | changed
    return {"id": shown[-1]["id"], "values": {name: _written(fields[name]["type"], values[name]) for name in fields}}


def _full_name(name: str, known: list[str]) -> str:
    """The field that is called so, or whose name alone begins so."""
    fitting = [each for each in known if each == name] or [each for each in known if each.startswith(f"{name}.")]
    if len(fitting) != 1:
        raise Differs(f"the form has {len(fitting) or 'no'} field {name}; it has {', '.join(known)}")
    return fitting[0]


def _written(kind: str, value: Any) -> str | bool:
    """A value as a browser sends it: ticks as true or false, everything else as text."""
    if kind == "checkbox":
        return str(value).casefold() in ("true", "on", "yes")
    return "" if value is None else str(value)


def compare_package(expected: Download, status: int, content: bytes) -> None:
    """Compare what a link gave with what was expected.

    Raises:
        Differs: It is something else.
    """
    if status != expected.status:
        raise Differs(f"the download was answered with {status}, not {expected.status}")
    if not (expected.holds or expected.says or expected.hides):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            files = {name: package.read(name).decode("utf-8", "replace") for name in package.namelist()}
    except zipfile.BadZipFile:
        raise Differs("what was downloaded is not a ZIP file") from None
    differences = [
        f"the package holds no {wanted}; it holds {', '.join(files)}"
        for wanted in [*expected.holds, *expected.says]
        if not any(fnmatchcase(name, wanted) for name in files)
    ]
    for wanted, pieces in expected.says.items():
        text = "\n".join(files[name] for name in files if fnmatchcase(name, wanted))
        differences += pieces_missing(text, pieces, wanted)
    for name, text in files.items():
        differences += pieces_found(text, expected.hides, name)
    if differences:
        raise Differs(*differences)
