"""Both Redis are lost for good under load, and their addresses lead to others.

Once these are replicas that were promoted, as by Sentinel, once empty ones. What a replica has is
of another run, and what is cached there is believed no more than if it were empty.
"""

import time
from contextlib import ExitStack

import pytest

from stack.testing import SETTINGS, running_system
from tests.api.conftest import register
from tests.api.http_client import Client
from tests.fakes.redis_servers import RealRedis
from tests.faults.checking import check
from tests.faults.lifters import DONE, Crowd
from tests.faults.networks import Network
from tests.scale.conftest import directory
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(400)

LIFTERS = 6
SECONDS = 30
AWAY_SECONDS = 3


class Address:
    """An address behind which there is a Redis, with a replica."""

    def __init__(self, stack):
        self._stack = stack
        self._server, self._replica = self._start(), self._start()
        self._replica.client.replicaof("127.0.0.1", self._server.port)
        self.network = stack.enter_context(Network(self._server.port))

    def has_a_copy(self):
        return self._replica.client.info("replication")["master_link_status"] == "up"

    def keys(self):
        return self._server.client.dbsize()

    def lose(self):
        self._server.stop()

    def promote(self):
        self._replica.client.replicaof("NO", "ONE")
        self._lead_to(self._replica)

    def begin_anew(self):
        self._lead_to(self._start())

    def _lead_to(self, server):
        self._server = server
        self.network.lead_to(server.port)

    def _start(self):
        server = RealRedis()
        self._stack.callback(server.remove)
        return server


@pytest.fixture(scope="module")
def addresses():
    with ExitStack() as stack:
        yield [Address(stack), Address(stack)]


@pytest.fixture(scope="module")
def system(addresses):
    caches, counters = (address.network.port for address in addresses)
    settings = SETTINGS | {
        "RATE_LIMIT_API": "6000/minute",
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(caches),
        "REDIS_COUNTERS_HOST": "127.0.0.1",
        "REDIS_COUNTERS_PORT": str(counters),
    }
    with running_system(settings=settings, directory=directory("redis")) as running:
        yield running


def test_nobody_notices_but_by_the_time(system, addresses, capsys):
    http = Client(system.url)
    gone = register(http)
    assert http.post("/api/users/logout", token=gone.token).status_code == 200
    said = []
    with Crowd(system, lifters=LIFTERS) as crowd:
        eventually(lambda: crowd.has_done(100), SECONDS)
        for change in (Address.promote, Address.begin_anew):
            if change is Address.promote:
                eventually(lambda: all(address.has_a_copy() for address in addresses), SECONDS)
            assert all(address.keys() for address in addresses)
            for address in addresses:
                address.lose()
            end = time.monotonic() + AWAY_SECONDS
            eventually(lambda end=end: time.monotonic() > end, SECONDS)
            for address in addresses:
                change(address)
            written = len(crowd.answers)
            eventually(lambda since=written: len(crowd.answers) > since + 300, SECONDS)
            # it is used again
            eventually(lambda: all(address.keys() for address in addresses), SECONDS)
            assert http.get("/api/users/me", token=gone.token).status_code == 401
            said.append((change.__name__, len(crowd.answers), crowd.worst_seconds))
    # lifters note each answer that is older than what they have written
    tally = check(crowd)
    assert (tally.lost, tally.doubled) == (0, 0)
    assert {*crowd.statuses} <= {*DONE}
    with capsys.disabled():
        print(f"\n{said}, {dict(crowd.statuses)}")
