"""The routes of one's own account, which the gateway's class inherits."""

from typing import Any

from gateway.admission.callers import PUBLIC
from gateway.admission.rate_limits import REFRESH
from gateway.entrypoint import route
from gateway.openapi.contents import page_of
from gateway.requests.request import Request
from gateway.requests.token_cookies import with_tokens
from gateway.responses.cache_policy import CachePolicy
from gateway.responses.paging import describe_page
from gateway.responses.replies import Reply
from schemas import responses, scopes
from schemas.accounts import PasswordChange, RefreshRequest
from schemas.errors import Forbidden, NotFound, Unauthorized
from schemas.pages import Page
from schemas.profiles import ProfileChanges


class AccountRoutes:
    """One's own profile, staying signed in, and where one is signed in."""

    # Any: a worker gets the service's methods in its place
    users: Any

    @route(
        "POST",
        "/api/users/token/refresh",
        caller=PUBLIC,
        body=RefreshRequest,
        limit=REFRESH,
        names_client=True,
        keeps_tokens=True,
        shows=responses.RefreshedTokens,
        refuses=[Unauthorized, Forbidden],
    )
    def refresh_token(self, request: Request) -> Reply:
        """Exchange a refresh token for a new token and a new refresh token.

        A refresh token is good once. If it is sent again within 10 seconds it gets the same answer;
        later it ends its session, as it must have been stolen.
        """
        cookie = request.token_cookie
        body = request.body if cookie is None else {"refresh_token": cookie.token}
        return with_tokens(cookie, self.users.refresh(body, client=request.client))

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
        return Reply(found["items"], page=describe_page(request.query, found["total"]))

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
