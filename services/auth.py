"""Access tokens: made by the users service, verified by the gateway.

A token is a JWT signed with HS256. It is good for 24 hours, unless its session ends before. Whether
it has, and which role the user has now, is known by :mod:`services.users.token_checks`.
"""

import re
import uuid
from typing import Any

import jwt

from schemas.errors import Unauthorized
from schemas.names import PUBLIC_NAMES
from schemas.pages import is_id
from schemas.roles import ROLES
from services.process.settings import Settings

ALGORITHM = "HS256"
ISSUER = PUBLIC_NAMES["users"]
LIFETIME_SECONDS = 24 * 3600
LEEWAY_SECONDS = 120
"""How far the clocks of the hosts that make, revoke and verify tokens may differ."""

LATEST_MOMENT = 2**40
"""Beyond any date, and small enough for Redis to take the seconds until then as an expiry."""

HEADER_FIELDS = {"alg", "typ"}
"""Others, such as ``kid`` or ``jku``, would let the sender choose the key, and are refused."""

REQUIRED_CLAIMS = ["user_id", "email", "role", "exp", "iat", "iss", "jti"]

_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}")
_TOKEN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def issue(
    user: dict[str, Any],
    settings: Settings,
    now: float,
    session_id: int | None = None,
    token_id: str | None = None,
) -> str:
    """Make a token for a user.

    Args:
        user: ``id``, ``email``, ``name`` and ``role``.
        settings: have the secret.
        now: Unix time.
        session_id: the session that the token ends with; None for a token of the version before,
            which has no claim that names one.
        token_id: the claim ``jti``; a random one if it is None.
    """
    claims: dict[str, Any] = {
        "user_id": user["id"],
        "email": user["email"],
        "name": user["name"],
        "role": user["role"],
        "exp": int(now) + LIFETIME_SECONDS,
        "iat": int(now),
        "iss": ISSUER,
        "jti": token_id or uuid.uuid4().hex,
    }
    if session_id is not None:
        claims["session_id"] = session_id
    return jwt.encode(claims, settings.jwt_secret, algorithm=ALGORITHM)


def verify(token: object, settings: Settings, now: float) -> dict[str, Any]:
    """Return the claims of a token: ``user_id``, ``email``, ``name``, ``role``, ``jti`` and so on.

    ``session_id`` is not among those of the version before.

    Args:
        token: as the client sent it.
        settings: have the secret.
        now: Unix time.

    Raises:
        Unauthorized: it is not a token of ours, or it has expired. The message does not say which.
    """
    claims = _signed_claims(token, settings.jwt_secret)
    if claims is None or not _are_sound(claims) or not _is_current(claims, now):
        raise Unauthorized("The token is not valid or has expired")
    return claims


def seconds_revoked(claims: dict[str, Any], now: float) -> int:
    """Return for how many seconds a revocation must be kept: until every clock has seen the end.

    Args:
        claims: those of the revoked token.
        now: Unix time.
    """
    return int(claims["exp"] - now) + 1 + LEEWAY_SECONDS


def _signed_claims(token: object, secret: str) -> dict[str, Any] | None:
    # PyJWT accepts more than one spelling of a token, such as with padding; this does not
    if not isinstance(token, str) or not _SHAPE.fullmatch(token):
        return None
    try:
        parts = jwt.decode_complete(
            token,
            secret,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            # exp and iat are checked below, against `now`: PyJWT takes the clock of the process
            options={"require": REQUIRED_CLAIMS, "verify_exp": False, "verify_iat": False},
        )
    except jwt.InvalidTokenError:
        return None
    return parts["payload"] if parts["header"].keys() <= HEADER_FIELDS else None


def _are_sound(claims: dict[str, Any]) -> bool:
    return (
        is_id(claims["user_id"])
        and isinstance(claims["email"], str)
        and "name" in claims
        and isinstance(claims["name"], str | None)
        and claims["role"] in ROLES
        and _is_moment(claims["exp"])
        and _is_moment(claims["iat"])
        and bool(_TOKEN_ID.fullmatch(claims["jti"]))
        and ("session_id" not in claims or is_id(claims["session_id"]))
    )


def _is_moment(value: object) -> bool:
    return type(value) is int and 0 <= value <= LATEST_MOMENT


def _is_current(claims: dict[str, Any], now: float) -> bool:
    return claims["iat"] <= now + LEEWAY_SECONDS and now < claims["exp"]
