"""Builds what the engine needs: the encoder, the clauses as it reads them, the trained model."""

import hashlib
import json
import subprocess
from pathlib import Path

from bot.config import PROJECT, Settings
from bot.errors import SetupError
from bot.processes import engine_python
from bot.store.policy_library import load_library

MODELS = PROJECT / "models"
MODEL = MODELS / "privacy-desk.tar.gz"
_FINGERPRINT = MODELS / "model.fingerprint"
_SOURCES = ("config.yml", "domain.yml", "data/nlu", "data/rules", "data/stories", "data/policy", "bot/engine")


def ensure_model(settings: Settings) -> bool:
    """Build encoder and model if anything they depend on has changed.

    Returns:
        Whether a model was trained.

    Raises:
        SetupError: Building or training failed.
    """
    fingerprint = _fingerprint()
    if MODEL.exists() and _FINGERPRINT.exists() and _FINGERPRINT.read_text(encoding="ascii") == fingerprint:
        return False
    MODELS.mkdir(exist_ok=True)
    _FINGERPRINT.unlink(missing_ok=True)
    _write_clauses(settings.policy_folder)
    for step in ("bot.engine.build_encoder", "bot.engine.train"):
        if subprocess.run([str(engine_python()), "-m", step], cwd=PROJECT, check=False).returncode:
            raise SetupError("The model could not be built; what is wrong stands above.")
    _FINGERPRINT.write_text(fingerprint, encoding="ascii")
    return True


def _write_clauses(folder: Path) -> None:
    """Every clause of every version, newest wording last, by id: the engine ranks ids and knows no versions."""
    clauses = {
        clause.id: {"title": clause.title, "text": clause.quote}
        for policy in load_library(folder).versions
        for clause in policy.by_id.values()
    }
    (MODELS / "clauses.json").write_text(json.dumps(clauses, indent=1), encoding="utf-8")


def _fingerprint() -> str:
    """Changes when any file that training reads does."""
    digest = hashlib.sha256()
    for source in _SOURCES:
        path = PROJECT / source
        files = [path] if path.is_file() else sorted(found for found in path.rglob("*") if found.is_file())
        for file in files:
            if "__pycache__" not in file.parts:
                digest.update(str(file.relative_to(PROJECT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()
