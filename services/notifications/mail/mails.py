"""What sends mails: asks where each goes, says what is to be said there, and hands it over."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from schemas.errors import GymError, NotFound
from services.dependencies.database import Database
from services.dependencies.mail.handing_over import way_out
from services.dependencies.mail.messages import Mail
from services.dependencies.mail.outbox import Waiting
from services.dependencies.mail.sending import Sender
from services.dependencies.mail.texts import Texts
from services.notifications.mail.rows import OUTBOX, WEEKLY_SUMMARY
from services.notifications.rules import weekly_mail
from services.observability.outages import Outage
from services.process import budgets
from services.process.settings import SETTINGS_KEY

TEXTS = Texts(Path(__file__).parent / "templates")

UNSUBSCRIBE_PAGE = "unsubscribe"
UNSUBSCRIBE_ROUTE = "api/mail/unsubscribe"

Ask = Callable[[int], dict[str, Any]]
"""``mail_recipient`` of the users service."""


class Mails(DependencyProvider):
    """Sends mails, if that is set up; all workers share it."""

    def setup(self) -> None:
        """Read the settings."""
        settings = self.container.config[SETTINGS_KEY].mail
        self._public_url: str = settings.public_url
        hand_over = way_out(settings)
        self._sender = hand_over and Sender(OUTBOX, hand_over)
        self._outage = Outage("mails", "they wait")

    def get_dependency(self, worker_ctx: WorkerContext) -> "Mails":
        """Return the provider itself."""
        return self

    @property
    def is_on(self) -> bool:
        """Whether mails can be sent."""
        return self._sender is not None

    def send_due(self, database: Database, ask: Ask) -> None:
        """Send what is due, for some seconds; while a service is away the mails wait.

        Args:
            database: where they are.
            ask: tells where they go.
        """
        if self._sender is None:
            return
        until = time.monotonic() + budgets.MAILS_TURN_SECONDS
        make = partial(self._make, ask)
        try:
            self._sender.send_due(database.fetch, make, goes_on=lambda: time.monotonic() < until)
        except GymError as problem:
            self._outage.begin(str(problem))
        else:
            self._outage.end()

    def _make(self, ask: Ask, waiting: Waiting) -> Mail | None:
        """Return a mail as its recipient wants it now; None if they want none, or are gone."""
        kind, content = waiting.columns
        try:
            recipient = ask(waiting.user_id)
        except NotFound:
            return None
        if kind != WEEKLY_SUMMARY:
            return _mail(waiting, recipient, content)
        if not recipient["weekly_summary_mail"]:
            return None
        token = recipient["unsubscribe_token"]
        values = weekly_mail.values(content, recipient["weight_unit"])
        page = f"{self._public_url}/{UNSUBSCRIBE_PAGE}#token={token}"
        return replace(
            _mail(waiting, recipient, {**values, "unsubscribe_link": page}),
            headers=_one_click(f"{self._public_url}/{UNSUBSCRIBE_ROUTE}?token={token}"),
        )


def _mail(waiting: Waiting, recipient: Mapping[str, Any], values: Mapping[str, Any]) -> Mail:
    kind, _ = waiting.columns
    text = TEXTS.render(kind, recipient["locale"], **values)
    # users has mails of its own, with ids of their own
    name = f"notifications-{waiting.id}"
    return Mail(name, waiting.user_id, recipient["email"], text, waiting.created_at)


def _one_click(link: str) -> dict[str, str]:
    """Return the headers by which a mail program can unsubscribe (RFC 2369, RFC 8058)."""
    return {
        "List-Unsubscribe": f"<{link}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
