"""Four gateways of one system behind nginx, as ``deploy/nginx.conf`` has it, under load."""

import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from requests.adapters import HTTPAdapter

from stack.testing import SETTINGS, running_system
from tests.api.conftest import register
from tests.api.http_client import Client
from tests.api.test_live_changes import Listener
from tests.faults.checking import check
from tests.faults.lifters import DONE, WRITES, Crowd, Lifter
from tests.scale.balancer import Balancer, find_nginx
from tests.scale.conftest import directory
from tests.services.logbook import ago
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(400)

NAMES = ("gateway", "gateway-2", "gateway-3", "gateway-4")
LIFTERS = 8
SECONDS = 60
COUNTED_SECONDS = 30
ROUNDS = 10
LIMIT = 3000
# until the kernel has closed what a killed process had open, when all processors are busy
CLOSED_SECONDS = 1
LIST = "/api/workouts?sort=created_at:desc"
NEW = "staple of a correct horse"
LARGE_NOTES = 4000


@pytest.fixture(scope="module")
def system():
    find_nginx()
    settings = SETTINGS | {
        "RATE_LIMIT_API": f"{LIMIT}/minute",
        "RATE_LIMIT_LOGIN": "12/minute",
        # nginx alone: a client of another loopback address counts for that
        "TRUSTED_PROXIES": "127.0.0.1",
    }
    with running_system(settings=settings, directory=directory("gateways")) as running:
        for name in NAMES[1:]:
            running.start_another("gateway", name)
        yield running


@pytest.fixture(scope="module")
def addresses(system):
    """The URL of each gateway itself."""
    return [f"http://127.0.0.1:{system.state.ports[name]}" for name in NAMES]


@pytest.fixture(scope="module")
def balancer(addresses):
    with Balancer(*(int(address.rpartition(":")[2]) for address in addresses)) as running:
        yield running


@pytest.fixture
def http(balancer):
    return Client(balancer.url)


@pytest.fixture
def each(addresses):
    return [Client(address) for address in addresses]


@pytest.fixture
def say(capsys):
    def say(text):
        with capsys.disabled():
            print(f"\n{text}")

    return say


class Behind(Lifter):
    """A lifter who knows no address but nginx's.

    Attributes:
        refused: what was said of each request that was not done, and when.
    """

    def __init__(self, system, balancer):
        super().__init__(system)
        self.urls = [balancer.url]
        self.refused = []

    def ask(self, what, *request, **options):
        status, said = super().ask(what, *request, **options)
        if status not in DONE:
            self.refused.append((time.monotonic(), what, status, said))
        return status, said


def crowd_behind(system, balancer, count=LIFTERS):
    return Crowd.of(*(Behind(system, balancer) for _ in range(count)))


def refusals(crowd):
    return sorted(each for lifter in crowd.lifters for each in lifter.refused)


# -- one system, whichever gateway comes next ------------------------------------------------------


def test_whoever_writes_reads_it_through_each_gateway(http, each):
    users = [register(http) for _ in range(4)]

    def write_and_read(user):
        # a session is for one thread
        own, *others = (Client(client.base_url) for client in (http, *each))
        all_ways = (*others, *[own] * len(others))
        for number in range(ROUNDS):
            body = {"date": ago(0), "name": f"first {number}"}
            written = own.post("/api/workouts", body, token=user.token)
            assert written.status_code == 201
            (workout,) = written.json()["data"]
            path = f"/api/workouts/{workout['id']}"
            for client in all_ways:
                read(client, user, path, workout)
            changed = own.put(path, {"name": f"then {number}"}, token=user.token)
            (workout,) = changed.json()["data"]
            for client in all_ways:
                read(client, user, path, workout)

    def read(client, user, path, expected):
        assert client.get(path, token=user.token).json()["data"] == [expected]
        newest = client.get(f"{LIST}&limit=1", token=user.token).json()["data"][0]
        assert (newest["id"], newest["version"]) == (expected["id"], expected["version"])

    with ThreadPoolExecutor(len(users)) as pool:
        list(pool.map(write_and_read, users))


def statuses(each, token):
    return [client.get("/api/users/me", token=token).status_code for client in each]


def test_logging_out_is_known_to_all_at_once(http, each):
    for _ in range(ROUNDS):
        user = register(http)
        # each remembers that the token is good
        assert statuses(each * 2, user.token) == [200] * 8
        assert http.post("/api/users/logout", token=user.token).status_code == 200
        assert statuses(each, user.token) == [401] * 4


def test_a_changed_password_is_known_to_all_at_once(http, each):
    for number in range(ROUNDS):
        user = register(http)
        signed_in = sign_in(http, user.email, user.password, f"127.0.1.{number}")
        stolen = signed_in.json()["data"][0]["token"]
        assert statuses(each * 2, stolen) == [200] * 8
        body = {"old_password": user.password, "new_password": NEW}
        assert http.put("/api/users/me/password", body, token=user.token).status_code == 200
        assert statuses(each, stolen) == [401] * 4
        assert statuses(each, user.token) == [200] * 4


class From(HTTPAdapter):
    """Sends from another address of this machine."""

    def __init__(self, address):
        self.address = address
        super().__init__()

    def init_poolmanager(self, *arguments, **options):
        super().init_poolmanager(*arguments, source_address=(self.address, 0), **options)


def sign_in(http, email, password, address):
    with requests.Session() as session:
        session.mount("http://", From(address))
        body = {"email": email, "password": password}
        return Client(http.base_url, session).post("/api/users/login", body)


def test_an_address_has_its_tries_once_for_all(http):
    def tries(address):
        return Counter(
            sign_in(http, f"{uuid.uuid4().hex}@x.de", "wrong", address).status_code
            for _ in range(16)
        )

    assert tries("127.0.2.1") == {401: 12, 429: 4}
    assert tries("127.0.2.2") == {401: 12, 429: 4}


def test_a_user_has_the_limit_once_for_all(http, say):
    user = register(http)
    begun = time.monotonic()

    def ask(_):
        with requests.Session() as session:
            client = Client(http.base_url, session)
            return Counter(
                client.get("/api/stats/streak", token=user.token).status_code
                for _ in range((LIMIT + 200) // 8)
            )

    with ThreadPoolExecutor(8) as pool:
        found = sum(pool.map(ask, range(8)), Counter())
    seconds = time.monotonic() - begun
    say(f"of {LIMIT}/minute through four gateways: {dict(found)} in {seconds:.1f} s")
    # the window moves on: what it lets in again while this takes longer than it
    assert seconds < 60
    assert set(found) == {200, 429}
    assert found[200] <= LIMIT
    # each gateway counts a hundredth in advance, which it may keep
    assert found[200] >= LIMIT - 3 * LIMIT // 100


def test_a_stream_tells_what_was_written_through_another(balancer, http, each, say):
    user = register(http)
    listener = Listener(balancer.url, user.token)
    try:
        waits = []
        for client in each:
            written = client.post("/api/workouts", {"date": ago(0)}, token=user.token)
            assert written.status_code == 201
            at = time.monotonic()
            last = client.get("/api/changes", token=user.token).json()["data"][-1]["cursor"]
            while listener.event() != last:
                pass
            waits.append(time.monotonic() - at)
    finally:
        listener.close()
    say(f"events through nginx came {max(waits):.2f} s after the write's answer at most")
    assert max(waits) < 5


def test_files_go_both_ways(http):
    user = register(http)
    head = "Date,Workout Name,Exercise Name,Set Order,Weight,Reps,Distance,Seconds,Notes\n"
    row = '2024-01-{:02} 10:00:00,"Legs","Squat (Barbell)",1,100,5,0,0,"{}"\n'
    text = head + "".join(row.format(1 + n % 28, "x" * LARGE_NOTES) for n in range(1000))
    assert len(text) > 3 << 20
    sent = http.request(
        "POST",
        "/api/imports?source=strong&time_zone=Europe/Berlin",
        token=user.token,
        data=text.encode(),
        headers={"Content-Type": "text/csv"},
    )
    assert sent.status_code in (201, 202), sent.text
    taken = http.get("/api/exports/workouts?format=json", token=user.token)
    assert taken.status_code == 200


# -- gateways that end -----------------------------------------------------------------------------


def test_of_killed_gateways_only_what_they_had_fails(system, balancer, say):
    with crowd_behind(system, balancer) as crowd:
        eventually(lambda: crowd.has_done(100), SECONDS)
        killed = []
        for name in NAMES:
            before = time.monotonic()
            system.kill(name)
            killed.append((before, time.monotonic()))
            written = len(crowd.answers)
            eventually(lambda since=written: len(crowd.answers) > since + 300, SECONDS)
            system.wait_ready(NAMES)
    # a DELETE that is repeated, as its first answer was lost, is a 404
    fine = {*DONE, 404}
    failed = [answer for answer in crowd.answers if answer.status not in fine]
    tally = check(crowd, COUNTED_SECONDS)
    say(
        f"four gateways killed in turn: {len(crowd.answers)} requests, {dict(crowd.statuses)}, "
        f"worst {crowd.worst_seconds:.2f} s, failed: {[(a.what, a.status) for a in failed]}"
    )
    assert (tally.lost, tally.doubled) == (0, 0)
    # a read goes to the next one; so does a POST with a key, and may find itself under way (409)
    assert {answer.what for answer in failed} <= {*WRITES}
    # of each lifter what was under way, and nothing that came after it
    of_each = [[answer for answer in failed if was_under_way(answer, *at)] for at in killed]
    assert all(len(of_one) <= LIFTERS for of_one in of_each), of_each
    assert sum(map(len, of_each)) == len(failed), (failed, killed)


def was_under_way(answer, before, after):
    return answer.at < after + CLOSED_SECONDS and answer.end > before


def test_restarted_in_turn_nothing_fails(system, balancer, say):
    times = []
    with crowd_behind(system, balancer) as crowd:
        eventually(lambda: crowd.has_done(50), SECONDS)
        for name in NAMES:
            begun = time.monotonic()
            system.stop(name)
            stopped = time.monotonic()
            system.start(name)
            ready = time.monotonic()
            times.append((begun, stopped, ready))
            # longer than nginx leaves one out
            eventually(lambda since=ready: time.monotonic() > since + 2.5)
    refused = refusals(crowd)
    tally = check(crowd, COUNTED_SECONDS)
    say(
        f"four gateways restarted: {len(crowd.answers)} requests, {dict(crowd.statuses)}, worst "
        f"{crowd.worst_seconds:.2f} s"
    )
    assert (tally.lost, tally.doubled) == (0, 0)
    assert not refused, (refused[:5], times, balancer.errors()[-3000:])
