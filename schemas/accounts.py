"""The rules of accounts that are signed in: tokens, sessions, settings."""

from schemas.fields import about
from schemas.loading import Body
from schemas.users import AnySecret


class RefreshRequest(Body):
    """Body of a refresh of tokens."""

    refresh_token = AnySecret(
        required=True, metadata=about("As it came with a log-in, or with the refresh before.")
    )
