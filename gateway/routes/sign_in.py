"""The routes of signing in and out, which the gateway's class inherits."""

from typing import Any

from gateway.admission.callers import PUBLIC
from gateway.admission.rate_limits import LOGIN, REFRESH, REGISTER
from gateway.entrypoint import route
from gateway.requests.request import Request
from gateway.requests.token_cookies import with_tokens, without_cookie, without_tokens
from gateway.responses.cache_policy import CachePolicy
from gateway.responses.replies import Reply
from schemas import responses
from schemas.accounts import RefreshRequest
from schemas.errors import Conflict, Forbidden, Unauthorized
from schemas.users import Credentials, NewUser


class SignInRoutes:
    """Opening an account, and getting and ending the tokens of a session."""

    # Any: a worker gets the service's methods in its place
    users: Any

    @route(
        "POST",
        "/api/users/register",
        caller=PUBLIC,
        body=NewUser,
        limit=REGISTER,
        names_client=True,
        keeps_tokens=True,
        status=201,
        shows=responses.RegisteredUser,
        refuses=[Conflict, Forbidden],
    )
    def register(self, request: Request) -> Reply:
        """Open an account; the answer holds the first tokens."""
        user = self.users.register(request.body, client=request.client)
        return with_tokens(request.token_cookie, user, location=f"/api/users/{user['id']}")

    @route(
        "POST",
        "/api/users/login",
        caller=PUBLIC,
        body=Credentials,
        limit=LOGIN,
        names_client=True,
        keeps_tokens=True,
        shows=responses.SignedIn,
        refuses=[Unauthorized, Forbidden],
    )
    def login(self, request: Request) -> Reply:
        """Exchange e-mail and password for a token, and one to refresh it with."""
        tokens = self.users.login(request.body, client=request.client)
        return with_tokens(request.token_cookie, tokens)

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
        try:
            tokens = self.users.refresh(body, client=request.client)
        except Unauthorized as refused:
            raise refused if cookie is None else without_cookie(cookie, refused) from None
        return with_tokens(cookie, tokens)

    @route(
        "POST",
        "/api/users/logout",
        keeps_tokens=True,
        changes=[CachePolicy.ACCOUNT],
        shows=responses.SignedOut,
        refuses=[Forbidden],
    )
    def logout(self, request: Request) -> Reply:
        """Revoke the token that the request is made with, and end its session."""
        return without_tokens(request.token_cookie, self.users.logout(request.caller.token))
