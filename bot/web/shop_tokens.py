"""Proof of who speaks: the shop's signed, short-lived, single-use token."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt

from bot.config import Settings
from bot.errors import InvalidToken, SetupError

AUDIENCE = "privacy-desk"
_LONGEST_LIFE = 600
_LEEWAY = 5
_LONGEST_NUMBER = 64


@dataclass(frozen=True)
class ShopIdentity:
    """What a valid shop token says.

    Attributes:
        subject: The shop's customer id.
        jti: The token's own id, good once.
    """

    subject: str
    jti: str
    expires_at: datetime


class ShopTokens:
    """Checks shop tokens with the shop's shared secret (HS256) or its public keys (RS256, ES256)."""

    def __init__(self, settings: Settings) -> None:
        self._issuer = settings.shop_jwt_issuer
        self._secret = settings.shop_jwt_secret
        self._keys = _key_set(settings.shop_jwt_jwks) if settings.shop_jwt_jwks else None

    def check(self, token: str) -> ShopIdentity:
        """Who the shop says this is.

        Raises:
            InvalidToken: Wrong signature, issuer or audience, out of time, living longer than ten minutes, or a
                claim is missing. The sentence is the same for all of them.
        """
        try:
            key, algorithms = self._key_for(token)
            claims = jwt.decode(
                token,
                key,
                algorithms=algorithms,
                audience=AUDIENCE,
                issuer=self._issuer,
                leeway=_LEEWAY,
                options={"require": ["iss", "aud", "sub", "iat", "exp", "jti"]},
            )
        # TypeError: a key of the other algorithm; OverflowError: a time that no number holds
        except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError):
            raise InvalidToken from None
        subject, jti, times = claims["sub"], claims["jti"], (claims["iat"], claims["exp"])
        usable = _is_name(subject) and len(subject) <= _LONGEST_NUMBER and _is_name(jti)
        # The library also takes times that are written as text.
        if not usable or not all(type(time) in (int, float) for time in times):
            raise InvalidToken
        if not 0 < claims["exp"] - claims["iat"] <= _LONGEST_LIFE:
            raise InvalidToken
        return ShopIdentity(subject, jti, datetime.fromtimestamp(claims["exp"] + _LEEWAY, UTC))

    def _key_for(self, token: str) -> tuple[Any, list[str]]:
        header = jwt.get_unverified_header(token)
        if header.get("alg") == "HS256" and self._secret:
            return self._secret, ["HS256"]
        if header.get("alg") in ("RS256", "ES256") and self._keys is not None:
            return _public_key(self._keys, header), [header["alg"]]
        raise InvalidToken


def _public_key(keys: Any, header: dict[str, Any]) -> Any:
    """The key a token names, or the only one it can mean.

    Raises:
        KeyError, jwt.PyJWTError: There is no key of that name, or the keys cannot be fetched.
        ValueError: The token names no key, and not exactly one is for its algorithm.
    """
    fetched = isinstance(keys, jwt.PyJWKClient)
    if "kid" in header:
        return keys.get_signing_key(header["kid"]).key if fetched else keys[header["kid"]].key
    held = keys.get_jwk_set() if fetched else keys
    (only,) = (key for key in held if key.algorithm_name == header["alg"] and key.public_key_use in ("sig", None))
    return only.key


def _is_name(claim: object) -> bool:
    return isinstance(claim, str) and claim != "" and claim.isprintable()


def _key_set(source: str) -> Any:
    """Public keys from a URL, a file, or the JSON itself."""
    if source.startswith("https://"):
        return jwt.PyJWKClient(source, cache_keys=True, timeout=5)
    try:
        content = source if source.lstrip().startswith("{") else Path(source).read_text(encoding="utf-8")
        return jwt.PyJWKSet.from_json(content)
    except (OSError, ValueError, jwt.PyJWTError):
        raise SetupError("SHOP_JWT_JWKS is neither an https address, nor a file, nor a JSON key set.") from None
