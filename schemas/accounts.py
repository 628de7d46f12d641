"""The rules of accounts that are signed in: tokens, sessions, settings."""

from schemas.fields import Password, about
from schemas.loading import Body
from schemas.users import AnySecret

REFRESH_TOKEN_DAYS = 60
"""A refresh token is good for so long, and a session for so long after its latest one."""


class RefreshRequest(Body):
    """Body of a refresh of tokens."""

    refresh_token = AnySecret(
        required=True, metadata=about("As it came with a log-in, or with the refresh before.")
    )


class PasswordChange(Body):
    """Body of a change of one's password."""

    old_password = AnySecret(required=True, metadata=about("The one that is good now."))
    new_password = Password(required=True, metadata=about("None of the 10,000 commonest."))
