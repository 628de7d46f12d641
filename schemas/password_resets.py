"""The rules of new passwords for those who have forgotten theirs."""

from schemas.fields import Password, about
from schemas.loading import Body
from schemas.users import AnySecret


class PasswordResetRequest(Body):
    """Body of a request for a link to a new password."""

    email = AnySecret(
        required=True, metadata=about("Of the account. Any text gets the same answer.")
    )


class PasswordReset(Body):
    """Body of the choice of a new password."""

    token = AnySecret(required=True, metadata=about("What the link has behind `#token=`."))
    new_password = Password(required=True, metadata=about("None of the 10,000 commonest."))
