"""Who calls, and who may."""

from dataclasses import dataclass, field
from enum import Enum

ADMIN = "admin"


class Access(Enum):
    """Who may use a route."""

    PUBLIC = "anybody; a token is not looked at"
    USER = "whoever is signed in"
    SELF = "the user whose id is in the path, and administrators"


PUBLIC, USER, SELF = Access.PUBLIC, Access.USER, Access.SELF


@dataclass(frozen=True)
class Caller:
    """The user that a token was given to."""

    user_id: int
    role: str
    token: str = field(repr=False)

    @property
    def is_admin(self) -> bool:
        """Whether this is an administrator."""
        return self.role == ADMIN
