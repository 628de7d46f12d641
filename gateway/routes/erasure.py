"""The routes that delete accounts, which the gateway's class inherits."""

from typing import Any

from gateway.admission.callers import PUBLIC, SELF
from gateway.entrypoint import route
from gateway.requests.request import Request
from gateway.responses.cache_policy import CachePolicy
from gateway.responses.replies import Reply
from schemas import responses
from schemas.erasure import AccountDeletion
from schemas.errors import BusinessRuleViolation, Forbidden, NotFound


class ErasureRoutes:
    """Deleting an account, one's own or as an administrator, and asking how far that is."""

    # Any: a worker gets the service's methods in its place
    users: Any

    @route(
        "DELETE",
        "/api/users/me",
        body=AccountDeletion,
        asks_password=True,
        changes=[CachePolicy.ACCOUNT],
        status=202,
        shows=responses.AcceptedDeletion,
        refuses=[Forbidden, BusinessRuleViolation],
    )
    def delete_me(self, request: Request) -> Reply:
        """Delete your account, and everything that is held of you.

        At once nobody can sign in with it; ask at `Location`, without a token, when all is gone.
        """
        return _accepted(self.users.delete_account(request.user_id, request.body))

    @route(
        "DELETE",
        "/api/users/:id",
        # others are refused before the body is looked at, and as no wrong password
        caller=SELF,
        body=AccountDeletion,
        asks_password=True,
        status=202,
        shows=responses.AcceptedDeletion,
        refuses=[Forbidden, NotFound, BusinessRuleViolation],
    )
    def delete_user(self, request: Request) -> Reply:
        """Delete somebody's account, as an administrator; the password is yours.

        The last administrator who is not disabled can't be deleted.
        """
        return _accepted(self.users.delete_account_of(request.user_id, request.id, request.body))

    @route(
        "GET",
        "/api/users/deletions/:receipt",
        caller=PUBLIC,
        shows=responses.Deletion,
        refuses=[NotFound],
    )
    def get_deletion(self, request: Request) -> Reply:
        """Show how far the erasure of a deleted account is, to whoever has the receipt."""
        return Reply(self.users.get_deletion(request.path["receipt"]))


def _accepted(deletion: dict[str, Any]) -> Reply:
    return Reply(deletion, location=f"/api/users/deletions/{deletion['receipt']}")
