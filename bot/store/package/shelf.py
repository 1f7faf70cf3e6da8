"""Where finished packages lie until they are fetched: one sealed file each, unreadable once its row is gone."""

import secrets
from pathlib import Path

from bot.config import Settings

_SEALED = ".zip.sealed"
_PART = ".part"


def folder(settings: Settings) -> Path:
    """The folder of the packages; only the desk's own user may look into it."""
    found = settings.desk_home / "exports"
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


def finished(settings: Settings, export_id: str) -> Path:
    """The file of a package that is whole."""
    return folder(settings) / f"{export_id}{_SEALED}"


def draft(settings: Settings, export_id: str) -> Path:
    """A new name for a package that is being written; it counts only once it got its finished name."""
    return folder(settings) / f"{export_id}-{secrets.token_hex(8)}{_PART}"


def remove(settings: Settings, export_id: str) -> None:
    """Remove every file of a package, whole or not."""
    for path in folder(settings).glob(f"{export_id}*"):
        path.unlink(missing_ok=True)


def owners(settings: Settings) -> dict[Path, str]:
    """Every file that lies there, with the id of the package it belongs to."""
    return {
        path: path.name.partition(".")[0].partition("-")[0] for path in folder(settings).iterdir() if path.is_file()
    }
