"""The routes of new passwords for those who have forgotten theirs."""

from typing import Any

from gateway.admission.callers import PUBLIC
from gateway.admission.rate_limits import LOGIN
from gateway.entrypoint import route
from gateway.requests.request import Request
from gateway.responses.replies import Reply
from schemas import responses
from schemas.password_resets import PasswordReset, PasswordResetRequest


class PasswordResetRoutes:
    """Asking for a link to a new password, and choosing the password."""

    # Any: a worker gets the service's methods in its place
    users: Any

    @route(
        "POST",
        "/api/users/password-reset",
        caller=PUBLIC,
        body=PasswordResetRequest,
        limit=LOGIN,
        status=202,
        shows=responses.PasswordResetAccepted,
    )
    def request_password_reset(self, request: Request) -> Reply:
        """Have a link to a new password sent to an e-mail, if there is an account.

        The answer is the same for any e-mail. The link is good for an hour, once.
        """
        return Reply(self.users.request_password_reset(request.body))

    @route(
        "POST",
        "/api/users/password-reset/confirm",
        caller=PUBLIC,
        body=PasswordReset,
        limit=LOGIN,
        shows=responses.PasswordChanged,
    )
    def reset_password(self, request: Request) -> Reply:
        """Choose a new password with the token of a link, and be signed out everywhere."""
        return Reply(self.users.reset_password(request.body))
