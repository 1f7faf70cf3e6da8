"""Who the shop says is speaking."""

import json
import time
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from bot.errors import InvalidToken, SessionExpired, SetupError
from bot.web.sessions import Sessions
from bot.web.shop_tokens import ShopTokens


def claims(**changed):
    now = int(time.time())
    given = {"iss": "shop", "aud": "privacy-desk", "sub": "1001", "iat": now, "exp": now + 300, "jti": "one"}
    return {name: value for name, value in (given | changed).items() if value is not None}


def signed(key="s" * 40, algorithm="HS256", headers=None, **changed):
    return jwt.encode(claims(**changed), key, algorithm=algorithm, headers=headers)


def test_a_good_token_names_its_customer(settings):
    assert ShopTokens(settings).check(signed()).subject == "1001"


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "iat", "exp", "jti"])
def test_a_token_without_one_of_its_claims_is_refused(settings, claim):
    with pytest.raises(InvalidToken):
        ShopTokens(settings).check(signed(**{claim: None}))


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "another shop"},
        {"aud": "another desk"},
        {"exp": int(time.time()) - 60, "iat": int(time.time()) - 120},
        {"exp": int(time.time()) + 3600},
        {"iat": int(time.time()) + 3600, "exp": int(time.time()) + 3700},
        {"sub": ""},
        {"sub": "x" * 65},
        {"jti": ""},
        {"jti": "half of a letter \ud83d"},
        {"sub": "1001\x00"},
        {"exp": str(int(time.time()) + 300)},
        {"iat": str(int(time.time()))},
        {"exp": float("inf")},
        {"iat": True},
    ],
    ids=[
        "issuer", "audience", "expired", "lives too long", "from the future", "nobody", "endless id", "no jti",
        "jti no text", "no number", "end as text", "begin as text", "no end", "begin no time",
    ],
)  # fmt: skip
def test_a_token_that_says_the_wrong_thing_is_refused(settings, changed):
    with pytest.raises(InvalidToken):
        ShopTokens(settings).check(signed(**changed))


@pytest.mark.parametrize("token", ["", "x", "a.b.c", signed(key="t" * 40), signed(key="s" * 64, algorithm="HS512")])
def test_a_token_with_a_wrong_signature_is_refused(settings, token):
    with pytest.raises(InvalidToken):
        ShopTokens(settings).check(token)


def test_an_unsigned_token_is_refused(settings):
    with pytest.raises(InvalidToken):
        ShopTokens(settings).check(jwt.encode(claims(), None, algorithm="none"))


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_public_keys_of_the_shop_are_accepted_and_foreign_ones_are_not(settings, algorithm):
    made = rsa.generate_private_key(65537, 2048) if algorithm == "RS256" else ec.generate_private_key(ec.SECP256R1())
    foreign = rsa.generate_private_key(65537, 2048) if algorithm == "RS256" else ec.generate_private_key(ec.SECP256R1())
    other = rsa.generate_private_key(65537, 2048) if algorithm == "ES256" else ec.generate_private_key(ec.SECP256R1())
    writer = RSAAlgorithm if algorithm == "RS256" else ECAlgorithm
    public = json.loads(writer.to_jwk(made.public_key())) | {"kid": "k1", "alg": algorithm, "use": "sig"}
    settings.shop_jwt_jwks = json.dumps({"keys": [public]})
    tokens = ShopTokens(settings)
    for headers in ({"kid": "k1"}, None):
        assert tokens.check(signed(made, algorithm, headers)).subject == "1001"
    for bad in (
        signed(foreign, algorithm, {"kid": "k1"}),
        signed(foreign, algorithm),
        signed(made, algorithm, {"kid": "k2"}),
        signed(other, "ES256" if algorithm == "RS256" else "RS256", {"kid": "k1"}),
    ):
        with pytest.raises(InvalidToken):
            tokens.check(bad)


@pytest.mark.parametrize("fetched", [False, True], ids=["in the settings", "at an address"])
def test_a_token_that_names_no_key_is_accepted_only_where_no_second_key_can_be_meant(settings, monkeypatch, fetched):
    made, second, encrypts = (rsa.generate_private_key(65537, 2048) for _ in range(3))
    elliptic = ec.generate_private_key(ec.SECP256R1())

    def tokens(*keys):
        published = {"keys": [json.loads(key) | more for key, more in keys]}
        monkeypatch.setattr(jwt.PyJWKClient, "fetch_data", lambda _client: published)
        settings.shop_jwt_jwks = "https://shop.example.com/keys.json" if fetched else json.dumps(published)
        return ShopTokens(settings)

    first = RSAAlgorithm.to_jwk(made.public_key()), {}
    beside = [
        (RSAAlgorithm.to_jwk(encrypts.public_key()), {"use": "enc"}),
        (ECAlgorithm.to_jwk(elliptic.public_key()), {"use": "sig"}),
    ]
    alone = tokens(first, *beside)
    assert alone.check(signed(made, "RS256")).subject == "1001"
    assert alone.check(signed(elliptic, "ES256")).subject == "1001"
    several = tokens(first, *beside, (RSAAlgorithm.to_jwk(second.public_key()), {"kid": "second"}))
    assert several.check(signed(second, "RS256", {"kid": "second"})).subject == "1001"
    for bad in (
        *(signed(key, "RS256") for key in (made, second, encrypts)),
        signed(second, "RS256", {"kid": "first"}),
        signed(second, "RS256", {"kid": ""}),
    ):
        with pytest.raises(InvalidToken):
            several.check(bad)
    for bad in (signed(encrypts, "RS256"), signed(second, "RS256")):
        with pytest.raises(InvalidToken):
            alone.check(bad)


def test_key_sets_that_cannot_be_read_stop_the_start(settings):
    settings.shop_jwt_jwks = "no-such-file.json"
    with pytest.raises(SetupError):
        ShopTokens(settings)


def test_a_shop_token_opens_one_session_only(desk):
    sessions = Sessions(desk)
    token = signed(jti="used twice")
    assert sessions.open(f"Bearer {token}").conversation_id
    with pytest.raises(InvalidToken):
        sessions.open(f"Bearer {token}")


def test_a_customer_the_shop_does_not_have_gets_no_session(desk):
    with pytest.raises(InvalidToken):
        Sessions(desk).open(f"Bearer {signed(sub='no-such-customer')}")


def test_a_bad_token_never_falls_back_to_an_anonymous_session(desk):
    for header in ("Bearer", "Bearer ", "Basic abc", "Bearer nonsense", ""):
        with pytest.raises(InvalidToken):
            Sessions(desk).open(header)


def test_a_session_token_opens_its_own_conversation_and_no_other(desk):
    sessions = Sessions(desk)
    mine, other = sessions.open(f"Bearer {signed(jti='a')}"), sessions.open(None)
    assert sessions.conversation(f"Bearer {mine.token}") == (mine.conversation_id, "1001")
    assert sessions.conversation(f"Bearer {other.token}") == (other.conversation_id, None)
    for header in (None, "", "Bearer", f"Bearer {mine.token}x", f"Bearer {mine.conversation_id}"):
        with pytest.raises(SessionExpired):
            sessions.conversation(header)


def test_a_session_ends_with_its_time(desk, monkeypatch):
    sessions = Sessions(desk)
    opened = sessions.open(None)
    from bot.clocks import FixedClock
    from bot.web import sessions as module

    monkeypatch.setattr(module, "_machine", FixedClock(opened.expires_at - timedelta(seconds=1)))
    assert sessions.conversation(f"Bearer {opened.token}")[0] == opened.conversation_id
    monkeypatch.setattr(module, "_machine", FixedClock(opened.expires_at))
    with pytest.raises(SessionExpired):
        sessions.conversation(f"Bearer {opened.token}")


def test_the_session_token_is_nowhere_in_the_database(desk):
    opened = Sessions(desk).open(None)
    with desk.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM sessions").all()
    assert opened.token not in str(rows)
