"""The receiver in docs/webhooks.md, as a reader runs it."""

import os
import re
import subprocess
import sys
import time
import urllib.request
from urllib.error import HTTPError

import pytest

from schemas.webhooks import EVENTS, TEST
from services.notifications.rules.signing import new_secret, shown_secret, signed_headers
from stack.layout import CHECKOUT
from stack.ports import choose_anywhere
from tests.waiting import eventually

PAGE = (CHECKOUT / "docs" / "webhooks.md").read_text()
BODY = b'{"type": "webhook.test"}'


@pytest.fixture
def secret():
    return new_secret()


@pytest.fixture
def send(secret, tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "receiver.py"
    path.write_text(code)
    port = choose_anywhere(["receiver"])["receiver"]
    variables = {"WEBHOOK_SECRET": shown_secret(secret), "PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, path],
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )

    def post(headers, body=BODY):
        request = urllib.request.Request(f"http://127.0.0.1:{port}/", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status
        except HTTPError as refused:
            return refused.code
        except OSError:
            return None

    post.output = process.stdout
    yield post
    process.kill()
    process.wait()
    process.stdout.close()


def test_it_takes_what_is_ours_and_nothing_else(send, secret):
    now = int(time.time())
    good = signed_headers([secret], "evt_1", now, BODY)
    assert eventually(lambda: send(good)) == 204
    assert send.output.readline() == "evt_1 {'type': 'webhook.test'}\n"
    assert send(signed_headers([new_secret(), secret], "evt_2", now, BODY)) == 204
    assert send(good, BODY + b" ") == 401
    assert send(signed_headers([new_secret()], "evt_1", now, BODY)) == 401
    assert send(signed_headers([secret], "evt_1", now - 3600, BODY)) == 401


def test_it_has_about_twenty_lines():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len([line for line in code.splitlines() if line.strip()]) <= 22


def test_every_event_is_explained():
    named = set(re.findall(r"`([a-z]+\.[a-z]+)`", PAGE.partition("| type |")[2]))
    assert {*EVENTS, TEST} <= named
