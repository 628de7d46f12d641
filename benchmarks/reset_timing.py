"""Whether time tells if the e-mail of a request for a new password is known.

Usage: ``.venv/bin/python -m benchmarks.reset_timing [tries]``

Starts a system of its own without limits, asks for new passwords of 200 accounts and of 200 e-mails
without one in random order, and compares the times with the Mann-Whitney U test: those of the
answers, and those of another request sent at once after each, which the work for the first may
hold up. Ends with 1 if a p is 0.01 or less: then the two can be told apart.
"""

import http.client
import json
import random
import sys
import time
import uuid
from statistics import median

from benchmarks.login_timing import LEAST_P, mann_whitney_p
from stack.testing import SETTINGS, running_system

TRIES = 200
WARM_UP = 20
PASSWORD = "correct horse battery"

Sample = dict[bool, list[float]]
"""Seconds, by whether the e-mail was known."""


def measure(host: str, port: int, tries: int) -> tuple[Sample, Sample]:
    """Return the seconds of the answers, and of what was asked at once after each."""
    connection = http.client.HTTPConnection(host, port, timeout=30)

    def post(path: str, body: dict) -> tuple[float, int]:
        begun = time.perf_counter()
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        response.read()
        return time.perf_counter() - begun, response.status

    def ask(email: str) -> float:
        took, status = post("/api/users/password-reset", {"email": email})
        if status != 202:
            raise SystemExit(f"a request was answered {status}")
        return took

    known = [unknown() for _ in range(tries + WARM_UP)]
    for email in known:
        if post("/api/users/register", {"email": email, "password": PASSWORD})[1] != 201:
            raise SystemExit("somebody could not be registered")
    order = [True, False] * tries
    random.shuffle(order)
    answers: Sample = {True: [], False: []}
    following: Sample = {True: [], False: []}
    for number, is_known in enumerate([True, False] * WARM_UP + order):
        took = ask(known.pop() if is_known else unknown())
        then = ask(unknown())
        if number >= 2 * WARM_UP:
            answers[is_known].append(took)
            following[is_known].append(then)
        # the work for one is not to be seen in the next
        time.sleep(0.05)
    return answers, following


def unknown() -> str:
    """Return an e-mail that nobody has."""
    return f"lifter-{uuid.uuid4().hex[:16]}@example.com"


def main(tries: int = TRIES) -> int:
    """Measure, and print what was found."""
    with running_system(("gateway", "users"), SETTINGS) as system:
        host, _, port = system.address("gateway").rpartition(":")
        samples = measure(host, int(port), tries)
    told = False
    for what, sample in zip(("the answer", "the next answer"), samples, strict=True):
        p = mann_whitney_p(sample[True], sample[False])
        told = told or p <= LEAST_P
        medians = [median(sample[is_known]) * 1000 for is_known in (True, False)]
        print(
            f"{what:<16} median {medians[0]:6.2f} ms for known e-mails, {medians[1]:6.2f} ms for "
            f"others; p = {p:.3f} ({'alike' if p > LEAST_P else 'they can be told apart'})"
        )
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
