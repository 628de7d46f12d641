"""The rules of what administrators do with accounts."""

from schemas.fields import Flag, OneOf, Sort, Text, about
from schemas.loading import Body
from schemas.pages import Page
from schemas.roles import ROLES

SORT_FIELDS = ["id", "email", "name", "created_at"]


class UserList(Page):
    """Query of the list of accounts."""

    q = Text(max_length=100, metadata=about("Part of the e-mail or of the name, in any capitals."))
    sort = Sort(SORT_FIELDS, metadata=about("`id` if not given."))


class AccountChanges(Body):
    """Body of a change of an account by an administrator: the fields that are given."""

    null_clears = True
    read_only = frozenset({"id", "created_at"})

    role = OneOf(ROLES, allow_none=False, metadata=about("What the account may do."))
    disabled = Flag(
        allow_none=False, metadata=about("Whether nobody can sign in; disabling ends all sessions.")
    )
