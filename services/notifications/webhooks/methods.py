"""The part of the notifications service in which users make webhooks."""

from typing import Any

from schemas.errors import BusinessRuleViolation, NotFound
from schemas.loading import load
from schemas.pages import checked_id, checked_user
from schemas.webhooks import MOST_SECRETS, MOST_WEBHOOKS, NewWebhook, WebhookChanges
from services.dependencies.database import Database
from services.dependencies.rpc import rpc
from services.notifications.rules import addresses, signing
from services.notifications.webhooks import rows

NEW_WEBHOOK = NewWebhook()
WEBHOOK_CHANGES = WebhookChanges()


class WebhookMethods:
    """Making, changing and deleting webhooks, and giving them other secrets."""

    database: Database
    # Any: a worker gets the list in place of the provider
    hosts: Any

    @rpc
    def create_webhook(self, user_id: int, webhook: dict) -> dict[str, Any]:
        """Make a webhook, with a secret that is shown now and never again.

        Args:
            user_id: whose events it is told of.
            webhook: ``url``, ``events`` (a list of ``schemas.webhooks.EVENTS``) and, optionally,
                ``description``.

        Returns:
            As from ``get_webhook``, and ``"secret": "whsec_..."``.

        Raises:
            ValidationFailed: the values break rules; all faults are listed.
            InvalidParameter: the user's id can't be one.
            BusinessRuleViolation: the URL is not allowed, or the user has 10 webhooks.
            Unauthorized: the account was deleted.

        Example:
            ``n.rpc.notifications.create_webhook(1, {"url": "https://example.com/gym", "events":
            ["record.set"]})["secret"]``
        """
        user_id = checked_user(user_id)
        values = load(NEW_WEBHOOK, webhook)
        self._check_url(values["url"])
        secret = signing.new_secret()
        with self.database.together() as transaction:
            count = rows.count_for_another(transaction.send, transaction.fetch, user_id)
            if count >= MOST_WEBHOOKS:
                message = f"There are {MOST_WEBHOOKS} webhooks already; delete one first"
                raise BusinessRuleViolation.of(
                    "", message, "max_items", max_items=MOST_WEBHOOKS, received=count + 1
                )
            made = rows.insert(transaction.fetch, user_id, values, secret)
        return {**made, "secret": signing.shown_secret(secret)}

    @rpc
    def list_webhooks(self, user_id: int) -> list[dict[str, Any]]:
        """List a user's webhooks, without the secrets.

        Args:
            user_id: the user.

        Returns:
            A list of what ``get_webhook`` returns, the oldest first.

        Raises:
            InvalidParameter: the id can't be one.

        Example:
            ``n.rpc.notifications.list_webhooks(1)``
        """
        return rows.list_all(self.database.fetch, checked_user(user_id))

    @rpc
    def get_webhook(self, user_id: int, webhook_id: int) -> dict[str, Any]:
        """Return a webhook, without the secret.

        Args:
            user_id: whose it is.
            webhook_id: its id.

        Returns:
            ``{"id", "url", "description", "events", "is_enabled", "disabled_reason":
            "gone|failing", "failing_since", "previous_secret_until", "created_at", "updated_at"}``.
            ``disabled_reason`` is None unless the system has disabled it, ``failing_since`` None
            if the last attempt went well, ``previous_secret_until`` None if there is one secret.

        Raises:
            InvalidParameter: an id can't be one.
            NotFound: the user has no such webhook.

        Example:
            ``n.rpc.notifications.get_webhook(1, 4)``
        """
        user_id, webhook_id = checked_user(user_id), checked_id(webhook_id)
        return _existing(rows.get(self.database.fetch, user_id, webhook_id))

    @rpc
    def update_webhook(self, user_id: int, webhook_id: int, changes: dict) -> dict[str, Any]:
        """Change the fields of a webhook that are given.

        Args:
            user_id: whose it is.
            webhook_id: its id.
            changes: any of ``url``, ``events``, ``description`` (None clears it) and
                ``is_enabled``.

        Returns:
            As from ``get_webhook``.

        Raises:
            ValidationFailed: the values break rules; all faults are listed.
            InvalidParameter: an id can't be one.
            NotFound: the user has no such webhook.
            BusinessRuleViolation: the URL is not allowed.

        Example:
            ``n.rpc.notifications.update_webhook(1, 4, {"is_enabled": True})``
        """
        user_id, webhook_id = checked_user(user_id), checked_id(webhook_id)
        values = load(WEBHOOK_CHANGES, changes)
        found = _existing(rows.get(self.database.fetch, user_id, webhook_id))
        if "url" in values:
            self._check_url(values["url"])
        if not values:
            return found
        return _existing(rows.update(self.database.fetch, user_id, webhook_id, values))

    @rpc
    def delete_webhook(self, user_id: int, webhook_id: int) -> dict[str, Any]:
        """Delete a webhook and all its deliveries.

        Args:
            user_id: whose it is.
            webhook_id: its id.

        Returns:
            ``{"id", "deleted": True}``

        Raises:
            InvalidParameter: an id can't be one.
            NotFound: the user has no such webhook.

        Example:
            ``n.rpc.notifications.delete_webhook(1, 4)``
        """
        user_id, webhook_id = checked_user(user_id), checked_id(webhook_id)
        if not rows.delete(self.database.fetch, user_id, webhook_id):
            raise NotFound("There is no such webhook")
        return {"id": webhook_id, "deleted": True}

    @rpc
    def rotate_secret(self, user_id: int, webhook_id: int) -> dict[str, Any]:
        """Give a webhook another secret, which is shown now and never again.

        The one that it had holds for 24 hours more: until then messages are signed by it, too.

        Args:
            user_id: whose it is.
            webhook_id: its id.

        Returns:
            As from ``create_webhook``.

        Raises:
            InvalidParameter: an id can't be one.
            NotFound: the user has no such webhook.
            BusinessRuleViolation: 10 secrets hold already.

        Example:
            ``n.rpc.notifications.rotate_secret(1, 4)["secret"]``
        """
        user_id, webhook_id = checked_user(user_id), checked_id(webhook_id)
        secret = signing.new_secret()
        with self.database.together() as transaction:
            send, fetch = transaction.send, transaction.fetch
            _existing(rows.hold(fetch, user_id, webhook_id))
            count = 1 + rows.count_previous_secrets(fetch, webhook_id)
            if count >= MOST_SECRETS:
                message = (
                    f"{MOST_SECRETS} secrets of the webhook hold already, each for 24 hours after "
                    "it was replaced; wait for the first of them, or make another webhook"
                )
                raise BusinessRuleViolation.of(
                    "", message, "max_items", max_items=MOST_SECRETS, received=count + 1
                )
            found = _existing(rows.rotate(send, fetch, user_id, webhook_id, secret))
        return {**found, "secret": signing.shown_secret(secret)}

    def _check_url(self, url: str) -> None:
        try:
            addresses.read(url, self.hosts)
        except addresses.BadAddress as problem:
            raise BusinessRuleViolation.of("url", str(problem), "url", received=url) from None


def _existing(found: dict[str, Any] | None) -> dict[str, Any]:
    if found is None:
        raise NotFound("There is no such webhook")
    return found
