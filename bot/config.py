"""Every setting of the desk in one typed place, read from the environment and `.env`."""

import contextlib
import ipaddress
import json
import os
import re
import secrets
import tempfile
from datetime import timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

from cryptography.fernet import Fernet
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.errors import SetupError
from bot.vocabulary import Regime

PROJECT = Path(__file__).resolve().parent.parent
_REQUIRED_IN_PRODUCTION = (
    "encryption_keys", "engine_secret", "audit_key", "signing_key", "internal_api_key", "shop_database_url", "smtp_url",
)  # fmt: skip

_SOME_OF_ALL = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
"""Nobody calls "every address of the machine"; loopback is one of them."""


class Settings(BaseSettings):
    """What a shop decides. `.env.example` lists every name with its meaning.

    Secrets left empty are made once in development and kept in `DESK_HOME/secrets.json` (mode 600);
    in production an empty secret, or demo mode, refuses the start.
    """

    model_config = SettingsConfigDict(env_file=PROJECT / ".env", env_file_encoding="utf-8", extra="ignore")

    environment: Literal["development", "production"] = "development"
    demo: bool = True
    listen_host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65531)
    engine_port: int = Field(0, ge=0, le=65535)
    actions_port: int = Field(0, ge=0, le=65535)
    internal_port: int = Field(0, ge=0, le=65535)
    desk_port: int = Field(0, ge=0, le=65535)
    public_url: str = ""
    desk_home: Path = Path("var")

    desk_database_url: str = ""
    shop_database_url: str = ""
    tracker_database_url: str = ""
    datamap: Path = Path("data/datamap.yml")
    policy_folder: Path = Path("data/policy")

    encryption_keys: str = ""
    engine_secret: str = ""
    shop_jwt_secret: str = ""
    shop_jwt_jwks: str = ""
    shop_jwt_issuer: str = "shop"

    allowed_origins: str = ""
    trusted_proxies: str = ""
    session_hours: int = Field(8, ge=1, le=72)
    rate_limit_sessions: str = "600/minute"
    rate_limit_messages: str = "240/minute"
    rate_limit_claims: str = "30/minute"
    rate_limit_uploads: str = "60/hour"
    streams_per_address: int = Field(300, ge=1, le=100_000)
    turn_seconds: int = Field(20, ge=2, le=120)

    audit_key: str = ""
    signing_key: str = ""
    internal_api_key: str = ""
    webhook_urls: str = ""
    webhook_secret: str = ""
    veto_url: str = ""

    order_numbers: str = r"[A-Z]{1,3}-\d{4,10}"

    policy_notice_days: int = Field(3, ge=1, le=365)

    regime: Regime = Regime.POLICY
    business_calendar: str = "GB"
    cooling_off_days: int = Field(7, ge=0, le=60)
    contact_hold_hours: int = Field(72, ge=0, le=720)
    code_minutes: int = Field(10, ge=1, le=60)
    codes_per_request: int = Field(5, ge=1, le=20)
    codes_per_day: int = Field(10, ge=1, le=100)
    unverified_days: int = Field(14, ge=1, le=90)
    export_hours: int = Field(72, ge=1, le=720)
    worker_tries: int = Field(6, ge=1, le=50)

    handoff_promise_hours: int = Field(4, ge=1, le=240)
    office_hours: str = "Mon-Fri 09:00-17:00"
    office_timezone: str = ""
    chatwoot_url: str = ""
    chatwoot_inbox: str = ""
    chatwoot_webhook_secret: str = ""
    answer_days: int = Field(30, ge=1, le=90)

    destructive_approval: bool = False
    complain_to: str = ""

    staff_url: str = ""
    staff_session_hours: int = Field(10, ge=1, le=24)
    staff_idle_minutes: int = Field(30, ge=5, le=240)

    mail_from: str = "privacy@shop.example.com"
    smtp_url: str = ""
    mail_tries: int = Field(48, ge=1, le=500)

    @model_validator(mode="before")
    @classmethod
    def _empty_means_default(cls, given: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in given.items() if value != ""}

    @field_validator("order_numbers")
    @classmethod
    def _must_be_a_pattern(cls, pattern: str) -> str:
        try:
            found = re.compile(pattern).fullmatch("")
        except re.error as error:
            raise ValueError(f"it is no regular expression ({error.msg})") from None
        if found:
            raise ValueError("it fits nothing at all; name at least one digit")
        return pattern

    @field_validator("allowed_origins")
    @classmethod
    def _must_be_named(cls, origins: str) -> str:
        # Their pages get answers with credentials, which browsers allow to named origins only.
        if "*" in origins:
            raise ValueError("name each site whose pages embed the chat, such as https://www.example.com")
        return origins

    @field_validator("trusted_proxies")
    @classmethod
    def _must_be_addresses(cls, addresses: str) -> str:
        named = [each.strip() for each in addresses.split(",") if each.strip()]
        try:
            widest = min((ipaddress.ip_network(each).prefixlen for each in named), default=1)
        except ValueError:
            raise ValueError("write addresses or networks of proxies, such as 10.0.0.5, 10.1.0.0/16") from None
        if widest == 0:
            raise ValueError("it names every address there is, so anybody could say who they are")
        return ",".join(named)

    @model_validator(mode="after")
    def _derive(self) -> "Settings":
        self.desk_home = (PROJECT / self.desk_home).resolve()
        self.datamap = PROJECT / self.datamap
        self.policy_folder = PROJECT / self.policy_folder
        self.engine_port = self.engine_port or self.port + 1
        self.actions_port = self.actions_port or self.port + 2
        self.internal_port = self.internal_port or self.port + 3
        self.desk_port = self.desk_port or self.port + 4
        self.staff_url = self.staff_url.rstrip("/") or f"http://127.0.0.1:{self.desk_port}"
        self.public_url = self.public_url.rstrip("/") or self.web_url
        self.desk_database_url = self.desk_database_url or f"sqlite:///{self.desk_home / 'desk.sqlite3'}"
        self.tracker_database_url = self.tracker_database_url or f"sqlite:///{self.desk_home / 'tracker.sqlite3'}"
        if self.environment == "production":
            self._refuse_weak_production()
        self.shop_database_url = self.shop_database_url or f"sqlite:///{self.desk_home / 'shop.sqlite3'}"
        return self

    def _refuse_weak_production(self) -> None:
        if self.demo:
            raise ValueError("DEMO must be 0 when ENVIRONMENT=production")
        missing = [n for n in _REQUIRED_IN_PRODUCTION if not getattr(self, n)]
        if not (self.shop_jwt_secret or self.shop_jwt_jwks):
            missing.append("shop_jwt_secret or shop_jwt_jwks")
        if missing:
            raise ValueError(f"production needs {', '.join(missing).upper()}")

    @property
    def alarm_within(self) -> timedelta:
        """How soon somebody must look at a request that cannot go on by itself."""
        return timedelta(hours=self.handoff_promise_hours)

    @property
    def web_url(self) -> str:
        """Where the public door is reached from this machine."""
        host = _SOME_OF_ALL.get(self.listen_host, self.listen_host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @cached_property
    def engine_url(self) -> str:
        """Where the engine listens, on loopback."""
        return f"http://127.0.0.1:{self.engine_port}"

    @cached_property
    def actions_url(self) -> str:
        """Where the actions listen, on loopback."""
        return f"http://127.0.0.1:{self.actions_port}"

    def with_development_secrets(self) -> "Settings":
        """Fill secrets that were left empty from the file made at the first start."""
        names = tuple(_made_secrets())
        if self.environment == "production" or all(getattr(self, name) for name in names):
            return self
        kept = _development_secrets(self.desk_home / "secrets.json")
        for name in names:
            setattr(self, name, getattr(self, name) or kept[name])
        return self


def _made_secrets() -> dict[str, str]:
    """A fresh value for every secret the desk can make for itself."""
    return {
        "encryption_keys": Fernet.generate_key().decode(),
        "engine_secret": secrets.token_urlsafe(32),
        "shop_jwt_secret": secrets.token_urlsafe(48),
        "audit_key": secrets.token_urlsafe(32),
        "signing_key": secrets.token_hex(32),
        "internal_api_key": secrets.token_urlsafe(32),
        "webhook_secret": secrets.token_urlsafe(32),
    }


def _development_secrets(path: Path) -> dict[str, str]:
    """Secrets of a development machine: made once, readable by their owner only, complete as soon as they are there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _write_secret(path, _made_secrets(), replace=False)
    kept: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    if lacking := {name: value for name, value in _made_secrets().items() if name not in kept}:
        kept |= lacking
        _write_secret(path, kept, replace=True)
    return kept


def _write_secret(path: Path, content: dict[str, str], *, replace: bool) -> None:
    """Write whole or not at all; without `replace` the first of several writers wins."""
    handle, draft = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(content, file)
    if replace:
        Path(draft).replace(path)
        return
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    Path(draft).unlink()


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process.

    Raises:
        SetupError: A value cannot be used; the sentence names it, never what it held.
    """
    try:
        return Settings().with_development_secrets()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        reason = first["msg"].removeprefix("Value error, ")
        where = f"The setting {name} is wrong" if name else "The settings do not fit together"
        raise SetupError(f"{where}: {reason}. Mend it in .env or in the environment and start again.") from None
    except json.JSONDecodeError:
        raise SetupError(
            "secrets.json in DESK_HOME is damaged. Restore it from a backup or remove DESK_HOME."
        ) from None
