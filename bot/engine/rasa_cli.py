"""Any Rasa command line in the engine's runtime: ``python -m bot.engine.rasa_cli data validate``.

Importing ``bot.engine`` first leaves TensorFlow out and turns telemetry off; the rest is Rasa's own.
"""

import os
import sys
import warnings
from pathlib import Path

PLACEHOLDERS = {
    "ENGINE_SECRET": "rasa-command-line",
    "ACTIONS_URL": "http://127.0.0.1:8002/webhook",
    "TRACKER_DATABASE_URL": "sqlite://",
    "ENCRYPTION_KEYS": "",
}


def main() -> None:
    """Runs ``rasa`` with the arguments of this process; settings that are missing get harmless values."""
    from cryptography.fernet import Fernet

    warnings.simplefilter("ignore")
    for name, value in PLACEHOLDERS.items():
        os.environ.setdefault(name, value or Fernet.generate_key().decode())
    sys.path.insert(0, str(Path.cwd()))
    from rasa.__main__ import main as rasa_main

    sys.argv[0] = "rasa"
    rasa_main()


if __name__ == "__main__":
    main()
