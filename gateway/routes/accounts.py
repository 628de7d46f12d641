"""The routes of one's own account, which the gateway's class inherits."""

from typing import Any

from gateway.admission.callers import SELF
from gateway.entrypoint import route
from gateway.openapi.contents import one_of, page_of
from gateway.requests.request import Request
from gateway.responses.cache_policy import CachePolicy
from gateway.responses.replies import Reply, page_reply
from schemas import responses, scopes
from schemas.accounts import PasswordChange
from schemas.errors import Forbidden, NotFound
from schemas.pages import Page
from schemas.profiles import ProfileChanges


class AccountRoutes:
    """One's own profile, and where one is signed in."""

    # Any: a worker gets the service's methods in its place
    users: Any

    @route("GET", "/api/users/me", scope=scopes.PROFILE_READ, shows=responses.Profile)
    def get_profile(self, request: Request) -> Reply:
        """Show your profile, and what you have set."""
        return Reply(self.users.get_profile(request.user_id))

    @route(
        "PUT",
        "/api/users/me",
        body=ProfileChanges,
        changes=[CachePolicy.ACCOUNT, CachePolicy.NUMBERS],
        shows=responses.Profile,
    )
    def update_profile(self, request: Request) -> Reply:
        """Change the fields that are given of your profile; null clears one."""
        return Reply(self.users.update_profile(request.user_id, request.body))

    @route(
        "PUT",
        "/api/users/me/password",
        body=PasswordChange,
        asks_password=True,
        changes=[CachePolicy.ACCOUNT],
        shows=responses.ChangedPassword,
        refuses=[Forbidden],
    )
    def change_password(self, request: Request) -> Reply:
        """Change your password, and end all your sessions but the one that the request is made in.

        Personal access tokens go on; delete those that somebody else may have.
        """
        session_id = request.caller.session_id
        changed = self.users.change_password(request.user_id, request.body, session_id=session_id)
        return Reply(changed)

    @route("GET", "/api/users/me/sessions", query=Page, shows=page_of(responses.Session))
    def list_sessions(self, request: Request) -> Reply:
        """List where you are signed in, what was used last first."""
        found = self.users.list_sessions(
            request.user_id, session_id=request.caller.session_id, **request.query
        )
        return page_reply(request.query, found)

    @route(
        "DELETE",
        "/api/users/me/sessions/:id",
        changes=[CachePolicy.ACCOUNT],
        shows=responses.EndedSession,
        refuses=[NotFound],
    )
    def end_session(self, request: Request) -> Reply:
        """End one of your sessions: its tokens are good for nothing any more."""
        return Reply(self.users.end_session(request.user_id, request.id))

    @route(
        "DELETE",
        "/api/users/me/sessions",
        changes=[CachePolicy.ACCOUNT],
        shows=responses.EndedSessions,
    )
    def end_other_sessions(self, request: Request) -> Reply:
        """End all your sessions but the one that the request is made in."""
        session_id = request.caller.session_id
        return Reply(self.users.end_other_sessions(request.user_id, session_id=session_id))

    @route(
        "GET",
        "/api/users/:id",
        scope=scopes.PROFILE_READ,
        caller=SELF,
        shows=one_of(responses.User, responses.Account),
        refuses=[Forbidden, NotFound],
    )
    def get_user(self, request: Request) -> Reply:
        """Show a profile: one's own, or any to an administrator, with whether it is disabled."""
        if request.caller.is_admin:
            return Reply(self.users.get(request.id, with_disabled=True))
        return Reply(self.users.get(request.id))
