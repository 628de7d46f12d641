"""One client can't take the system down for another: attacks at a default installation's limits.

What is found here was found before (docs/security.md). A second client goes on meanwhile: none of
its requests may fail, none of its kinds of requests take five times as long, no process end or
hold twice as much memory. ``python -m benchmarks.exhaustion`` does the same by hand.
"""

import json
import os
from contextlib import closing

import pytest

from benchmarks.exhaustion import messages, reporting
from benchmarks.exhaustion.attacks import ATTACKS
from benchmarks.exhaustion.messages import get, post
from benchmarks.exhaustion.reporting import told
from benchmarks.exhaustion.stage import Stage
from stack.layout import RUN_DIRECTORY
from stack.testing import running_system
from tests.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
WRONG = 400, "VALIDATION_ERROR"
MOST_FAULTS = 101
"""A hundred, and one that counts the others."""

LARGEST_REFUSAL = 64 * 1024
LARGEST_PAGE_OF_ONE = 64 * 1024
A_MINUTE = 1200
LOGINS_A_MINUTE = 10
MOST_REPETITIONS = 2


@pytest.fixture(scope="module")
def stage():
    """A system of its own: no other test's limits, nobody else who has to wait."""
    directory = RUN_DIRECTORY / f"test-{os.getpid()}-exhaustion"
    with (
        running_system(settings={}, directory=directory) as system,
        closing(Stage(system, after_seconds=0)) as made,
    ):
        yield made


@pytest.fixture
def attack(stage):
    """Carry out an attack that harms nobody, and return what the attacker got.

    What makes others wait does so every time; what else the machine had to do does not, so an
    attack during which nothing but time was lost is carried out up to twice more.
    """

    def carry_out(name):
        result = once(name)
        for _ in range(MOST_REPETITIONS):
            if result.is_only_late:
                result = once(name)
        harm = "; ".join(result.harm())
        assert not harm, harm
        return result.got

    def once(name):
        result = stage.carry_out(ATTACKS[name])
        reporting.RESULTS.append(result)
        assert not result.rest.failures
        return result

    return carry_out


@pytest.mark.parametrize("name", ["marked-workouts", "marked-at-once"])
def test_what_looks_like_a_type_is_data(attack, name):
    assert set(told(attack(name))) == {(*WRONG, "date")}


def test_what_looks_like_a_type_is_no_email_and_no_outage(attack):
    got = attack("marked-logins")
    assert set(told(got["answers"])) == {(*WRONG, "email")}
    assert set(got["others"]) == {200}


def test_what_looks_like_a_type_is_no_number(attack):
    fields = ("reps", "weight")
    expected = {(*WRONG, f"exercises[0].sets[0].{name}"): 2 for name in fields}
    assert told(attack("marked-numbers")) == expected


@pytest.mark.parametrize("name", ["faulty-logins", "faulty-workouts"])
def test_a_list_of_faults_has_an_end(attack, name):
    answers = attack(name)
    assert {(one["status"], one.get("code")) for one in answers} == {WRONG}
    assert max(one["faults"] for one in answers) <= MOST_FAULTS
    assert max(one["size"] for one in answers) < LARGEST_REFUSAL


def test_no_cache_pushes_out_what_is_counted_or_revoked(attack):
    got = attack("long-filters")
    statuses = {name: [one["status"] for one in answers] for name, answers in got.items()}
    assert statuses["before"].count(401) == LOGINS_A_MINUTE
    assert set(statuses["after"]) == {429}
    let_in = [status for status in statuses["lists"] + statuses["more"] if status != 429]
    assert set(let_in) <= {200, 400}
    assert len(let_in) <= A_MINUTE
    assert statuses["dead"] == [401]


def test_what_does_not_exist_is_kept_nowhere(attack):
    got = attack("absent-workouts")
    assert {one["status"] for one in got["answers"]} == {404}
    assert got["keys"] == 0


def test_links_are_bounded_and_counted(attack):
    answers = attack("long-links")
    assert {one["status"] for one in answers} <= {200, 400, 414}
    assert max(one["size"] for one in answers) < LARGEST_PAGE_OF_ONE


@pytest.mark.parametrize("name", ["one-byte", "one-byte-spread"])
def test_who_begins_and_never_ends_keeps_nobody_out(attack, name):
    assert set(attack(name)["others"]) == {200}


def test_a_user_gets_the_whole_limit_and_no_more(attack):
    statuses = [one["status"] for one in attack("many-of-one-user")]
    assert (statuses.count(200), set(statuses)) == (A_MINUTE, {200, 429})


def test_no_body_stops_the_event_loop(attack):
    assert {(one["status"], one.get("code")) for one in attack("heavy-bodies")} == {WRONG}


@pytest.mark.parametrize("name", ["slow-readers", "slow-readers-spread"])
def test_what_nobody_reads_is_not_kept(attack, name):
    assert attack(name)["opened"] > 0


def test_no_message_ends_a_process(attack, stage):
    assert attack("poisoned-queues")["sent"] > 0
    lifter = stage.target.newcomer(stage.target.address())
    with closing(stage.target.line(stage.target.address())) as line:
        status, _ = line.ask(post("/api/workouts", messages.workout_with(weight=77), lifter.token))
        assert status == 201

        def records():
            _, body = line.ask(get("/api/stats/personal-records", lifter.token))
            return json.loads(body)["data"][0]["records"]

        eventually(records)
