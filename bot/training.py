"""Builds what the engine needs: the clauses as it reads them, the encoder, the trained model."""

import json
import subprocess
from pathlib import Path

from bot.config import PROJECT, Settings
from bot.errors import SetupError
from bot.processes import engine_python
from bot.store.policy_library import load_library

MODELS = PROJECT / "models"
MODEL = MODELS / "privacy-desk.tar.gz"


def ensure_model(settings: Settings) -> None:
    """Build encoder and model if anything they depend on has changed; one line of progress each.

    Raises:
        SetupError: Building or training failed; the engine has said why.
    """
    MODELS.mkdir(exist_ok=True)
    _write_clauses(settings.policy_folder)
    command = [str(engine_python()), "-m", "bot.engine.train"]
    if subprocess.run(command, cwd=PROJECT, check=False).returncode:
        raise SetupError("The model could not be built; what is wrong stands above.")


def _write_clauses(folder: Path) -> None:
    """Every clause by id, newest wording last: the engine ranks ids and knows no versions."""
    clauses = {
        clause.id: {"title": clause.title, "text": clause.quote}
        for policy in load_library(folder).versions
        for clause in policy.by_id.values()
    }
    (MODELS / "clauses.json").write_text(json.dumps(clauses, indent=1), encoding="utf-8")
