"""The routes of webhooks, which the gateway's class inherits."""

from typing import Any

from gateway.entrypoint import route
from gateway.openapi.contents import list_of, page_of
from gateway.requests.request import Request
from gateway.responses.replies import Reply, page_reply
from schemas import responses, scopes
from schemas.errors import BusinessRuleViolation, NotFound
from schemas.pages import Page
from schemas.webhooks import NewWebhook, WebhookChanges


class WebhookRoutes:
    """Having other programs told of what happens."""

    # Any: a worker gets the service's methods in its place
    notifications: Any

    @route(
        "POST",
        "/api/webhooks",
        scope=scopes.WEBHOOKS_WRITE,
        body=NewWebhook,
        status=201,
        shows=responses.NewlyMadeWebhook,
        refuses=[BusinessRuleViolation],
    )
    def create_webhook(self, request: Request) -> Reply:
        """Have events sent to an address of yours, signed with a secret that is shown only now.

        Messages follow the Standard Webhooks specification; a user has at most 10 webhooks.
        """
        made = self.notifications.create_webhook(request.user_id, request.body)
        return Reply(made, location=f"/api/webhooks/{made['id']}")

    @route(
        "GET",
        "/api/webhooks",
        scope=scopes.WEBHOOKS_WRITE,
        shows=list_of(responses.Webhook),
    )
    def list_webhooks(self, request: Request) -> Reply:
        """List your webhooks, without the secrets."""
        return Reply(self.notifications.list_webhooks(request.user_id))

    @route(
        "GET",
        "/api/webhooks/:id",
        scope=scopes.WEBHOOKS_WRITE,
        shows=responses.Webhook,
        refuses=[NotFound],
    )
    def get_webhook(self, request: Request) -> Reply:
        """Show a webhook, and since when deliveries to it fail, if they do."""
        return Reply(self.notifications.get_webhook(request.user_id, request.id))

    @route(
        "PUT",
        "/api/webhooks/:id",
        scope=scopes.WEBHOOKS_WRITE,
        body=WebhookChanges,
        shows=responses.Webhook,
        refuses=[NotFound, BusinessRuleViolation],
    )
    def update_webhook(self, request: Request) -> Reply:
        """Change the fields that are given of a webhook; null clears one."""
        changed = self.notifications.update_webhook(request.user_id, request.id, request.body)
        return Reply(changed)

    @route(
        "DELETE",
        "/api/webhooks/:id",
        scope=scopes.WEBHOOKS_WRITE,
        shows=responses.DeletedWebhook,
        refuses=[NotFound],
    )
    def delete_webhook(self, request: Request) -> Reply:
        """Delete a webhook and its deliveries."""
        return Reply(self.notifications.delete_webhook(request.user_id, request.id))

    @route(
        "POST",
        "/api/webhooks/:id/rotate-secret",
        scope=scopes.WEBHOOKS_WRITE,
        shows=responses.NewlyMadeWebhook,
        refuses=[NotFound, BusinessRuleViolation],
    )
    def rotate_secret(self, request: Request) -> Reply:
        """Give a webhook another secret, which is shown only now.

        The one that it had holds for 24 hours more: until then messages have a signature by it,
        too. At most 10 secrets of a webhook hold at a time.
        """
        return Reply(self.notifications.rotate_secret(request.user_id, request.id))

    @route(
        "POST",
        "/api/webhooks/:id/test",
        scope=scopes.WEBHOOKS_WRITE,
        status=202,
        shows=responses.Delivery,
        refuses=[NotFound, BusinessRuleViolation],
    )
    def test_webhook(self, request: Request) -> Reply:
        """Have a message of the type `webhook.test` sent; its deliveries show what came of it.

        At most 100 within a day, and none while 1,000 deliveries wait for the webhook.
        """
        made = self.notifications.test_webhook(request.user_id, request.id)
        return Reply(made, location=f"/api/webhooks/{request.id}/deliveries")

    @route(
        "GET",
        "/api/webhooks/:id/deliveries",
        scope=scopes.WEBHOOKS_WRITE,
        query=Page,
        shows=page_of(responses.Delivery),
        refuses=[NotFound],
    )
    def list_deliveries(self, request: Request) -> Reply:
        """List what a webhook was told within the last 30 days, newest first.

        A page has payloads of 1 MiB in all; those beyond are null, and a smaller page has them.
        """
        found = self.notifications.list_deliveries(request.user_id, request.id, **request.query)
        return page_reply(request.query, found)

    @route(
        "POST",
        "/api/webhooks/:id/deliveries/:delivery/redeliver",
        scope=scopes.WEBHOOKS_WRITE,
        status=202,
        shows=responses.Delivery,
        refuses=[NotFound, BusinessRuleViolation],
    )
    def redeliver(self, request: Request) -> Reply:
        """Have a delivery sent once more, with the same `webhook-id`.

        Not while 1,000 others wait for the webhook.
        """
        delivery_id = request.path["delivery"]
        found = self.notifications.redeliver(request.user_id, request.id, delivery_id)
        return Reply(found, location=f"/api/webhooks/{request.id}/deliveries")
