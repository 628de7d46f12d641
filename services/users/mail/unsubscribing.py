"""Tokens that end a user's weekly mail, and do nothing else.

They don't expire, as a mail may be opened years later, and are stored nowhere: a token is its
user's id and an HMAC of it.
"""

import base64
import hmac
import re

from schemas.limits import LARGEST_ID

_PURPOSE = b"weekly mail"
_TOKEN = re.compile(r"([1-9][0-9]{0,18})-([A-Za-z0-9_-]{43})", re.ASCII)


def token_of(user_id: int, key: str) -> str:
    """Return the token of a user.

    Args:
        user_id: whose mails it ends.
        key: the secret key of access tokens.
    """
    return f"{user_id}-{_signature(user_id, key)}"


def user_of(token: object, key: str) -> int | None:
    """Return whose token it is; None if it is none of ours.

    Args:
        token: what somebody has sent as one.
        key: the secret key of access tokens.
    """
    found = _TOKEN.fullmatch(token) if isinstance(token, str) else None
    if found is None:
        return None
    user_id = int(found[1])
    is_ours = hmac.compare_digest(found[2], _signature(user_id, key))
    return user_id if is_ours and user_id <= LARGEST_ID else None


def _signature(user_id: int, key: str) -> str:
    # a NUL ends the purpose, as in refresh_tokens; no signed part of an access token has one
    signed = hmac.digest(key.encode(), _PURPOSE + b"\0" + str(user_id).encode(), "sha256")
    return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()
