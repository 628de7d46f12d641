"""The rules of changing an account's e-mail."""

from schemas.fields import Email, about
from schemas.loading import Body
from schemas.users import AnySecret


class EmailChange(Body):
    """Body of a change of one's e-mail."""

    email = Email(required=True, metadata=about("The new one; kept in lower case."))
    password = AnySecret(required=True, metadata=about("The account's present one."))


class EmailConfirmation(Body):
    """Body of the confirmation of an e-mail."""

    token = AnySecret(required=True, metadata=about("What the link has behind `#token=`."))
