"""What the services that all cells share keep of each: receipts, positions in feeds, take-outs."""

import base64
import io
import json
import os
import subprocess
import sys
import time
import zipfile

import pytest
from nameko.standalone.rpc import ClusterRpcProxy

from schemas.webhooks import WORKOUT_CREATED
from services.process.cells import LEASE_SECONDS
from stack.layout import CHECKOUT
from stack.testing import SETTINGS, running_system
from tests.erasing import ERASING, open_account, run
from tests.fakes.webhook_receiver import WebhookReceiver
from tests.faults.lifters import Lifter
from tests.scale import cells
from tests.scale.cells import CELL, ask, begin_second_cell, process_of
from tests.scale.conftest import directory
from tests.services.logbook import ago, body, lift, one
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(300)

HERE, ELSEWHERE = 17, 18
"""A bucket of the first cell, and one of the other, to which it was moved by hand."""

SECONDS = 30


@pytest.fixture(scope="module")
def system():
    settings = SETTINGS | cells.SETTINGS
    with running_system(settings=settings, directory=directory("shared")) as system:
        begin_second_cell(system)
        values = "INSERT INTO bucket_states (bucket, state, cell) VALUES"
        for service in ("workouts", "analytics"):
            ask(system, service, f"{values} ({ELSEWHERE}, 'gone', '{CELL}')", cell="")
            ask(system, service, f"{values} ({ELSEWHERE}, 'here', '')")
        # from then on every process knows
        time.sleep(LEASE_SECONDS + 1)
        yield system


@pytest.fixture(scope="module")
def rpc(system):
    with ClusterRpcProxy({"AMQP_URI": system.environment["AMQP_URI"]}, timeout=30) as calls:
        yield calls


@pytest.fixture
def open_in(system):
    """Open an account in a bucket; return it, and a client of its user."""

    def make(bucket):
        account = open_account(system, bucket=bucket)
        return account, Lifter(system, user_id=account.id)

    return make


def log(lifter, exercise_id=1):
    workout = body(ago(3), lift(exercise_id, one(5, 100)))
    status, found = lifter.ask("create", "POST", "/api/workouts", workout)
    assert status == 201, found
    return found[0]["id"]


def counts(system, service, table, user_id):
    """Return how many rows of a user there are in the first cell, and in the other."""
    statement = f"SELECT count(*) FROM {table} WHERE user_id = {user_id}"
    return [ask(system, service, statement, cell=cell)[0][0] for cell in ("", CELL)]


# -- erasing ---------------------------------------------------------------------------------


def delete(rpc, account):
    return rpc.users.delete_account(account.id, {"password": account.password})["receipt"]


def wait_until_complete(rpc, receipt):
    def is_complete():
        found = rpc.users.get_deletion(receipt)
        assert found["status"] == "complete", found
        return found

    found = eventually(is_complete, SECONDS)
    assert [each["service"] for each in found["services"]] == sorted(ERASING)


def test_a_user_is_erased_in_each_cell(system, rpc, open_in):
    account, lifter = open_in(ELSEWHERE)
    log(lifter)
    eventually(lambda: counts(system, "analytics", "processed_workouts", account.id) == [0, 1])
    # as a move may have left it
    for cell in ("", CELL):
        insert = f"INSERT INTO learned_names VALUES ({account.id}, 'left', 1)"
        ask(system, "workouts", insert, cell=cell)
    assert counts(system, "workouts", "learned_names", account.id) == [1, 1]
    wait_until_complete(rpc, delete(rpc, account))
    for service, tables in (
        ("workouts", ("workouts", "learned_names", "workout_changes")),
        ("analytics", ("processed_workouts", "personal_records")),
    ):
        for table in tables:
            assert counts(system, service, table, account.id) == [0, 0], table
        assert counts(system, service, "erased_users", account.id) == [1, 1]
    expected = "SELECT service FROM erasure_receipts WHERE user_id = :id AND erased_at IS NOT NULL"
    noted = {service for (service,) in run(system, "users", expected, id=account.id)}
    assert noted == {*ERASING, f"workouts_{CELL}", f"analytics_{CELL}"}


@pytest.mark.parametrize("service", ["workouts", "analytics"])
def test_an_erasure_waits_for_a_cell_that_is_away(system, rpc, open_in, service):
    account, _ = open_in(HERE)
    system.stop(process_of(service))
    try:
        receipt = delete(rpc, account)

        def is_left():
            found = rpc.users.get_deletion(receipt)
            missing = {each["service"] for each in found["services"] if not each["erased_at"]}
            assert missing == {service}
            return found["status"] == "under_way"

        eventually(is_left, SECONDS)
    finally:
        system.start(process_of(service))
    wait_until_complete(rpc, receipt)


# -- notifications ---------------------------------------------------------------------------


@pytest.fixture
def receiver():
    with WebhookReceiver() as running:
        yield running


@pytest.fixture
def make_webhook(rpc, receiver):
    made = []

    def make(account):
        settings = {"url": receiver.url, "events": [WORKOUT_CREATED]}
        made.append((account.id, rpc.notifications.create_webhook(account.id, settings)["id"]))

    yield make
    for user_id, webhook_id in made:
        rpc.notifications.delete_webhook(user_id, webhook_id)


def wait_until_told(receiver, *workout_ids):
    def is_told():
        told = [message.content["data"]["workout_id"] for message in receiver.received]
        assert sorted(told) == sorted(workout_ids)
        return True

    eventually(is_told, SECONDS)


def test_webhooks_are_told_of_workouts_in_each_cell(rpc, open_in, receiver, make_webhook):
    told = []
    for bucket in (HERE, ELSEWHERE):
        account, lifter = open_in(bucket)
        make_webhook(account)
        told.append(log(lifter))
    wait_until_told(receiver, *told)


def test_a_cell_that_is_away_holds_up_the_webhooks_of_no_other(
    system, open_in, receiver, make_webhook
):
    (here, lifter_here), (there, lifter_there) = open_in(HERE), open_in(ELSEWHERE)
    make_webhook(here)
    make_webhook(there)
    system.stop("notifications")
    waiting = log(lifter_there)
    system.stop(process_of("workouts"))
    try:
        system.start("notifications")
        told = log(lifter_here)
        wait_until_told(receiver, told)
    finally:
        system.start(process_of("workouts"))
    wait_until_told(receiver, told, waiting)


# -- users and exercises, which ask the cell of a user ---------------------------------------


def test_a_take_out_has_what_is_in_the_users_cell(rpc, open_in):
    account, lifter = open_in(ELSEWHERE)
    log(lifter)
    take_out_id = rpc.users.request_take_out(account.id)["id"]

    def is_ready():
        return rpc.users.get_take_out(account.id)["status"] == "ready"

    eventually(is_ready, SECONDS)
    content, position = b"", 0
    while position is not None:
        piece = rpc.users.read_take_out(account.id, take_out_id, position)
        content, position = content + base64.b64decode(piece["content"]), piece["next"]
    found = json.loads(zipfile.ZipFile(io.BytesIO(content)).read("workouts.json"))
    assert [workout["date"] for workout in found["workouts"]] == [ago(3)]


# -- commands, which do so, too --------------------------------------------------------------


@pytest.mark.parametrize("bucket", [HERE, ELSEWHERE])
def test_histories_are_read_and_written_in_the_users_cell(system, open_in, tmp_path, bucket):
    account, lifter = open_in(bucket)
    log(lifter)

    def gym(command, path):
        done = subprocess.run(
            [sys.executable, "-m", "stack", command, path, "--email", account.email],
            env=os.environ | {"AMQP_URI": system.environment["AMQP_URI"]},
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            timeout=90,
        )
        assert done.returncode == 0, done.stderr

    path = tmp_path / "history.json"
    gym("export", path)
    exported = json.loads(path.read_text())
    [workout] = exported["workouts"]
    assert workout["date"] == ago(3)
    path.write_text(json.dumps(exported | {"workouts": [workout | {"date": ago(2)}]}))
    gym("import", path)
    _, found = lifter.ask("list", "GET", "/api/workouts")
    assert [each["date"] for each in found] == [ago(2), ago(3)]


def test_in_a_shell_each_cell_is_called_by_its_name(system, rpc, open_in):
    account, lifter = open_in(ELSEWHERE)
    workout_id = log(lifter)
    assert rpc.workouts.list(account.id)["items"] == []
    [found] = rpc.workouts_b.list(account.id)["items"]
    assert found["id"] == workout_id
    eventually(lambda: counts(system, "analytics", "processed_workouts", account.id) == [0, 1])
    forget = f"DELETE FROM processed_workouts WHERE user_id = {account.id}"
    ask(system, "analytics", forget)
    rpc.analytics_b.rebuild()
    assert counts(system, "analytics", "processed_workouts", account.id) == [0, 1]


@pytest.mark.parametrize("bucket", [HERE, ELSEWHERE])
def test_an_exercise_is_merged_and_deleted_in_the_users_cell(open_in, bucket):
    _, lifter = open_in(bucket)

    def make(name):
        exercise = {"name": name, "measure": "weight_reps"}
        status, found = lifter.ask("exercise", "POST", "/api/exercises", exercise)
        assert status == 201, found
        return found[0]["id"]

    merged, used = make("Slow bench"), make("Slower bench")
    workout_id = log(lifter, merged)
    log(lifter, used)
    path = "/api/exercises"
    status, found = lifter.ask("merge", "POST", f"{path}/{merged}/merge", {"into": 1})
    assert status in (200, 202), found

    def is_moved():
        _, (workout,) = lifter.ask("read", "GET", f"/api/workouts/{workout_id}")
        return workout["exercises"][0]["exercise_id"] == 1

    eventually(is_moved, SECONDS)
    status, (problem,) = lifter.ask("delete", "DELETE", f"{path}/{used}")
    assert (status, problem["code"]) == (422, "BUSINESS_RULE_VIOLATION"), problem
    unused = make("Slowest bench")
    assert lifter.ask("delete", "DELETE", f"{path}/{unused}")[0] == 200
