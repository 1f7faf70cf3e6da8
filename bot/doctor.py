"""What is missing, weak or unclassified, each with its cure."""

import stat
import string
from collections.abc import Iterator
from urllib.parse import urlsplit

from bot.bootstrap import migrate, open_desk
from bot.config import Settings
from bot.errors import DeskError, SetupError
from bot.privacy import staff_accounts
from bot.processes import engine_python
from bot.store import consent_records, webhooks
from bot.store.desk import Desk
from bot.training import MODEL
from bot.vocabulary import StaffRole

_SHORTEST_SECRET = 32
_SECRETS = ("engine_secret", "shop_jwt_secret", "audit_key", "webhook_secret")
_SIGNING_KEY_BYTES = 32


def findings(settings: Settings) -> list[str]:
    """Everything that should be mended before the desk is opened to people."""
    problems = []
    try:
        engine_python()
    except DeskError as error:
        problems.append(error.detail)
    if not MODEL.exists():
        problems.append("There is no trained model yet. Run: make train")
    problems += _weak_secrets(settings)
    kept = settings.desk_home / "secrets.json"
    if kept.exists() and stat.S_IMODE(kept.stat().st_mode) != 0o600:
        problems.append("secrets.json in DESK_HOME can be read by others. Run: chmod 600 on it.")
    if settings.environment == "production" and not settings.public_url.startswith("https://"):
        problems.append("PUBLIC_URL is not an https address.")
    if settings.environment == "production" and not settings.trusted_proxies:
        problems.append(
            "TRUSTED_PROXIES is empty, so all people count as one address, that of the proxy, and one can use up what "
            "all may send. Name the proxies."
        )
    if settings.environment == "production" and not settings.smtp_url:
        problems.append("SMTP_URL is not set, so no mail can be sent.")
    if settings.environment == "production" and settings.smtp_url.startswith("smtp+plain:"):
        problems.append("SMTP_URL sends mails unencrypted. Use smtps:// or smtp:// (STARTTLS).")
    problems += _unsafe_addresses(settings)
    if settings.environment == "production" and not _staff_way_is_safe(settings.staff_url):
        problems.append("STAFF_URL is neither an https address nor one of this machine, so sign-ins could be read.")
    try:
        migrate(settings)
        desk = open_desk(settings)
        if unfilled := consent_records.unfillable(desk.shop):
            problems.append(
                f"The shop's table of choices needs {', '.join(unfilled)} in every row, which the desk cannot fill. "
                "Give the column a default, or take consent_records out of the data map."
            )
        if settings.environment == "production" and not _has_admin(desk):
            problems.append("Nobody can sign in as admin. Run: python -m bot staff add NAME --role admin")
        desk.engine.dispose()
    except DeskError as error:
        problems.append(error.detail)
    return problems


def _staff_way_is_safe(url: str) -> bool:
    where = urlsplit(url)
    return where.scheme == "https" or where.hostname in {"127.0.0.1", "localhost", "::1"}


def _has_admin(desk: Desk) -> bool:
    with desk.reading() as session:
        living = [each for each in staff_accounts.accounts(session) if each.disabled_at is None]
    return any(account.role is StaffRole.ADMIN for account in living)


def _weak_secrets(settings: Settings) -> Iterator[str]:
    held = [(name, getattr(settings, name)) for name in _SECRETS]
    held += [("internal_api_key", key.strip()) for key in settings.internal_api_key.split(",") if key.strip()]
    for name, value in held:
        if value and len(value) < _SHORTEST_SECRET:
            yield f"{name.upper()} is shorter than {_SHORTEST_SECRET} characters. Use a random longer one."
    if settings.signing_key and not _is_signing_key(settings.signing_key):
        yield "SIGNING_KEY is not 64 hexadecimal digits. Make one with: openssl rand -hex 32"


def _is_signing_key(key: str) -> bool:
    # Not `bytes.fromhex` alone: it takes spaces between the digits.
    return len(key) == 2 * _SIGNING_KEY_BYTES and all(digit in string.hexdigits for digit in key)


def _unsafe_addresses(settings: Settings) -> Iterator[str]:
    """Where the shop's services listen or are asked: notices must be signed, and nobody may read along."""
    try:
        webhooks.refuse_unsafe(settings)
    except SetupError as error:
        yield error.detail
    if not settings.veto_url:
        return
    if not webhooks.is_web_address(settings.veto_url):
        yield "VETO_URL cannot be used. Write it as https://host/path."
    elif settings.environment == "production" and not webhooks.is_private_way(settings.veto_url):
        yield "VETO_URL is not an https address."
