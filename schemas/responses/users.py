"""Responses about users."""

from marshmallow import fields

from schemas.responses.base import ResponseSchema, always_true, choice, identifier, text, timestamp
from schemas.responses.sessions import ABOUT_TOKEN, expires_in, refresh_token
from schemas.roles import ROLES


class User(ResponseSchema):
    """An account, as its owner and administrators see it."""

    id = identifier()
    email = text("In lower case.")
    name = text(null=True)
    role = choice(ROLES)
    created_at = timestamp()


class RegisteredUser(User):
    """A new account, with a first token."""

    token = text(ABOUT_TOKEN)
    refresh_token = refresh_token()
    expires_in = expires_in()


class SignedIn(ResponseSchema):
    """A token, and whose it is."""

    token = text(ABOUT_TOKEN)
    refresh_token = refresh_token()
    expires_in = expires_in()
    user = fields.Nested(User, required=True)


class SignedOut(ResponseSchema):
    """The end of a token, and of its session."""

    revoked = always_true()
