"""Whose receipts the users service waits for where there are cells.

The other services are played: what they say is sent as they say it.
"""

import json
import os

import pytest
from kombu import Connection
from nameko.standalone.rpc import ClusterRpcProxy

from services.dependencies.erasure.eraser import USER_ERASED
from stack.layout import RUN_DIRECTORY
from stack.testing import SETTINGS, running_system
from tests.erasing import ERASING, open_account, run
from tests.waiting import eventually

LONG_NAME = "abcdefghijklmno2"
OF_CELLS = {"workouts", "analytics"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def system():
    directory = RUN_DIRECTORY / f"test-{os.getpid()}-receipts"
    settings = SETTINGS | {"CELLS": f"b,{LONG_NAME}"}
    with running_system(("users",), settings, directory) as running:
        yield running


@pytest.fixture(scope="module")
def rpc(system):
    with ClusterRpcProxy({"AMQP_URI": system.environment["AMQP_URI"]}, timeout=30) as calls:
        yield calls


@pytest.fixture
def say_erased(system):
    """Let a service of a cell say that it has erased a user."""

    def send(user_id, service, **cell):
        with Connection(system.environment["AMQP_URI"]) as connection:
            connection.Producer().publish(
                json.dumps({"user_id": user_id, **cell}),
                exchange=f"{service}.events",
                routing_key=USER_ERASED,
                content_type="application/json",
            )

    return send


def delete(system, rpc):
    account = open_account(system)
    return account, rpc.users.delete_account(account.id, {"password": account.password})["receipt"]


def wait_until_erased(rpc, receipt, *services):
    """Wait until just these services are shown as having erased, and return what is shown."""

    def is_so():
        found = rpc.users.get_deletion(receipt)
        assert [each["service"] for each in found["services"]] == sorted(ERASING)
        erased = {each["service"] for each in found["services"] if each["erased_at"]}
        assert erased == {*services}
        return found

    return eventually(is_so)


def wait_until_complete(rpc, receipt):
    def is_so():
        found = rpc.users.get_deletion(receipt)
        assert found["status"] == "complete"
        return found

    return eventually(is_so)


def noted(system, account):
    rows = run(
        system,
        "users",
        "SELECT service FROM erasure_receipts WHERE user_id = :id AND erased_at IS NOT NULL",
        id=account.id,
    )
    return {service for (service,) in rows}


def test_a_service_has_erased_when_each_of_its_cells_has(system, rpc, say_erased):
    account, receipt = delete(system, rpc)
    for service in ERASING:
        say_erased(account.id, service)
    found = wait_until_erased(rpc, receipt, *{*ERASING} - OF_CELLS)
    assert found["status"] == "under_way"
    for service in sorted(OF_CELLS):
        say_erased(account.id, service, cell="b")
    eventually(lambda: noted(system, account) == {*ERASING, "workouts_b", "analytics_b"})
    wait_until_erased(rpc, receipt, *{*ERASING} - OF_CELLS)
    say_erased(account.id, "workouts", cell=LONG_NAME)
    assert wait_until_erased(rpc, receipt, *{*ERASING} - {"analytics"})["status"] == "under_way"
    say_erased(account.id, "analytics", cell=LONG_NAME)
    found = wait_until_complete(rpc, receipt)
    assert all(each["erased_at"] <= found["completed_at"] for each in found["services"])


def test_a_cell_that_nobody_knows_is_no_other_one(system, rpc, say_erased):
    account, receipt = delete(system, rpc)
    say_erased(account.id, "workouts", cell="unknown")
    say_erased(account.id, "exercises")
    wait_until_erased(rpc, receipt, "exercises")
    assert noted(system, account) == {"exercises"}


def test_an_account_from_before_there_was_a_cell_needs_no_receipt_of_it(system, rpc, say_erased):
    account, receipt = delete(system, rpc)
    statement = "DELETE FROM erasure_receipts WHERE user_id = :id AND service LIKE '%\\_%'"
    run(system, "users", statement, id=account.id)
    for service in ERASING:
        say_erased(account.id, service)
    wait_until_complete(rpc, receipt)


def test_a_cell_that_is_there_no_more_holds_up_nothing(system, rpc, say_erased):
    account, receipt = delete(system, rpc)
    for service in ERASING:
        for cell in ({}, {"cell": "b"}) if service in OF_CELLS else ({},):
            say_erased(account.id, service, **cell)
    assert wait_until_erased(rpc, receipt, *{*ERASING} - OF_CELLS)["status"] == "under_way"
    system.stop("users")
    system.start_another("users", "fewer", {"CELLS": "b"})
    try:
        # by the timer alone: nobody says anything any more
        found = wait_until_complete(rpc, receipt)
        assert all(each["erased_at"] for each in found["services"])
    finally:
        system.stop("fewer")
        system.start("users")
    # where it is back, it is asked again
    missing = wait_until_erased(rpc, receipt, *{*ERASING} - OF_CELLS)
    assert missing["status"] == "complete"
