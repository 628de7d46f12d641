"""Responses about users."""

from marshmallow import fields

from schemas.responses.base import ResponseSchema, always_true, choice, identifier, text, timestamp
from schemas.roles import ROLES

_ABOUT_TOKEN = "A bearer token, good for 24 hours."


class User(ResponseSchema):
    """An account, as its owner and administrators see it."""

    id = identifier()
    email = text("In lower case.")
    name = text(null=True)
    role = choice(ROLES)
    created_at = timestamp()


class RegisteredUser(User):
    """A new account, with a first token."""

    token = text(_ABOUT_TOKEN)


class SignedIn(ResponseSchema):
    """A token, and whose it is."""

    token = text(_ABOUT_TOKEN)
    user = fields.Nested(User, required=True)


class SignedOut(ResponseSchema):
    """The end of a token."""

    revoked = always_true()
