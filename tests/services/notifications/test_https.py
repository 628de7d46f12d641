"""Deliveries over https, which need a certificate of the host by an authority that is trusted."""

import pytest
from standardwebhooks.webhooks import Webhook

from tests.fakes.certificates import Authority, make_certificate
from tests.fakes.webhook_receiver import WebhookReceiver
from tests.waiting import eventually

pytestmark = pytest.mark.slow

HOST = "localhost"
TRUSTING = "notifications-trusting"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module", autouse=True)
def trusting(system, authority):
    """Run a process that trusts the tests' authority in the place of the usual one."""
    settings = {"SSL_CERT_FILE": str(authority.certificate), "WEBHOOK_HOSTS": f"{HOST}:*"}
    system.start_another("notifications", TRUSTING, settings)
    system.stop("notifications")
    yield
    system.start("notifications")
    system.stop(TRUSTING)


@pytest.fixture
def send(rpc, fresh_user, make_webhook):
    """Have a test sent to a URL; return the webhook, and the delivery once it was tried."""

    def make(url):
        webhook = make_webhook(url=url)
        rpc.notifications.test_webhook(fresh_user, webhook["id"])

        def is_tried():
            [found] = rpc.notifications.list_deliveries(fresh_user, webhook["id"])["items"]
            return (found["response_status"] or found["problem"]) and found

        return webhook, eventually(is_tried)

    return make


def test_a_certificate_of_the_host_is_good(authority, send):
    with WebhookReceiver(authority.sign(HOST)) as receiver:
        webhook, delivery = send(receiver.url)
    assert (delivery["status"], delivery["response_status"]) == ("delivered", 204)
    [message] = receiver.received
    assert Webhook(webhook["secret"]).verify(message.body, message.headers) == delivery["payload"]


def refused(receiver, send):
    """Return what the owner is told of a receiver that gets nothing."""
    with receiver:
        _, delivery = send(receiver.url)
    assert receiver.received == []
    assert (delivery["status"], delivery["response_status"]) == ("waiting", None)
    return delivery["problem"]


def test_one_of_another_host_is_not(authority, send):
    problem = refused(WebhookReceiver(authority.sign("elsewhere.example")), send)
    assert problem.startswith("No connection: the certificate is not valid (Hostname mismatch")


def test_one_that_nobody_has_signed_is_not(tmp_path, send):
    problem = refused(WebhookReceiver(make_certificate(tmp_path / "own.pem", HOST)), send)
    assert problem == "No connection: the certificate is not valid (self-signed certificate)"


def test_one_of_an_authority_that_is_not_trusted_is_not(tmp_path, send):
    problem = refused(WebhookReceiver(Authority(tmp_path).sign(HOST)), send)
    assert problem.startswith("No connection: the certificate is not valid (unable to get local")


def test_one_that_speaks_no_tls_is_told_nothing(send):
    with WebhookReceiver() as receiver:
        rest = receiver.url.split(":")[2]
        _, delivery = send(f"https://{HOST}:{rest}")
    assert delivery["problem"].startswith("No connection: TLS failed")
    assert receiver.received == []
