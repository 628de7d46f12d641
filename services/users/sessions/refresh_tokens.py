"""Refresh tokens: what they are made of, and what follows from one.

The database has the SHA-256 of a token, so whoever reads it can refresh nothing. What follows from
a token (its successor, and the id of the access token that comes with it) is computed from it and
the key of the tokens, so that the same answer can be given twice without keeping it.
"""

import base64
import hashlib
import hmac
import secrets

BYTES = 32

_SUCCESSOR, _ACCESS_TOKEN = b"refresh token", b"access token"


def new() -> str:
    """Return a random refresh token."""
    return _as_text(secrets.token_bytes(BYTES))


def hash_of(token: str) -> bytes:
    """Return what the database has of a token, which may be any text."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def successor_of(token: str, key: str) -> str:
    """Return the token that takes the place of a used one.

    Args:
        token: the used one.
        key: the secret key of access tokens.
    """
    return _as_text(_derived(_SUCCESSOR, token, key))


def access_token_id(token: str, key: str) -> str:
    """Return the claim ``jti`` of the access token that a refresh token is exchanged for.

    Args:
        token: the refresh token.
        key: the secret key of access tokens.
    """
    return _derived(_ACCESS_TOKEN, token, key).hex()[:BYTES]


def _derived(what: bytes, token: str, key: str) -> bytes:
    # a NUL ends the purpose, so that no purpose and token read like another pair
    return hmac.digest(key.encode(), what + b"\0" + token.encode(), "sha256")


def _as_text(token: bytes) -> str:
    return base64.urlsafe_b64encode(token).rstrip(b"=").decode()
