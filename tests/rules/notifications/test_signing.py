"""Signatures, held against the library of Standard Webhooks."""

import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from services.notifications.rules.signing import new_secret, shown_secret, signed_headers

BODY = b'{"type":"record.set","data":{"exercise_name":"Kniebeuge, tief"}}'


def test_the_library_verifies_ours():
    secret = new_secret()
    headers = signed_headers([secret], "evt_1", int(time.time()), BODY)
    assert Webhook(shown_secret(secret)).verify(BODY, headers)["type"] == "record.set"


def test_both_secrets_verify_while_one_replaces_the_other():
    new, old, other = new_secret(), new_secret(), new_secret()
    headers = signed_headers([new, old], "evt_1", int(time.time()), BODY)
    for secret in (new, old):
        Webhook(shown_secret(secret)).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(shown_secret(other)).verify(BODY, headers)


@pytest.mark.parametrize(
    "change",
    [{"webhook-id": "evt_2"}, {"webhook-timestamp": str(int(time.time()) - 1)}],
)
def test_whatever_is_signed_can_t_be_changed(change):
    secret = new_secret()
    headers = signed_headers([secret], "evt_1", int(time.time()), BODY) | change
    with pytest.raises(WebhookVerificationError):
        Webhook(shown_secret(secret)).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(shown_secret(secret)).verify(BODY + b" ", headers)


def test_it_is_the_example_of_the_specification():
    # of the library's own tests
    webhook = Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed_headers(
        [webhook._whsecret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
