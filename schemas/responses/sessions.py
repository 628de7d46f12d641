"""Responses about sessions."""

from marshmallow import fields

from schemas.accounts import REFRESH_TOKEN_DAYS
from schemas.responses.base import (
    ResponseSchema,
    always_true,
    count,
    flag,
    identifier,
    text,
    timestamp,
)

ABOUT_TOKEN = "A bearer token, good for 24 hours."


def refresh_token() -> fields.String:
    """Make the field of a refresh token."""
    about = (
        f"Good once, within {REFRESH_TOKEN_DAYS} days, for `POST /api/users/token/refresh`. "
        "Null if a page has it in a cookie."
    )
    return text(about, null=True)


def expires_in() -> fields.Integer:
    """Make the field that says how long the token lasts."""
    return count("For so many seconds the token is good.")


class RefreshedTokens(ResponseSchema):
    """A token, and the refresh token to go on with."""

    token = text(ABOUT_TOKEN)
    refresh_token = refresh_token()
    expires_in = expires_in()


class Session(ResponseSchema):
    """Where somebody is signed in."""

    id = identifier()
    device = text("What the client says that it is (`User-Agent`).", null=True)
    address = text("Whence it was last used; of IPv6 the network.", null=True)
    created_at = timestamp()
    last_used_at = timestamp("Of the log-in, or of the latest refresh.")
    expires_at = timestamp("Unless it is refreshed before.")
    is_current = flag("Whether the request is made in it.")


class EndedSession(ResponseSchema):
    """The end of a session."""

    id = identifier()
    ended = always_true()


class ChangedPassword(ResponseSchema):
    """The change of a password."""

    changed = always_true()
    sessions_ended = count("All others than the one that the request was made in.")


class EndedSessions(ResponseSchema):
    """The end of all other sessions."""

    count = count("How many there were.")
