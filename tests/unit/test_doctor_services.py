"""The doctor finds what would let others read, invent or withhold what the shop's services are told."""

import pytest
from sqlalchemy import text

from bot import doctor
from bot.demo.seed import seed
from bot.store.engine import make_engine

LONG = "w" * 40
GOOD = {
    "webhook_urls": "https://a.example.com/hook",
    "webhook_secret": LONG,
    "internal_api_key": f"{LONG},{LONG}",
    "audit_key": LONG,
    "signing_key": "0123456789abcdefABCDEF" + "0" * 42,
    "veto_url": "https://a.example.com/veto",
}


def found(settings, **values):
    for name, value in (GOOD | values).items():
        setattr(settings, name, value)
    return doctor.findings(settings)


def test_services_that_are_set_up_well_give_no_finding(settings):
    assert not [finding for finding in found(settings) if "make train" not in finding]


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"webhook_secret": "short-one"}, "WEBHOOK_SECRET"),
        ({"webhook_secret": ""}, "WEBHOOK_SECRET"),
        ({"webhook_urls": "a.example.com/hook"}, "Address 1 of WEBHOOK_URLS"),
        ({"internal_api_key": f"{LONG},short-one"}, "INTERNAL_API_KEY"),
        ({"audit_key": "short-one"}, "AUDIT_KEY"),
        ({"signing_key": "0" * 63}, "SIGNING_KEY"),
        ({"signing_key": "0" * 63 + "g"}, "SIGNING_KEY"),
        ({"signing_key": "00 " * 21 + "0"}, "SIGNING_KEY"),
        ({"veto_url": "a.example.com/veto"}, "VETO_URL"),
    ],
)
def test_what_is_weak_is_named_and_never_shown(settings, values, named):
    (finding,) = [finding for finding in found(settings, **values) if "make train" not in finding]
    assert named in finding
    assert "short-one" not in finding and "example.com" not in finding and "000000" not in finding


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"webhook_urls": "https://a.example.com/hook, http://b.example.com/hook"}, "Address 2 of WEBHOOK_URLS"),
        ({"veto_url": "http://a.example.com/veto"}, "VETO_URL"),
    ],
)
def test_in_production_nothing_goes_over_a_way_others_can_read(settings, values, named):
    assert not [finding for finding in found(settings, **values) if named in finding]
    settings.environment = "production"
    assert [finding for finding in found(settings, **values) if named in finding]


def test_a_table_of_choices_the_desk_cannot_write_to_is_found(settings, clock):
    settings.shop_database_url = f"sqlite:///{settings.desk_home / 'own-shop.sqlite3'}"
    engine = make_engine(settings.shop_database_url)
    seed(engine, clock.now().date())
    with engine.begin() as connection:
        made = connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = 'consents'"))
        connection.execute(text("DROP TABLE consents"))
        connection.execute(
            text(made.replace("recorded_at DATETIME NOT NULL", "recorded_at DATETIME NOT NULL, form TEXT NOT NULL"))
        )
    engine.dispose()
    datamap = settings.datamap.read_text(encoding="utf-8")
    settings.datamap = settings.desk_home / "datamap.yml"
    settings.datamap.write_text(
        datamap.replace("      recorded_at: Chosen\n", "      recorded_at: Chosen\n      form: Form\n")
    )
    (finding,) = [finding for finding in found(settings) if "table of choices" in finding]
    assert "form" in finding
