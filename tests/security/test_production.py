"""As a shop runs it: no demo, the shop's own database and tokens."""

import time
from datetime import date
from uuid import uuid4

import httpx
import jwt
import pytest
from cryptography.fernet import Fernet

from bot.demo.seed import seed
from bot.store.engine import make_engine
from tests.stack import Stack

SECRET = "a shared secret of forty characters, or more"


@pytest.fixture(scope="module")
def production(tmp_path_factory):
    home = tmp_path_factory.mktemp("production")
    shop = f"sqlite:///{home / 'the-shops-own.sqlite3'}"
    engine = make_engine(shop)
    seed(engine, date(2026, 11, 23))
    engine.dispose()
    desk = Stack(home, {
        "ENVIRONMENT": "production", "DEMO": "0", "SHOP_DATABASE_URL": shop, "SHOP_JWT_SECRET": SECRET,
        "ENCRYPTION_KEYS": Fernet.generate_key().decode(), "ENGINE_SECRET": "e" * 40,
        "AUDIT_KEY": "a" * 40, "SIGNING_KEY": "5e" * 32, "INTERNAL_API_KEY": "i" * 40,
        "SMTP_URL": "smtp+plain://127.0.0.1:9",
    })  # fmt: skip
    desk.start()
    yield desk
    desk.stop()


def token(**changed):
    now = int(time.time())
    claims = {"iss": "shop", "aud": "privacy-desk", "sub": "1001", "iat": now, "exp": now + 60, "jti": uuid4().hex}
    return jwt.encode(claims | changed, SECRET, "HS256")


@pytest.mark.parametrize("path", ["/", "/demo/customers", "/demo/inbox?to=amelia.hartley@example.com", "/demo/clock"])
def test_nothing_of_the_demo_is_there(production, path):
    assert httpx.get(production.url + path, trust_env=False).status_code == 404
    assert httpx.post(production.url + path, json={"customer_id": "1001"}, trust_env=False).status_code in (404, 405)


def test_a_customer_of_the_shop_signs_in_with_the_shops_token_and_sees_their_data(production):
    with httpx.Client(base_url=production.url, timeout=40, trust_env=False) as http:
        opened = http.post("/api/v1/sessions", headers={"Authorization": f"Bearer {token()}"})
        assert opened.status_code == 201
        http.headers["Authorization"] = f"Bearer {opened.json()['token']}"
        shown = http.post("/api/v1/messages", json={"text": "What do you know about me?"}).json()["messages"][0]
    assert shown["card"]["kind"] == "access_summary"
    assert "amelia.hartley@example.com" not in str(shown)


def test_no_secrets_file_is_made_in_production(production):
    assert not (production.home / "secrets.json").exists()


def test_a_used_token_opens_nothing(production):
    once = {"Authorization": f"Bearer {token()}"}
    assert httpx.post(f"{production.url}/api/v1/sessions", headers=once, trust_env=False).status_code == 201
    assert httpx.post(f"{production.url}/api/v1/sessions", headers=once, trust_env=False).status_code == 401
