"""Reads `data/datamap.yml`, fills in its defaults, and says precisely what is wrong with it and how to mend it."""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from bot.errors import SetupError
from bot.store.datamap.model import DataMap
from bot.store.datamap.resolving import Resolver
from bot.store.datamap.written import WrittenMap
from bot.yaml_text import SafeLoader

_MOST = 5


class _Loader(SafeLoader):
    """Safe YAML that keeps `no`, `on` and `yes` as words and refuses a name given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """A mapping whose keys are all different."""
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"`{key.value}` stands here twice: keep one", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))


def load(path: Path | str) -> DataMap:
    """Read the map.

    Args:
        path: The YAML file; its head explains the format.

    Raises:
        SetupError: The file is missing, is not YAML, or says something that does not fit. Each sentence names
            the table and column and the cure.
    """
    path = Path(path)
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - derived from SafeLoader
    except FileNotFoundError:
        raise SetupError(f"There is no data map at {path}. Write one, or set DATAMAP to where it is.") from None
    except UnicodeDecodeError:
        raise SetupError(f"{path.name} is not UTF-8 text. Save it as UTF-8.") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SetupError(f"{path.name}, line {line}: {error.problem}.") from None
    except yaml.YAMLError:
        raise SetupError(f"{path.name} holds a sign that YAML does not allow. Save it as plain text.") from None
    return _parse(raw, path.name)


def _parse(raw: Any, name: str) -> DataMap:
    try:
        written = WrittenMap.model_validate(raw)
    except ValidationError as error:
        raise _refusal(name, list(dict.fromkeys(_in_words(problem) for problem in error.errors()))) from None
    resolver = Resolver(written)
    datamap = resolver.resolve()
    if resolver.problems:
        raise _refusal(name, resolver.problems)
    return datamap


def _refusal(name: str, problems: list[str]) -> SetupError:
    more = [f"and {len(problems) - _MOST} more"] if len(problems) > _MOST else []
    return SetupError(f"{name}: " + "; ".join(problems[:_MOST] + more))


def _in_words(problem: Any) -> str:
    """One of pydantic's findings as `orders.status: …` with what to do."""
    location = [str(part) for part in problem["loc"] if not _internal(str(part))]
    key = location[-1] if location else "the file"
    match location:
        case ["tables", table, "columns", column, *rest]:
            where = f"{table}.{column}"
        case ["tables", table, *rest]:
            where = table
        case ["categories" | "keep_reasons" as section, made, *rest]:
            where = f"{section}.{made}"
        case [section, *rest]:
            where = section
        case _:
            where, rest = "the file", []
    match problem["type"]:
        case "extra_forbidden":
            return f"{where}: `{key}` is not a word of the format; correct its spelling or remove it"
        case "missing":
            return f"{where}: `{key}` is missing; add it"
    inside = f" in `{'.'.join(rest)}`" if rest else ""
    return f"{where}: {problem['msg']}{inside}; see the head of the file for the format"


def _internal(part: str) -> bool:
    """Whether a part of a location is pydantic's name for a type rather than a key of the file."""
    return "[" in part or part in {"WrittenColumn", "WrittenTable", "Keep", "Not", "str", "int", "bool"}
