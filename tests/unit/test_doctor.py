"""The doctor finds what is missing, weak or unclassified."""

from sqlalchemy import text

from bot import doctor
from bot.demo.seed import seed
from bot.store.engine import make_engine


def test_a_desk_in_order_has_no_findings(settings):
    assert doctor.findings(settings) == []


def test_short_secrets_are_found_and_not_shown(settings):
    settings.engine_secret = "short-secret"
    (finding,) = doctor.findings(settings)
    assert "ENGINE_SECRET" in finding and "short-secret" not in finding


def test_secrets_that_others_can_read_are_found(settings):
    kept = settings.desk_home / "secrets.json"
    kept.write_text("{}")
    kept.chmod(0o644)
    assert any("chmod 600" in finding for finding in doctor.findings(settings))


def test_an_unclassified_column_is_found(settings, clock):
    settings.shop_database_url = f"sqlite:///{settings.desk_home / 'own-shop.sqlite3'}"
    engine = make_engine(settings.shop_database_url)
    seed(engine, clock.now().date())
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE orders ADD COLUMN nickname TEXT"))
    engine.dispose()
    assert any("nickname" in finding for finding in doctor.findings(settings))


def test_production_that_tells_people_behind_its_proxy_not_apart_is_found(settings):
    assert "TRUSTED_PROXIES" not in " ".join(doctor.findings(settings)), "without a proxy there is nothing to name"
    settings.environment = "production"
    assert "TRUSTED_PROXIES" in " ".join(doctor.findings(settings))
    settings.trusted_proxies = "10.0.0.5"
    assert "TRUSTED_PROXIES" not in " ".join(doctor.findings(settings))


def test_production_without_https_and_mail_is_found(settings):
    settings.environment = "production"
    found = " ".join(doctor.findings(settings))
    assert "PUBLIC_URL" in found and "SMTP_URL" in found


def test_mail_that_travels_in_the_open_is_found_in_production(settings):
    settings.environment, settings.smtp_url = "production", "smtp+plain://mail.example.com"
    assert any("unencrypted" in finding for finding in doctor.findings(settings))


def test_production_without_an_admin_or_with_a_staff_desk_others_can_read_is_found(settings):
    settings.environment, settings.staff_url = "production", "http://staff.shop.example.com"
    found = " ".join(doctor.findings(settings))
    assert "STAFF_URL" in found and "staff add NAME --role admin" in found


def test_a_missing_model_is_found(settings, monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "MODEL", tmp_path / "none.tar.gz")
    assert any("make train" in finding for finding in doctor.findings(settings))
