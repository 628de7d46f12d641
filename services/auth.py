"""Tokens that say who somebody is: made by users, checked by the gateway.

A token is a JWT signed with HS256. It is good for 24 hours and can be revoked before, which is
another question (:mod:`services.dependencies.revocations`).

What a token says is from the moment it was made: a new name or role shows in the next one.
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
"""The clocks of those who make, revoke and check tokens may differ by so much."""

LATEST_MOMENT = 2**40
"""Beyond any date, and small enough that Redis can count the seconds until then."""

HEADER_FIELDS = {"alg", "typ"}
"""More, such as ``kid`` or ``jku``, would be advice on where to find the key: nobody takes it."""

REQUIRED_CLAIMS = ("user_id", "email", "role", "exp", "iat", "iss", "jti")

_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}")
_TOKEN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def issue(user: dict[str, Any], settings: Settings, now: float) -> str:
    """Make a token for a user.

    Args:
        user: ``id``, ``email``, ``name`` and ``role``.
        settings: hold the secret.
        now: seconds since the epoch.
    """
    claims = {
        "user_id": user["id"],
        "email": user["email"],
        "name": user["name"],
        "role": user["role"],
        "exp": int(now) + LIFETIME_SECONDS,
        "iat": int(now),
        "iss": ISSUER,
        "jti": uuid.uuid4().hex,
    }
    return jwt.encode(claims, settings.jwt_secret, algorithm=ALGORITHM)


def verify(token: object, settings: Settings, now: float) -> dict[str, Any]:
    """Return the claims of a token: ``user_id``, ``email``, ``name``, ``role``, ``jti`` and so on.

    Whether the token has been revoked is another question.

    Args:
        token: what the caller sent.
        settings: hold the secret.
        now: seconds since the epoch.

    Raises:
        Unauthorized: it is not a token of ours, or it has ended. The message does not say which.
    """
    claims = _signed_claims(token, settings.jwt_secret)
    if claims is None or not _are_sound(claims) or not _is_current(claims, now):
        raise Unauthorized("The token is not valid or has expired")
    return claims


def seconds_revoked(claims: dict[str, Any], now: float) -> int:
    """Return how long it must be noted that a token was revoked: until nobody takes it any more.

    Args:
        claims: the token's.
        now: seconds since the epoch.
    """
    return int(claims["exp"] - now) + 1 + LEEWAY_SECONDS


def _signed_claims(token: object, secret: str) -> dict[str, Any] | None:
    # the shape keeps out what PyJWT would forgive, such as padding
    if not isinstance(token, str) or not _SHAPE.fullmatch(token):
        return None
    try:
        parts = jwt.decode_complete(
            token,
            secret,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            # the moment is an argument here, so PyJWT's own clock stays out of it
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
    )


def _is_moment(value: object) -> bool:
    return type(value) is int and 0 <= value <= LATEST_MOMENT


def _is_current(claims: dict[str, Any], now: float) -> bool:
    return claims["iat"] <= now + LEEWAY_SECONDS and now < claims["exp"]
