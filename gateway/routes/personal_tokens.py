"""The routes of personal access tokens, which the gateway's class inherits."""

from typing import Any

from gateway.entrypoint import route
from gateway.openapi.contents import list_of
from gateway.requests.request import Request
from gateway.responses.cache_policy import CachePolicy
from gateway.responses.replies import Reply
from schemas import responses
from schemas.errors import BusinessRuleViolation, NotFound
from schemas.personal_tokens import NewPersonalToken


class PersonalTokenRoutes:
    """Letting scripts in, with less than everything."""

    # Any: a worker gets the service's methods in its place
    users: Any

    @route(
        "POST",
        "/api/users/me/tokens",
        body=NewPersonalToken,
        status=201,
        shows=responses.NewlyMadeToken,
        refuses=[BusinessRuleViolation],
    )
    def create_personal_token(self, request: Request) -> Reply:
        """Make a personal access token for a script, which is shown now and never again.

        It is sent as a bearer token, and is good for the routes of its scopes.
        """
        token = self.users.create_personal_token(request.user_id, request.body)
        return Reply(token, location=f"/api/users/me/tokens/{token['id']}")

    @route("GET", "/api/users/me/tokens", shows=list_of(responses.PersonalToken))
    def list_personal_tokens(self, request: Request) -> Reply:
        """List your personal access tokens, without the secrets."""
        return Reply(self.users.list_personal_tokens(request.user_id))

    @route(
        "DELETE",
        "/api/users/me/tokens/:id",
        changes=[CachePolicy.ACCOUNT],
        shows=responses.DeletedToken,
        refuses=[NotFound],
    )
    def delete_personal_token(self, request: Request) -> Reply:
        """Delete a personal access token; nothing is let in with it any more."""
        return Reply(self.users.delete_personal_token(request.user_id, request.id))
