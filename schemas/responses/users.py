"""What is shown of users."""

from marshmallow import fields

from schemas.responses.base import ResponseSchema, always_true, choice, identifier, text, timestamp
from schemas.users import ROLES


class User(ResponseSchema):
    """An account, as its owner and administrators see it."""

    id = identifier()
    email = text("In lower case.")
    name = text(null=True)
    role = choice(ROLES)
    created_at = timestamp()


class RegisteredUser(User):
    """A new account, with a first token."""

    token = text("A bearer token, good for 24 hours.")


class SignedIn(ResponseSchema):
    """A token, and whose it is."""

    token = text("A bearer token, good for 24 hours.")
    user = fields.Nested(User, required=True)


class SignedOut(ResponseSchema):
    """The end of a token."""

    revoked = always_true()
