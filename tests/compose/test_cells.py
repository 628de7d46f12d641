"""Two cells on three brokers: a node is lost while a bucket of users moves."""

import threading
import time
import uuid
from collections import Counter

import pytest

from services.process import cells as known
from stack.compose import CELLS, CLUSTER
from tests.compose.conftest import RECOVERY_SECONDS, Lifter, running
from tests.compose.test_cluster import node_of
from tests.waiting import eventually

CELL = "b"
LOGGED_BEFORE = 20
LOGGED_AFTER = 20
PAUSE_SECONDS = 0.05


@pytest.fixture(scope="module")
def stack():
    yield from running("gym-test-cells", overlays=(CLUSTER, CELLS), BROKER_HOST="broker")


class AtWork(threading.Thread):
    """Somebody who logs workouts all the time, each until it is acknowledged."""

    def __init__(self, stack):
        super().__init__(daemon=True)
        self.lifter = Lifter(stack)
        self.statuses = Counter()
        self.problem = None
        self._has_ended = threading.Event()

    def run(self):
        try:
            while not self._has_ended.is_set():
                self._log()
                time.sleep(PAUSE_SECONDS)
        except BaseException as problem:
            self.problem = problem

    def _log(self):
        """Log a workout, which is sent again until it is acknowledged."""
        weight, key = next(self.lifter.weights), {"Idempotency-Key": uuid.uuid4().hex}

        def is_logged():
            status = self.lifter.log(weight, **key).status_code
            self.statuses[status] += 1
            return status == 201

        eventually(is_logged, RECOVERY_SECONDS)

    def has_logged(self, count):
        assert self.problem is None, self.problem
        return len(self.lifter.logged) >= count

    def end(self):
        self._has_ended.set()
        self.join(2 * RECOVERY_SECONDS)
        assert self.problem is None, self.problem


def command(stack, *arguments):
    """Run ``./gym cells`` in a container."""
    return stack.compose("run", "--rm", "--no-deps", "cells", *arguments)


def test_losing_a_node_while_a_bucket_moves_loses_no_workout(stack, capsys):
    command(stack, "prepare")
    worker = AtWork(stack)
    bucket = known.bucket_of(worker.lifter.user_id)
    worker.start()
    eventually(lambda: worker.has_logged(LOGGED_BEFORE), RECOVERY_SECONDS)
    node = eventually(lambda: node_of(stack, "rabbitmq", "rpc-workouts"), RECOVERY_SECONDS)
    printed = []
    moving = threading.Thread(
        target=lambda: printed.append(command(stack, "move", str(bucket), CELL))
    )
    moving.start()
    eventually(lambda: states(stack, "workout-db-b", bucket), RECOVERY_SECONDS)
    stack.kill(node)
    moved = len(worker.lifter.logged)
    moving.join(RECOVERY_SECONDS)
    assert printed
    assert states(stack, "workout-db", bucket) == [f"gone {CELL}"]
    assert states(stack, "workout-db-b", bucket) == ["here "]
    eventually(lambda: worker.has_logged(moved + LOGGED_AFTER), RECOVERY_SECONDS)
    worker.end()
    worker.lifter.check_statistics()
    with capsys.disabled():
        print(f"\n{printed[0]}{node} killed: {worker.statuses}")


def states(stack, database, bucket):
    """Return what a bucket is in the cell of a database, and the other cell, if it was moved."""
    query = f"SELECT state || ' ' || cell FROM bucket_states WHERE bucket = {bucket}"
    command = ("psql", "-U", "postgres", "-d", "workout_db", "-Atc", query)
    return stack.execute(database, *command).strip("\n").splitlines()
