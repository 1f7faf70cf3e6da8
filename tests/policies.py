"""An invented second version of the shop's policy, made for tests: one change of every kind and mark."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import yaml

from bot.config import PROJECT

FIRST = "2026-01-15"
"""The version that is in force."""

SECURITY = ("encrypting data, assigning responsibilities", "encrypting all data, assigning responsibilities")
NO_ACCESS = ("we are unable to provide access and correction services for some of your personal information",
             "we do not provide access and correction services for most of your personal information")  # fmt: skip
MINORS = ("under the age of 18, you should", "under the age of 18, you must")
RETENTION = "We keep records of your orders for six years."

MARKS = {
    "security": {"mark": "improves", "says": "All data is encrypted, not only some of it."},
    "no-access": {"mark": "reduces_rights", "says": "You can see and correct less than before."},
    "minors": {"mark": "neutral", "says": "The rule for people under 18 is worded more firmly."},
    "retention": {"mark": "neutral", "says": "A new clause says how long orders are kept."},
}
"""What a person at the shop says about each change of the second version."""


def first_only(home: Path) -> Path:
    """A policy folder of its own with the shop's version."""
    folder = home / "policy"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(PROJECT / "data" / "policy" / f"{FIRST}.md", folder)
    return folder


def folder_with(home: Path, effective: date, version: str = "2027-A", published: date | None = None) -> Path:
    """A policy folder with the shop's version and a second one.

    Args:
        home: Where the folder is made.
        effective: When the second version takes effect.
        version: What it is called.
        published: What its front matter says; the day before it takes effect where left out.
    """
    folder = first_only(home)
    second(folder, effective, version, published)
    return folder


def second(folder: Path, effective: date, version: str = "2027-A", published: date | None = None) -> Path:
    """Write the second version into a folder that has the first."""
    text = (folder / f"{FIRST}.md").read_text(encoding="utf-8")
    text = text.replace(f'version: "{FIRST}"', f'version: "{version}"')
    text = text.replace(f"published: {FIRST}", f"published: {published or effective - timedelta(days=1)}")
    text = text.replace(f"effective: {FIRST}", f"effective: {effective}")
    clause = '  - id: retention\n    title: "How long orders are kept"\n    starts: "We keep records"\n'
    text = text.replace("  - id: effective-date\n", f"{clause}  - id: effective-date\n")
    for old, changed in (SECURITY, NO_ACCESS, MINORS):
        assert old in text
        text = text.replace(old, changed)
    text = text.replace("Special reminder: This", f"{RETENTION}\n\nSpecial reminder: This")
    path = folder / f"{version}.md"
    path.write_text(text, encoding="utf-8")
    return path


def marks_file(folder: Path, marks: dict[str, dict[str, str]] | None = None) -> Path:
    """The marks as the command line reads them."""
    path = folder / "marks.yml"
    path.write_text(yaml.safe_dump(MARKS if marks is None else marks), encoding="utf-8")
    return path
