"""Clocks that are wrong: no process's idea of the time is any other's business."""

import time
import uuid

import pytest
import requests

from services.auth import LEEWAY_SECONDS
from services.process import budgets
from stack import faketime
from stack.layout import SERVICES
from tests.faults.checking import check
from tests.faults.deputies import with_wrong_clocks
from tests.faults.lifters import DONE, Crowd
from tests.faults.reporting import note
from tests.services.logbook import ago, body, lift, one
from tests.services.raw_caller import Caller, channel_of, request
from tests.waiting import eventually

DAY_SECONDS = 24 * 3600
SHIFTS = (-3600, -60, -5, -1, 1, 5, 60, 3600)
REFUSED = {("users", 3600), ("gateway", -3600)}
"""Tokens come from a future that is too far away (docs/security.md)."""

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def library():
    found = faketime.find()
    if found is None:
        pytest.skip("libfaketime is not installed")
    return found


def one_day_for_all(shifts):
    """Skip a test around midnight: what today is, each service sees on its own clock."""
    now = time.time()
    days = {int(now + shift) // DAY_SECONDS for shift in (0, 60, *shifts)}
    if len(days) > 1:
        pytest.skip("it is another day by one of the clocks")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_all_services_with_clocks_of_their_own(system, rpc, library):
    shifts = {"users": 45, "exercises": 5, "workouts": -3600, "analytics": 3600, "gateway": -60}
    assert shifts["users"] - shifts["gateway"] < LEEWAY_SECONDS
    serves_as_before(system, rpc, library, shifts)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("shift", SHIFTS)
def test_a_service_whose_clock_is_wrong(system, rpc, library, service, shift):
    if (service, shift) in REFUSED:
        pytest.skip("tokens are refused, as they should be")
    serves_as_before(system, rpc, library, {service: shift})


def serves_as_before(system, rpc, library, shifts):
    one_day_for_all(shifts.values())
    with with_wrong_clocks(system, library, **shifts) as (deputies, url):
        with Crowd(system, lifters=4, others=[url]) as crowd:
            eventually(lambda: crowd.has_done(40), seconds=60)
        slowest = max(seconds_of_a_read_that_nothing_has_kept(url) for _ in range(10))
        signs_in(url)
        ready = requests.get(f"{url}/ready", timeout=10).json()["data"][0]
        if "workouts" in deputies:
            does_nothing_for_who_has_given_up(system, rpc, deputies["workouts"])
        tally = check(crowd)
    assert {answer.status for answer in crowd.answers if answer.what != "delete"} <= set(DONE)
    assert {circuit["state"] for circuit in ready["circuits"].values()} == {"closed"}
    # whoever takes a first try for expired answers the second
    assert max(slowest, crowd.worst_seconds) < budgets.FIRST_READ_SECONDS
    clocks = ", ".join(f"{service} {shift:+d} s" for service, shift in shifts.items())
    note(f"clocks: {clocks}", crowd, tally)


def seconds_of_a_read_that_nothing_has_kept(url):
    begun = time.monotonic()
    answer = requests.get(f"{url}/api/exercises?search=press+{uuid.uuid4().hex}", timeout=20)
    assert answer.status_code == 200, answer.text
    return time.monotonic() - begun


def signs_in(url):
    """A token is taken as soon as it is given, and no more once it was revoked."""
    email = f"{uuid.uuid4().hex}@example.com"
    credentials = {"email": email, "password": PASSWORD}
    answer = requests.post(f"{url}/api/users/register", json=credentials, timeout=20)
    assert answer.status_code == 201, answer.text
    answer = requests.post(f"{url}/api/users/login", json=credentials, timeout=20)
    assert answer.status_code == 200, answer.text
    (user,) = answer.json()["data"]
    own = f"{url}/api/users/{user.get('id') or user['user']['id']}"
    headers = {"Authorization": f"Bearer {user['token']}"}
    assert requests.get(own, headers=headers, timeout=20).status_code == 200
    assert requests.post(f"{url}/api/users/logout", headers=headers, timeout=20).ok
    assert requests.get(own, headers=headers, timeout=20).status_code == 401


def does_nothing_for_who_has_given_up(system, rpc, part):
    user_id = int(time.time() * 1000)
    with channel_of(system) as channel:
        caller = Caller(channel)

        def log(name, milliseconds):
            text = request(user_id, body(ago(0), lift(1, one(5, 100)), name=name))
            caller.send("workouts", "create", text, expiration=milliseconds, correlation_id=name)

        system.pause(part)
        try:
            log("given up", "1000")
            time.sleep(2)
            log("waited for", "60000")
        finally:
            system.resume(part)
        assert caller.wait_for(1, 20) == ["waited for"]
    names = [workout["name"] for workout in rpc.workouts.list(user_id)["items"]]
    assert names == ["waited for"]
