"""The routes that change the e-mail of an account."""

from typing import Any

from gateway.admission.callers import PUBLIC
from gateway.admission.rate_limits import LOGIN
from gateway.entrypoint import route
from gateway.openapi import link_examples
from gateway.requests.request import Request
from gateway.responses.replies import Reply
from schemas import responses
from schemas.email_changes import EmailChange, EmailConfirmation
from schemas.errors import Conflict, Forbidden, NotFound


class EmailChangeRoutes:
    """Asking for another e-mail, and confirming it."""

    # Any: a worker gets the service's methods in its place
    users: Any

    @route(
        "PUT",
        "/api/users/me/email",
        asks_password=True,
        body=EmailChange,
        shows=responses.ChangedEmail,
        refuses=[Forbidden, NotFound, Conflict],
        unfinished=link_examples.EMAIL_TO_CONFIRM,
    )
    def change_email(self, request: Request) -> Reply:
        """Change your e-mail; where mail is set up, a link in a mail to the new one confirms it.

        The link is good for a day, once, and until you ask for another change. At most 5 changes a
        day can be asked for.
        """
        changed = self.users.change_email(request.user_id, request.body)
        if changed.get("confirmed"):
            return Reply(changed)
        return Reply(changed, location=f"/api/users/{request.user_id}", is_unfinished=True)

    @route(
        "POST",
        "/api/users/email-change/confirm",
        caller=PUBLIC,
        body=EmailConfirmation,
        limit=LOGIN,
        shows=responses.ConfirmedEmail,
        refuses=[Conflict],
    )
    def confirm_email(self, request: Request) -> Reply:
        """Confirm the new e-mail of an account with the token of a link."""
        return Reply(self.users.confirm_email(request.body))
