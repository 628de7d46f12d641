"""The rules of personal access tokens."""

from datetime import date

from schemas.fields import Moment, SomeOf, Text, about
from schemas.loading import Body
from schemas.scopes import SCOPES

MOST_TOKENS = 50
"""Of a user, without those that have expired."""


class NewPersonalToken(Body):
    """Body of a new personal access token."""

    read_only = frozenset({"id", "token", "created_at", "last_used_at"})

    name = Text(
        required=True, min_length=1, max_length=100, metadata=about("What it is for, for oneself.")
    )
    scopes = SomeOf(SCOPES, required=True, metadata=about("What it is good for, and nothing else."))
    expires_at = Moment(
        earliest=date(2000, 1, 1), metadata=about("In the future; it never expires if left out.")
    )
