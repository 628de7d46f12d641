"""``docs/running-in-earnest.md``, followed word for word on servers of one's own.

Only names of machines, ports, secrets and directories are replaced. The broker has nothing of ours.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys

import amqp
import pytest
import redis
import requests

from stack import rabbitmq
from stack.broker import connection_to
from stack.find import find_programs
from stack.layout import CHECKOUT, REDIS, SERVICES
from stack.ports import choose_anywhere
from tests.waiting import eventually

PAGE = (CHECKOUT / "docs" / "running-in-earnest.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
INSTALL, DATABASES, BARE_BROKER, IMPORT, SETTINGS, START, CHECK = BLOCKS
NOT_COPIED = (".git", ".venv*", ".run", "build", "*.egg-info", "__pycache__", ".*_cache")
INSTALL_SECONDS = 900
WORKOUT = {"date": "2026-01-02", "exercises": [{"exercise_id": 1, "sets": [{"reps": 5}]}]}
USERS = ("OPERATOR", *(name.upper() for name in SERVICES), "MONITORING")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(INSTALL_SECONDS + 300)]


class Machine:
    """Where the page's commands are carried out."""

    def __init__(self, system, directory):
        self.system = system
        self.directory = directory
        self.tools = directory / "tools"
        self.addresses = choose_anywhere([f"earnest-{name}" for name in SERVICES])
        self.processes = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.addresses['earnest-gateway']}"

    @property
    def amqp_uri(self):
        return f"amqp://gym:secret-broker@127.0.0.1:{self.system.state.ports['rabbitmq']}/gym"

    def here(self, text):
        """Return commands of the page with what is ours instead of its examples."""
        ports = self.system.state.ports
        replaced = {
            "python3 -m venv": f"{shlex.quote(sys.executable)} -m venv",
            "/opt/gym": str(self.directory / "opt"),
            "/etc/gym": str(self.directory / "etc"),
            "--username postgres": f"--port {ports['users-db']} --username postgres",
            "mq.example.com:5672": f"127.0.0.1:{ports['rabbitmq']}",
            "REDIS_PORT=6379": f"REDIS_PORT={ports['redis']}",
            "COUNTERS_PORT=6379": f"COUNTERS_PORT={ports['redis-counters']}",
            "_DB_PORT=5432": f"_DB_PORT={ports['users-db']}",
        }
        replaced |= {
            f"127.0.0.1:{port}": f"127.0.0.1:{self.addresses[f'earnest-{name}']}"
            for name, port in SERVICES.items()
        }
        for old, new in replaced.items():
            text = text.replace(old, new)
        return re.sub(r"\w+\.example\.com", "127.0.0.1", text)

    @property
    def environment(self):
        """A person's: nothing of ours but where the servers' tools are, and a password."""
        path = [self.tools, find_programs().postgres, os.environ["PATH"]]
        kept = [name for name in os.environ if name.startswith("PIP_")]
        return {name: os.environ[name] for name in kept} | {
            "PATH": os.pathsep.join(map(str, path)),
            "PGPASSWORD": self.system.state.secrets["users-db"],
            "PGCONNECT_TIMEOUT": "10",
        }

    def run(self, block, directory=None, seconds=120):
        """Carry out a block and return what it printed."""
        done = subprocess.run(
            ["sh", "-eu", "-c", self.here(block)],
            cwd=directory or self.directory,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=seconds,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def start(self, service):
        log = (self.directory / f"{service}.log").open("w")
        block = START.replace("services.run users", f"services.run {service}")
        command = ["sh", "-eu", "-c", self.here(block)]
        with log:
            self.processes.append(
                subprocess.Popen(
                    command, env=self.environment, stdout=log, stderr=log, cwd=self.directory
                )
            )

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(30)
        self.processes.clear()

    def forget_everything(self):
        """Leave nothing on the servers, as if they were new and not of the tests."""
        ports = self.system.state.ports
        psql = ["psql", "--host", "127.0.0.1", "--port", str(ports["users-db"])]
        psql += ["--username", "postgres", "--command", "DROP DATABASE users_db"]
        subprocess.run(psql, env=self.environment, check=True, capture_output=True)
        self.system.rabbitmqctl("delete_vhost", "gym")
        for name in REDIS:
            with redis.Redis(port=ports[name]) as server:
                server.flushall()

    def provide_rabbitmqctl(self):
        """Put a ``rabbitmqctl`` in the way that finds the private node."""
        environment = rabbitmq._environment(self.system.state)
        environment["HOME"] = str(self.system.directory / rabbitmq.DIRECTORY)
        settings = " ".join(f"'{name}={value}'" for name, value in environment.items())
        program = find_programs().rabbitmq / "rabbitmqctl"
        self.tools.mkdir()
        tool = self.tools / "rabbitmqctl"
        tool.write_text(f'#!/bin/sh\nexec env {settings} {program} "$@"\n')
        tool.chmod(0o755)


@pytest.fixture(scope="module")
def machine(servers, tmp_path_factory):
    found = Machine(servers, tmp_path_factory.mktemp("machine"))
    found.forget_everything()
    found.provide_rabbitmqctl()
    checkout = found.directory / "checkout"
    shutil.copytree(CHECKOUT, checkout, ignore=shutil.ignore_patterns(*NOT_COPIED))
    found.run(INSTALL, checkout, INSTALL_SECONDS)
    # whatever is needed later must have been installed
    shutil.rmtree(checkout)
    found.run(DATABASES)
    found.run(BARE_BROKER)
    found.run(SETTINGS)
    try:
        for service in SERVICES:
            found.start(service)
        eventually(lambda: is_ready(found), seconds=90, pause=0.5)
        yield found
    finally:
        found.stop()


def is_ready(machine):
    ports = machine.addresses.values()
    try:
        answers = [requests.get(f"http://127.0.0.1:{port}/ready", timeout=10) for port in ports]
    except requests.ConnectionError:
        return False
    return all(answer.status_code == 200 for answer in answers)


def test_the_check_says_that_all_is_well(machine):
    said = machine.run(CHECK)
    assert '"status":"ready"' in said
    assert "Personal records" in said
    assert said.endswith("There are no dead letters.\n")


def test_a_logged_workout_is_counted(machine):
    account = {"email": "ann@example.com", "password": "correct horse"}
    answer = requests.post(f"{machine.url}/api/users/register", json=account, timeout=30)
    headers = {"Authorization": f"Bearer {answer.json()['data'][0]['token']}"}
    answer = requests.post(f"{machine.url}/api/workouts", json=WORKOUT, headers=headers, timeout=30)
    assert answer.status_code == 201

    def records():
        url = f"{machine.url}/api/stats/personal-records"
        return requests.get(url, headers=headers, timeout=30).json()["data"][0]["records"]

    (record,) = eventually(records, seconds=20)
    assert record["max_reps"]["value"] == 5


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/api/exercises?limit=1"])
def test_what_is_no_code_was_installed_too(machine, path):
    answer = requests.get(machine.url + path, timeout=30)
    assert answer.status_code == 200
    assert len(answer.content) > 100


def test_an_event_that_fails_is_found_as_a_dead_letter(machine):
    with connection_to(machine.amqp_uri, 5) as connection:
        properties = {"content_type": "application/json", "content_encoding": "utf-8"}
        message = amqp.Message('{"no": "workout"}', **properties)
        connection.channel().basic_publish(message, "gateway.events", "workout_deleted")
    look = CHECK.splitlines()[-1]
    said = eventually(lambda: found_in(machine.run(look)), seconds=60, pause=1)
    assert "evt-gateway-workout_deleted--analytics.handle_workout_deleted" in said
    machine.run(f"{look} drop --all")


def found_in(said):
    return said if "Poison" in said else None


def test_the_definitions_can_be_imported_under_running_services(machine):
    machine.run(IMPORT)
    listed = machine.system.rabbitmqctl("list_users", "--no-table-headers")
    assert {line.split("\t")[0].upper() for line in listed.splitlines()} >= set(USERS)
    policies = machine.system.rabbitmqctl("list_policies", "--vhost", "gym")
    assert "dead-letters" in policies
    assert is_ready(machine)
    for service in SERVICES:
        connect_as(machine, service, f"secret-broker-{service.upper()}")


def connect_as(machine, user, password):
    uri = machine.amqp_uri.replace("gym:secret-broker@", f"{user}:{password}@")
    with connection_to(uri, 5) as connection:
        assert connection.connected
