"""Whether the time of a refused login tells if an e-mail is known.

Usage: ``.venv/bin/python -m benchmarks.login_timing [tries]``

Starts a system of its own with bcrypt's cost as in earnest and without limits, sends 200 wrong
passwords for a known e-mail and 200 for unknown ones in random order, and compares the times with
the Mann-Whitney U test. Ends with 1 if p is 0.01 or less: then the two can be told apart.
"""

import http.client
import json
import math
import random
import sys
import time
import uuid
from statistics import NormalDist, median

from stack.testing import SETTINGS, running_system

TRIES = 200
WARM_UP = 10
LEAST_P = 0.01
COST = "10"
PASSWORD = "correct horse battery"


def mann_whitney_p(one: list[float], other: list[float]) -> float:
    """Return the two-sided p of two samples being of one distribution.

    By the normal approximation, with correction for ties and continuity; good from 20 values on.
    """
    ordered = sorted(one + other)
    ranks: dict[float, float] = {}
    ties = 0
    place = 0
    while place < len(ordered):
        end = place
        while end < len(ordered) and ordered[end] == ordered[place]:
            end += 1
        ranks[ordered[place]] = (place + 1 + end) / 2
        ties += (end - place) ** 3 - (end - place)
        place = end
    n, m = len(one), len(other)
    u = sum(ranks[value] for value in one) - n * (n + 1) / 2
    total = n + m
    deviation = math.sqrt(n * m / 12 * (total + 1 - ties / (total * (total - 1))))
    if deviation == 0:
        return 1.0
    z = max(abs(u - n * m / 2) - 0.5, 0) / deviation
    return 2 * (1 - NormalDist().cdf(z))


def measure(host: str, port: int, tries: int) -> tuple[list[float], list[float]]:
    """Return the seconds of refused logins with a known and with unknown e-mails."""
    connection = http.client.HTTPConnection(host, port, timeout=30)

    def post(path: str, email: str, password: str) -> tuple[float, int]:
        body = json.dumps({"email": email, "password": password})
        begun = time.perf_counter()
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        response.read()
        return time.perf_counter() - begun, response.status

    def unknown() -> str:
        return f"lifter-{uuid.uuid4().hex[:16]}@example.com"

    known = unknown()
    if post("/api/users/register", known, PASSWORD)[1] != 201:
        raise SystemExit("nobody could be registered")
    seconds: dict[bool, list[float]] = {True: [], False: []}
    order = [True, False] * tries
    random.shuffle(order)
    for number, is_known in enumerate([True, False] * WARM_UP + order):
        took, status = post("/api/users/login", known if is_known else unknown(), "wrong password")
        if status != 401:
            raise SystemExit(f"a login was answered {status}")
        if number >= 2 * WARM_UP:
            seconds[is_known].append(took)
    return seconds[True], seconds[False]


def main(tries: int = TRIES) -> int:
    """Measure, and print what was found."""
    with running_system(("gateway", "users"), SETTINGS | {"BCRYPT_COST": COST}) as system:
        host, _, port = system.address("gateway").rpartition(":")
        known, unknown = measure(host, int(port), tries)
    p = mann_whitney_p(known, unknown)
    for name, sample in (("known e-mail", known), ("unknown e-mail", unknown)):
        ordered = sorted(seconds * 1000 for seconds in sample)
        low, high = ordered[len(ordered) // 20], ordered[-len(ordered) // 20]
        print(
            f"{name:<15} {len(sample)} tries   median {median(ordered):7.2f} ms   "
            f"5 % under {low:7.2f} ms   5 % over {high:7.2f} ms"
        )
    print(f"Mann-Whitney p = {p:.3f} ({'alike' if p > LEAST_P else 'they can be told apart'})")
    return 0 if p > LEAST_P else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
