"""The shop's privacy policy as data: versions, clauses, exact quotations.

A policy file is YAML front matter and, below it, the policy's text to the letter. The front matter names the
clauses in order; each runs from the words it `starts` with to the start of the next one, so that the clauses
joined together are the text, and nothing of it can be lost or shown changed.
"""

import hashlib
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml

from bot import yaml_text
from bot.errors import NotFound, SetupError

_FENCE = "---\n"


@dataclass(frozen=True)
class Clause:
    """A part of the policy that answers one question.

    Attributes:
        id: Stable over versions; the anchor of the page and the name in the training phrases.
        text: The slice of the file, with the white space that follows it.
        offset: Where the slice begins, in characters from the start of the policy file.
        heading: A line that structures the document and answers nothing.
    """

    id: str
    title: str
    text: str
    offset: int
    heading: bool = False

    @property
    def quote(self) -> str:
        """The clause to the letter, without the white space around it."""
        return self.text.strip()

    @property
    def start(self) -> int:
        """Offset of the quotation's first character in the policy file."""
        return self.offset + len(self.text) - len(self.text.lstrip())

    @property
    def end(self) -> int:
        """Offset behind the quotation's last character."""
        return self.start + len(self.quote)


@dataclass(frozen=True)
class Policy:
    """One version of the policy.

    Attributes:
        sha256: Fingerprint of the whole file, by which a change after publishing is found.
    """

    version: str
    published: date
    effective: date
    clauses: tuple[Clause, ...]
    sha256: str

    @cached_property
    def by_id(self) -> dict[str, Clause]:
        """Clauses that can be cited, by id."""
        return {clause.id: clause for clause in self.clauses if not clause.heading}


@dataclass(frozen=True)
class PolicyLibrary:
    """The folder of policy files: drafts as well as versions that were published (see `policy_versions`)."""

    folder: Path

    @property
    def versions(self) -> tuple[Policy, ...]:
        """Every version that has a file, oldest first."""
        policies = [_kept(path) for path in self.folder.glob("*.md")]
        return tuple(sorted(policies, key=lambda policy: (policy.effective, policy.version)))

    def version(self, name: str) -> Policy:
        """The version of that name, as its file is now.

        Raises:
            NotFound: There is none.
            SetupError: The file cannot be read.
        """
        for path in self.folder.glob("*.md"):
            if path.stem == name:
                return _kept(path)
        raise NotFound("There is no policy version of that name.")

    def in_force(self, today: date) -> Policy:
        """The newest version whose effective date has come, by the files alone: for a desk without a database.

        Raises:
            NotFound: No version is in force yet.
        """
        current = [policy for policy in self.versions if policy.effective <= today]
        if not current:
            raise NotFound("No version of the policy is in force yet.")
        return current[-1]


def load_library(folder: Path) -> PolicyLibrary:
    """Read every `*.md` of the policy folder.

    Raises:
        SetupError: The folder holds no policy, or a file cannot be read; the sentence names file and cure.
    """
    library = PolicyLibrary(folder)
    if not library.versions:
        raise SetupError(f"There is no policy in {folder.name}/. Put one there as <version>.md.")
    return library


def _kept(path: Path) -> Policy:
    """The file's policy, read anew only when the file was changed."""
    now = path.stat()
    return _read_once(path, now.st_mtime_ns, now.st_size)


@lru_cache(maxsize=64)
def _read_once(path: Path, _changed: int, _size: int) -> Policy:
    return read_policy(path)


def read_policy(path: Path) -> Policy:
    """Read one policy file and cut it into its clauses.

    Raises:
        SetupError: Front matter is missing or wrong, or a clause's first words are not found in order.
    """
    raw = path.read_bytes()
    content = raw.decode("utf-8")
    head, fence, _ = content.removeprefix(_FENCE).partition("\n" + _FENCE)
    if not content.startswith(_FENCE) or not fence:
        raise SetupError(f"{path.name} has no front matter. Begin it with --- and the keys version to clauses.")
    body = len(_FENCE) + len(head) + len(fence)
    try:
        matter: dict[str, Any] = yaml_text.read(head)
        cuts = matter["clauses"]
        policy = Policy(
            version=str(matter["version"]),
            published=matter["published"],
            effective=matter["effective"],
            clauses=_cut(path.name, content, body, cuts),
            sha256=hashlib.sha256(raw).hexdigest(),
        )
    except (yaml.YAMLError, KeyError, TypeError):
        raise SetupError(
            f"The front matter of {path.name} cannot be read. It needs version, published, effective and clauses "
            "(each with id, title, starts)."
        ) from None
    if policy.version != path.stem:
        raise SetupError(f"{path.name} says it is version {policy.version}. File name and version must agree.")
    return policy


def _cut(name: str, content: str, body: int, cuts: list[dict[str, Any]]) -> tuple[Clause, ...]:
    starts: list[int] = []
    position = body
    for cut in cuts:
        position = content.find(cut["starts"], position)
        if position < 0:
            raise SetupError(f"{name}: clause {cut['id']} starts with words that do not follow in the text.")
        starts.append(position)
        position += 1
    if not starts or starts[0] != body:
        raise SetupError(f"{name}: the first clause must start with the first words of the text.")
    if len({cut["id"] for cut in cuts}) != len(cuts):
        raise SetupError(f"{name}: two clauses have the same id.")
    ends = [*starts[1:], len(content)]
    return tuple(
        Clause(cut["id"], cut["title"], content[start:end], start, bool(cut.get("heading", False)))
        for cut, start, end in zip(cuts, starts, ends, strict=True)
    )
