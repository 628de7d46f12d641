"""Webhooks in the page: what one was told, and what came of it."""

import pytest

from tests.fakes.webhook_receiver import WebhookReceiver
from tests.waiting import eventually

pytestmark = pytest.mark.slow

EVENTS = ["workout.created", "record.set"]


def make(page, url):
    [made] = page.api("POST", "/api/webhooks", {"url": url, "events": EVENTS})
    page.open(f"settings/webhooks/{made['id']}")
    page.shows("Nothing within the last 30 days")
    return made


def test_one_is_made_and_its_secret_is_shown_once(signed_in):
    page = signed_in
    with WebhookReceiver() as receiver:
        page.open("settings")
        page.shows("Webhooks")
        url = page.find("input[name='url']")
        page.driver.execute_script("arguments[0].closest('details').open = true", url)
        page.type("input[name='url']", receiver.url)
        page.find("input[value='record.set']").click()
        page.find("input[name='url']").submit()
        page.shows("it is shown once: whsec_", "enabled · record.set")
        page.find("a[href^='#/settings/webhooks/']").click()
        page.is_at("Webhook")
        assert "whsec_" not in page.text()


def test_a_test_is_sent_and_its_delivery_is_shown(signed_in):
    page = signed_in
    with WebhookReceiver() as receiver:
        make(page, receiver.url)
        page.press("Send a test")
        page.says("A test is on its way")
        page.shows("webhook.test", "delivered", "204")
        [sent] = receiver.of_type("webhook.test")
        assert sent.content["data"]
        receiver.status = 500
        page.driver.execute_script("document.querySelector('#message').textContent = ''")
        page.find("button[aria-label^='Send again']").click()
        page.says("It is sent once more")
        eventually(lambda: len(receiver.of_type("webhook.test")) == 2)

        def is_shown():
            page.press("Look again")
            assert "500" in page.text()
            return True

        eventually(is_shown)


def test_the_secret_is_rotated(signed_in):
    page = signed_in
    with WebhookReceiver() as receiver:
        made = make(page, receiver.url)
        page.press("Make another secret")
        page.shows("it is shown once: whsec_")
        assert made["secret"] not in page.text()
        page.driver.refresh()
        page.shows("Messages are signed by the secret of before")


def test_one_that_was_disabled_is_enabled_again(signed_in):
    page = signed_in
    with WebhookReceiver() as receiver:
        made = make(page, receiver.url)
        receiver.status = 410
        page.press("Send a test")
        eventually(lambda: not page.api("GET", f"/api/webhooks/{made['id']}")[0]["is_enabled"])
        page.driver.refresh()
        page.shows("disabled, as the receiver answered that it is gone")
        receiver.status = 204
        page.press("Enable it")
        page.says("Saved")
        page.shows("enabled")
        page.press("Disable it")
        page.says("Saved")
        page.shows("disabled")


def test_one_is_changed_and_deleted(signed_in):
    page = signed_in
    with WebhookReceiver() as receiver:
        made = make(page, receiver.url)
        page.type("input[name='description']", "The display in the hall")
        page.find("input[value='summary.weekly']").click()
        page.press("Save")
        page.is_at("The display in the hall")
        [changed] = page.api("GET", f"/api/webhooks/{made['id']}")
        assert sorted(changed["events"]) == sorted([*EVENTS, "summary.weekly"])
        page.press("Delete the webhook")
        page.says("The webhook is deleted")
        assert page.api("GET", "/api/webhooks") == []
