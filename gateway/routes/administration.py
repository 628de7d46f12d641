"""The routes of administrators, which the gateway's class inherits."""

from typing import Any

from gateway.admission.callers import ADMIN
from gateway.entrypoint import route
from gateway.openapi.contents import page_of
from gateway.requests.request import Request
from gateway.responses.replies import Reply, page_reply
from schemas import responses
from schemas.administration import AccountChanges, UserList
from schemas.errors import BusinessRuleViolation, NotFound


class AdministrationRoutes:
    """Looking after the accounts of others."""

    # Any: a worker gets the service's methods in its place
    users: Any

    @route(
        "GET",
        "/api/users",
        caller=ADMIN,
        query=UserList,
        shows=page_of(responses.Account),
    )
    def list_users(self, request: Request) -> Reply:
        """List the accounts, or search among them."""
        found = self.users.list_accounts(**request.query)
        return page_reply(request.query, found)

    @route(
        "PUT",
        "/api/users/:id",
        caller=ADMIN,
        body=AccountChanges,
        shows=responses.Account,
        refuses=[NotFound, BusinessRuleViolation],
    )
    def update_user(self, request: Request) -> Reply:
        """Change the role of an account, disable it or enable it again.

        It holds at once, also for tokens that are out. Disabling ends all sessions. The last
        administrator who can sign in stays one.
        """
        return Reply(self.users.update_account(request.id, request.body))
