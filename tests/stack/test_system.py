"""The running system as the stack sees it: private, kept alive, one part at a time."""

import os
import signal
import socket
from pathlib import Path

import psycopg2
import pytest

from stack.layout import DATABASES, SERVERS, SERVICES
from stack.waiting import wait_until

SECONDS = 30


def own_address():
    """Return this machine's address in the network, if it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # sends nothing, only chooses the way
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return probe.getsockname()[0]


def test_every_part_is_ready(system):
    assert [name for name in (*SERVERS, *SERVICES) if not system.check(name).ready] == []


def test_no_part_can_be_reached_from_another_machine(system):
    address = own_address()
    if address is None:
        pytest.skip("this machine has no address but its own")
    for name, port in system.state.ports.items():
        with socket.socket() as client:
            client.settimeout(2)
            assert client.connect_ex((address, port)) != 0, name


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to give up")
@pytest.mark.parametrize("name", DATABASES)
def test_postgres_has_no_rights_to_speak_of(system, name):
    status = Path(f"/proc/{system.pid(name)}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert "0" not in fields["Uid"].split()
    assert int(fields["CapEff"], 16) == 0


@pytest.mark.parametrize("prefix", [database.prefix for database in DATABASES.values()])
def test_a_database_asks_for_its_password(system, prefix):
    variables = system.environment
    address = {
        "host": variables[f"{prefix}_DB_HOST"],
        "port": variables[f"{prefix}_DB_PORT"],
        "user": variables[f"{prefix}_DB_USER"],
        "dbname": variables[f"{prefix}_DB_NAME"],
    }
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(**address, password="postgres")
    psycopg2.connect(**address, password=variables[f"{prefix}_DB_PASSWORD"]).close()


def test_a_service_that_is_killed_comes_back_by_itself(system):
    killed = system.kill("users")
    assert wait_until(lambda: system.supervisor.parts()["users"]["pid"] not in (0, killed), SECONDS)
    system.wait_ready(["users"])
    assert system.supervisor.restarts()["users"] >= 1


@pytest.mark.slow
def test_a_frozen_server_stays_silent_until_it_is_let_go_on(system):
    system.pause("redis")
    try:
        assert not system.check("redis").ready
    finally:
        system.resume("redis")
    assert system.check("redis").ready


def test_a_server_that_is_killed_for_good_stays_down_until_it_is_started(system):
    system.kill_for_good("redis")
    assert system.supervisor.parts()["redis"]["statename"] == "STOPPED"
    system.start("redis")
    assert system.check("redis").ready


@pytest.mark.slow
def test_a_service_can_have_another_process(system):
    address = system.start_another("exercises", "exercises-again")
    assert address != system.address("exercises")
    assert system.check("exercises-again").ready
    system.stop("exercises-again")
    assert not system.check("exercises-again").ready
    assert system.check("exercises").ready


def test_signals_reach_the_part_itself(system):
    pid = system.signal("gateway", signal.SIGCONT)
    assert pid == system.pid("gateway")
