"""The route by which mails end that come of themselves."""

from typing import Any

from gateway.admission.callers import PUBLIC
from gateway.entrypoint import route
from gateway.requests.request import Request
from gateway.responses.replies import Reply
from schemas import responses
from schemas.mail import Unsubscription


class MailRoutes:
    """Ending the weekly mail."""

    # Any: a worker gets the service's methods in its place
    users: Any

    @route(
        "POST",
        "/api/mail/unsubscribe",
        caller=PUBLIC,
        query=Unsubscription,
        shows=responses.EndedMail,
    )
    def end_weekly_mail(self, request: Request) -> Reply:
        """End the mails about your weeks with the token of a link in one of them.

        Mail programs do so with one click (RFC 8058); the form that they send is not looked at.
        `weekly_summary_mail` of your profile begins them anew.
        """
        return Reply(self.users.end_weekly_mail(request.query["token"]))
