"""Signatures by the Standard Webhooks specification, 1.0.0 (standardwebhooks.com)."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

from schemas.webhooks import SECRET_PREFIX

SECRET_BYTES = 32
"""The specification asks for 24 to 64."""

_SCHEME = "v1"


def new_secret() -> bytes:
    """Return a random secret."""
    return secrets.token_bytes(SECRET_BYTES)


def shown_secret(secret: bytes) -> str:
    """Return a secret as its owner gives it to a library."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def signed_headers(
    keys: Iterable[bytes], event_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """Return the headers by which a receiver knows a message to be ours.

    Args:
        keys: the secrets, the newest first; there is a signature by each.
        event_id: the same for all attempts.
        timestamp: of this attempt, in Unix seconds.
        body: as it is sent.
    """
    content = f"{event_id}.{timestamp}.".encode() + body
    signatures = (hmac.new(key, content, hashlib.sha256).digest() for key in keys)
    texts = (f"{_SCHEME},{base64.b64encode(signature).decode()}" for signature in signatures)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(texts),
    }
