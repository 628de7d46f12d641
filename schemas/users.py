"""The rules of users: registration and login."""

from schemas.constraints import excerpt, validation_error
from schemas.fields import BaseField, Email, Password, Text, about
from schemas.loading import Body

LONGEST_NAME = 100
ABOUT_NAME = "What to call the person."


class NewUser(Body):
    """Body of a registration."""

    read_only = frozenset({"id", "role", "created_at", "token", "refresh_token", "expires_in"})

    email = Email(required=True, metadata=about("Kept in lower case; nobody else may have it."))
    password = Password(required=True, metadata=about("None of the 10,000 commonest."))
    name = Text(max_length=LONGEST_NAME, metadata=about(ABOUT_NAME))


class _AnyText(BaseField):
    """Text that is only compared. A login with an impossible address is a wrong login, not an
    invalid body: the response must not tell the two apart.
    """

    secret = False

    def _deserialize(self, value: object, *_: object, **__: object) -> str:
        if not isinstance(value, str):
            received = {} if self.secret else {"received": excerpt(value)}
            raise validation_error(
                f"{self.label} must be text", "type", expected="string", **received
            )
        return value


class AnySecret(_AnyText):
    """Such text that no error repeats."""

    secret = True


class Credentials(Body):
    """Body of a login."""

    email = _AnyText(required=True, metadata=about("As it was registered; case does not matter."))
    password = AnySecret(required=True, metadata=about("As it was registered."))
