"""What is shown of users."""

from marshmallow import fields

from schemas.responses.base import Shown, choice, identity, instant, true, words
from schemas.users import ROLES


class User(Shown):
    """An account, as its owner and administrators see it."""

    id = identity()
    email = words("In lower case.")
    name = words(null=True)
    role = choice(ROLES)
    created_at = instant()


class RegisteredUser(User):
    """A new account, with a first token."""

    token = words("A bearer token, good for 24 hours.")


class SignedIn(Shown):
    """A token, and whose it is."""

    token = words("A bearer token, good for 24 hours.")
    user = fields.Nested(User, required=True)


class SignedOut(Shown):
    """The end of a token."""

    revoked = true()
