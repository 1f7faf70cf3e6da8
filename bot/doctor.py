"""What is missing, weak or unclassified, each with its cure."""

import stat

from bot.bootstrap import migrate, open_desk
from bot.config import Settings
from bot.errors import DeskError
from bot.processes import engine_python
from bot.training import MODEL

_SHORTEST_SECRET = 32


def findings(settings: Settings) -> list[str]:
    """Everything that should be mended before the desk is opened to people."""
    problems = []
    try:
        engine_python()
    except DeskError as error:
        problems.append(error.detail)
    if not MODEL.exists():
        problems.append("There is no trained model yet. Run: make train")
    for name in ("engine_secret", "shop_jwt_secret"):
        value = getattr(settings, name)
        if value and len(value) < _SHORTEST_SECRET:
            problems.append(f"{name.upper()} is shorter than {_SHORTEST_SECRET} characters. Use a random longer one.")
    kept = settings.desk_home / "secrets.json"
    if kept.exists() and stat.S_IMODE(kept.stat().st_mode) != 0o600:
        problems.append("secrets.json in DESK_HOME can be read by others. Run: chmod 600 on it.")
    if settings.environment == "production" and not settings.public_url.startswith("https://"):
        problems.append("PUBLIC_URL is not an https address.")
    if settings.environment == "production" and not settings.smtp_url:
        problems.append("SMTP_URL is not set, so no mail can be sent.")
    try:
        migrate(settings)
        open_desk(settings).engine.dispose()
    except DeskError as error:
        problems.append(error.detail)
    return problems
