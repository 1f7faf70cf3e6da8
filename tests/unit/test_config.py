"""Settings: clear sentences for what cannot be used, safe defaults, secrets kept to their owner."""

import socket
import stat

import pytest

from bot import config
from bot.config import PROJECT, Settings, get_settings
from bot.errors import SetupError
from bot.processes import refuse_taken_ports


@pytest.fixture
def fresh(monkeypatch, tmp_path):
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    monkeypatch.setenv("DESK_HOME", str(tmp_path))
    get_settings.cache_clear()
    yield monkeypatch
    get_settings.cache_clear()


def test_internal_ports_follow_the_public_one(fresh):
    fresh.setenv("PORT", "9100")
    settings = get_settings()
    assert (settings.engine_port, settings.actions_port, settings.internal_port) == (9101, 9102, 9103)
    assert (settings.desk_port, settings.staff_url) == (9104, "http://127.0.0.1:9104")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("SESSION_HOURS", "0"),
        ("ENVIRONMENT", "staging"),
        ("DEMO", "perhaps"),
        ("ALLOWED_ORIGINS", "*"),
        ("ALLOWED_ORIGINS", "https://shop.example.com,https://*.example.com"),
        ("TRUSTED_PROXIES", "*"),
        ("TRUSTED_PROXIES", "10.0.0.5, proxy.example.com"),
        ("TRUSTED_PROXIES", "0.0.0.0/0"),
        ("TRUSTED_PROXIES", "10.1.0.0/16,::/0"),
    ],
)
def test_a_broken_value_is_named_and_never_repeated(fresh, name, value):
    fresh.setenv(name, value)
    with pytest.raises(SetupError) as refused:
        get_settings()
    assert name in refused.value.detail
    assert value not in refused.value.detail


def test_an_empty_value_means_the_default(fresh):
    fresh.delenv("DESK_HOME")
    defaults = Settings()
    for name in Settings.model_fields:
        fresh.setenv(name.upper(), "")
    assert Settings() == defaults


@pytest.mark.parametrize(
    ("listens", "reached"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("192.0.2.20", "192.0.2.20")],
)
def test_the_public_door_is_reached_where_it_listens(fresh, listens, reached):
    fresh.setenv("LISTEN_HOST", listens)
    settings = get_settings()
    assert settings.web_url == settings.public_url == f"http://{reached}:8000"


def test_an_address_that_is_none_of_this_machine_is_told_from_a_taken_port(fresh):
    fresh.setenv("LISTEN_HOST", "192.0.2.20")
    with pytest.raises(SetupError, match="LISTEN_HOST is no address of this machine"):
        refuse_taken_ports(get_settings())
    fresh.delenv("LISTEN_HOST")
    get_settings.cache_clear()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        fresh.setenv("PORT", str(taken.getsockname()[1]))
        with pytest.raises(SetupError, match="is taken by another program"):
            refuse_taken_ports(get_settings())


def test_demo_mode_is_refused_in_production(fresh):
    fresh.setenv("ENVIRONMENT", "production")
    with pytest.raises(SetupError, match="DEMO"):
        get_settings()


def test_production_names_every_missing_secret(fresh):
    fresh.setenv("ENVIRONMENT", "production")
    fresh.setenv("DEMO", "0")
    with pytest.raises(SetupError) as refused:
        get_settings()
    for name in ("ENCRYPTION_KEYS", "ENGINE_SECRET", "SHOP_DATABASE_URL", "SHOP_JWT_SECRET", "SMTP_URL"):
        assert name in refused.value.detail


def test_development_secrets_are_made_once_and_readable_by_their_owner_only(fresh, tmp_path):
    first = get_settings().engine_secret
    get_settings.cache_clear()
    assert get_settings().engine_secret == first
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


def test_secrets_made_by_many_processes_at_once_are_the_same_for_all(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: config._development_secrets(tmp_path / "secrets.json"), range(8)))
    assert all(each == made[0] for each in made)
    assert [path.name for path in tmp_path.iterdir()] == ["secrets.json"]


def test_the_example_names_every_setting_and_no_other():
    lines = (PROJECT / ".env.example").read_text(encoding="utf-8").splitlines()
    named = {line.partition("=")[0].lower() for line in lines if "=" in line and not line.startswith("#")}
    assert named == set(Settings.model_fields)


def test_the_defaults_of_the_example_are_the_defaults(fresh):
    from dotenv import dotenv_values

    example = dotenv_values(PROJECT / ".env.example")
    plain = {name: value for name, value in example.items() if value and name not in ("DESK_HOME",)}
    given = Settings(_env_file=None, **{name.lower(): value for name, value in plain.items()})
    assert given.model_dump(exclude={"desk_home"}) == Settings(_env_file=None).model_dump(exclude={"desk_home"})


def test_a_database_address_that_cannot_be_read_is_not_repeated():
    from bot.store.engine import make_engine

    with pytest.raises(SetupError) as refused:
        make_engine("not an address with:password")
    assert "password" not in refused.value.detail.replace("user:password@host", "")


def test_the_module_holds_no_settings_at_import():
    assert not any(isinstance(value, Settings) for value in vars(config).values())
