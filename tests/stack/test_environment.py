"""Variables: what leads the services to their servers, and servers given from outside."""

import errno
from dataclasses import replace
from pathlib import Path

import pytest

from services.process.settings import Settings
from stack.bringing_up import choose, has_new_parts, with_new_parts
from stack.environment import (
    ALL_SETTINGS,
    BROKER_SECRETS,
    given_from_outside,
    given_servers,
    make_environment,
    server_addresses,
)
from stack.failures import Failure
from stack.find import find_programs
from stack.layout import DATABASES, SERVERS, SERVICES
from stack.programs import SCRIPTS
from stack.services import FORK_SERVER
from stack.state import State, make_secrets
from stack.system import System

DATABASE_OF = {
    "users": "USERS",
    "workouts": "WORKOUT",
    "analytics": "ANALYTICS",
    "notifications": "NOTIFICATIONS",
    "exercises": "EXERCISE",
}
TOKEN_SERVICES = {"gateway", "users"}


@pytest.fixture(autouse=True)
def _every_port_is_free(monkeypatch):
    monkeypatch.setattr("stack.ports.is_free", lambda port: True)
    monkeypatch.setattr("stack.ports.choose.__defaults__", ((), lambda port: True))


def chosen_for(tmp_path, before=None, **environment):
    return choose(tmp_path, given_from_outside(environment), before)


def test_with_nothing_given_everything_is_started_on_the_seeds_ports(tmp_path):
    variables = make_environment(chosen_for(tmp_path))
    assert variables["GATEWAY_ADDRESS"] == "127.0.0.1:8080"
    assert variables["EXERCISES_ADDRESS"] == "127.0.0.1:8084"
    assert variables["WORKOUT_DB_PORT"] == "5434"
    assert variables["EXERCISE_DB_NAME"] == "exercise_db"
    assert variables["REDIS_PORT"] == "6379"
    assert variables["REDIS_COUNTERS_PORT"] == "6380"
    assert variables["AMQP_URI"].endswith("@127.0.0.1:5672/gym")


@pytest.mark.parametrize(
    ("variables", "server"),
    [
        ({"AMQP_URI": "amqp://me:secret@broker:5672/gym"}, "rabbitmq"),
        ({"REDIS_COUNTERS_HOST": "counters", "REDIS_COUNTERS_PORT": "7000"}, "redis-counters"),
        ({"REDIS_COUNTERS_PORT": "7000"}, "redis-counters"),
        ({"USERS_DB_HOST": "db", "USERS_DB_PASSWORD": "secret"}, "users-db"),
        ({"WORKOUT_DB_HOST": "db"}, "workout-db"),
        ({"ANALYTICS_DB_HOST": "db"}, "analytics-db"),
        ({"EXERCISE_DB_PORT": "5999"}, "exercise-db"),
    ],
)
def test_a_server_that_is_given_is_used_and_not_started(tmp_path, variables, server):
    state = chosen_for(tmp_path, **variables)
    assert given_servers(state.given) == [server]
    assert server not in state.ports
    assert set(SERVERS) - {server} <= set(state.ports)
    assert variables.items() <= make_environment(state).items()


@pytest.mark.parametrize(
    "variables", [{"REDIS_HOST": "cache", "REDIS_PORT": "7000"}, {"REDIS_PORT": "7000"}]
)
def test_a_redis_that_is_given_alone_has_the_counters_too(tmp_path, variables):
    state = chosen_for(tmp_path, **variables)
    assert given_servers(state.given) == ["redis", "redis-counters"]
    environment = make_environment(state)
    found = server_addresses("redis-counters", environment)
    assert found == server_addresses("redis", environment)
    settings = Settings.from_environment(environment)
    assert [(settings.redis_counters_host, settings.redis_counters_port)] == found
    assert settings.redis_counters_port == 7000


def test_two_redis_that_are_given_are_told_apart(tmp_path):
    variables = {"REDIS_HOST": "cache", "REDIS_COUNTERS_HOST": "counters"}
    environment = make_environment(chosen_for(tmp_path, **variables))
    assert server_addresses("redis", environment) == [("cache", 6379)]
    assert server_addresses("redis-counters", environment) == [("counters", 6380)]
    settings = Settings.from_environment(environment)
    assert (settings.redis_host, settings.redis_counters_host) == ("cache", "counters")


@pytest.mark.parametrize("port", ["5432", "5432,5433"])
def test_a_database_of_several_hosts_is_told_of_as_services_understand_it(tmp_path, port):
    variables = {"WORKOUT_DB_HOST": "one, other", "WORKOUT_DB_PORT": port}
    environment = make_environment(chosen_for(tmp_path, **variables))
    places = Settings.from_environment(environment).databases["workouts"].places
    assert places == (("one", 5432), ("other", int(port[-4:])))
    assert server_addresses("workout-db", environment) == [*places]


def test_a_broker_that_is_given_needs_none_of_our_ports(tmp_path):
    state = chosen_for(tmp_path, AMQP_URI="amqp://broker/gym")
    assert not [name for name in state.ports if "rabbitmq" in name or name == "epmd"]


def test_an_address_that_is_given_is_taken(tmp_path):
    state = chosen_for(tmp_path, GATEWAY_ADDRESS="0.0.0.0:8081")
    assert make_environment(state)["GATEWAY_ADDRESS"] == "0.0.0.0:8081"
    assert state.ports["users"] != 8081


def test_an_address_without_a_port_is_refused_in_one_line(tmp_path):
    with pytest.raises(Failure, match="GATEWAY_ADDRESS must be host:port"):
        chosen_for(tmp_path, GATEWAY_ADDRESS="localhost")


def test_a_secret_of_ones_own_is_kept(tmp_path):
    own = "0123456789abcdef" * 3
    assert make_environment(chosen_for(tmp_path, JWT_SECRET=own))["JWT_SECRET"] == own
    assert len(make_environment(chosen_for(tmp_path))["JWT_SECRET"]) >= 32


def test_ports_and_secrets_are_those_of_the_last_time(tmp_path):
    before = State(tmp_path, {"gateway": 8099, "redis": 6400}, make_secrets(), {}, {})
    state = chosen_for(tmp_path, before)
    assert (state.ports["gateway"], state.ports["redis"]) == (8099, 6400)
    assert state.secrets == before.secrets
    assert state.replaced == {"gateway": 8080, "redis": 6379}


def started_without(state, *parts):
    """Return the state that a version has left which has no such parts."""
    ports = {name: port for name, port in state.ports.items() if name not in parts}
    secrets = {name: secret for name, secret in state.secrets.items() if name not in parts}
    return replace(state, ports=ports, secrets=secrets)


def test_a_running_system_of_the_version_before_gets_what_the_new_parts_need(tmp_path):
    now = chosen_for(tmp_path)
    before = started_without(now, "notifications", "notifications-db")
    assert has_new_parts(before)
    assert not has_new_parts(now)
    taken = replace(before, ports={**before.ports, "users": 8085})
    state = with_new_parts(taken, {})
    assert state.ports == {**taken.ports, "notifications": 8086, "notifications-db": 5437}
    assert state.replaced == {"notifications": 8085}
    assert state.secrets.items() > before.secrets.items()
    assert len(state.secrets["notifications-db"]) >= 32
    assert make_environment(state)["NOTIFICATIONS_DB_PORT"] == "5437"


def test_a_new_part_of_a_running_system_may_be_given_from_outside(tmp_path):
    before = started_without(
        chosen_for(tmp_path, USERS_DB_HOST="db"), "notifications", "notifications-db"
    )
    given = given_from_outside({"NOTIFICATIONS_DB_HOST": "other", "WORKOUT_DB_HOST": "late"})
    state = with_new_parts(before, given)
    assert state.given == {"USERS_DB_HOST": "db", "NOTIFICATIONS_DB_HOST": "other"}
    assert "notifications-db" not in state.ports
    assert state.ports["notifications"] == 8085


def test_a_system_of_the_version_before_that_is_down_gets_a_password_for_the_new_database(tmp_path):
    before = started_without(chosen_for(tmp_path), "notifications", "notifications-db")
    state = chosen_for(tmp_path, before)
    assert state.secrets.items() > before.secrets.items()
    assert make_environment(state)["NOTIFICATIONS_DB_PASSWORD"] == state.secrets["notifications-db"]


def test_an_empty_variable_is_as_good_as_none():
    assert given_from_outside({"REDIS_HOST": "", "AMQP_URI": "", "LOG_LEVEL": "DEBUG"}) == {}


# -- each service has its own, and nothing of others ------------------------------------------


def everything():
    """Return a shell's variables in which all that there is was set."""
    return {name: f"given {name}" for name in ALL_SETTINGS} | {
        name: "127.0.0.1:1" for name in ALL_SETTINGS if name.endswith("_ADDRESS")
    }


def databases_in(variables):
    return {prefix for prefix, _, rest in (name.partition("_DB_") for name in variables) if rest}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_led_to_its_own_database_alone(tmp_path, service):
    own = {DATABASE_OF[service]} if service in DATABASE_OF else set()
    given = State(tmp_path, {}, make_secrets(), everything(), {})
    for variables in (
        make_environment(chosen_for(tmp_path), service),
        make_environment(given, service),
        make_environment(chosen_for(tmp_path), service, everything()),
    ):
        assert databases_in(variables) == own
        assert ("JWT_SECRET" in variables) == (service in TOKEN_SERVICES)
        assert {name for name in variables if name.endswith("_ADDRESS")} == {
            f"{service.upper()}_ADDRESS"
        }
        assert {"AMQP_URI", "REDIS_HOST", "REDIS_PORT"} <= variables.keys()


def test_the_administrator_s_password_is_for_users_alone(tmp_path):
    for service in SERVICES:
        variables = make_environment(chosen_for(tmp_path), service, everything())
        assert ("ADMIN_PASSWORD" in variables) == (service == "users")


def test_whoever_operates_it_has_everything(tmp_path):
    variables = make_environment(State(tmp_path, {}, make_secrets(), everything(), {}))
    assert variables.keys() >= set(ALL_SETTINGS)


def test_what_the_shell_says_is_handed_on_and_what_is_chosen_wins(tmp_path):
    shell = {"LOG_LEVEL": "DEBUG", "RATE_LIMIT_API": "", "REDIS_HOST": "", "HOME": "/root"}
    variables = make_environment(chosen_for(tmp_path), "gateway", shell)
    assert (variables["LOG_LEVEL"], variables["RATE_LIMIT_API"]) == ("DEBUG", "")
    assert variables["REDIS_HOST"] == "127.0.0.1"
    assert "HOME" not in variables


def test_every_database_has_a_password_of_its_own(tmp_path):
    variables = make_environment(chosen_for(tmp_path))
    passwords = {variables[f"{database.prefix}_DB_PASSWORD"] for database in DATABASES.values()}
    assert len(passwords) == len(DATABASES)


def test_databases_that_were_made_with_one_password_keep_it(tmp_path):
    secrets = {name: value for name, value in make_secrets().items() if name not in DATABASES}
    before = State(tmp_path, {}, secrets | {"postgres": "the old one"}, {}, {})
    variables = make_environment(chosen_for(tmp_path, before))
    assert variables["USERS_DB_PASSWORD"] == variables["WORKOUT_DB_PASSWORD"] == "the old one"


@pytest.mark.slow
@pytest.mark.parametrize("throwaway", [True, False])
def test_the_shell_s_secrets_reach_nobody_else(tmp_path, monkeypatch, throwaway):
    for name in (*ALL_SETTINGS, *BROKER_SECRETS):
        monkeypatch.setenv(name, f"given {name}")
    state = replace(chosen_for(tmp_path), throwaway=throwaway)
    system = System(state)
    started = []
    monkeypatch.setattr(system.supervisor, "start", started.append)
    system.start_supervisor(find_programs())
    assert not started[0].keys() & {*ALL_SETTINGS, *BROKER_SECRETS}
    gateway = (tmp_path / SCRIPTS / "gateway").read_text()
    assert ("given METRICS_TOKEN" in gateway) == (not throwaway)
    assert "_DB_" not in gateway
    assert "given ADMIN_PASSWORD" not in gateway


def memory_of(pid):
    """Return all that a process can write to."""
    regions = Path(f"/proc/{pid}/maps").read_text().splitlines()
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for region in regions:
            place, rights = region.split()[:2]
            begin, end = (int(address, 16) for address in place.split("-"))
            if rights.startswith("rw"):
                memory.seek(begin)
                try:
                    yield memory.read(end - begin)
                except OSError as problem:
                    # it was given back since: the process is at work for other tests
                    if problem.errno != errno.EIO:
                        raise


def known_to(pid, secrets):
    try:
        memory = b"".join(memory_of(pid))
    except PermissionError:
        pytest.skip("this machine lets nobody look into another process")
    return {name for name, value in secrets.items() if value.encode() in memory}


@pytest.mark.parametrize(
    "service",
    # one without a database, and one with the key of tokens; the others are alike
    [
        each if each in ("gateway", "users") else pytest.param(each, marks=pytest.mark.slow)
        for each in SERVICES
    ],
)
def test_a_running_service_knows_no_other_s_secrets(system, service):
    own = DATABASE_OF.get(service)
    allowed = {name for name, database in DATABASES.items() if database.prefix == own}
    if service in TOKEN_SERVICES:
        allowed.add("jwt")
    assert known_to(system.pid(service), system.state.secrets) == allowed


def test_the_fork_server_knows_no_secret(system):
    assert known_to(system.pid(FORK_SERVER), system.state.secrets) == set()


def test_no_server_and_not_the_supervisor_knows_a_secret_of_a_service(system):
    pids = [system.supervisor.pid, *(system.pid(name) for name in SERVERS)]
    for pid in pids:
        process = Path(f"/proc/{pid}/environ").read_bytes().decode()
        names = {entry.partition("=")[0] for entry in process.split("\0")}
        assert not names & set(ALL_SETTINGS)
        assert not [name for name, value in system.state.secrets.items() if value in process]


@pytest.mark.slow
def test_a_service_that_needs_no_key_starts_in_earnest_without_one(system):
    system.start_another("workouts", "workouts-in-earnest", {"GYM_ENV": "production"})
    assert system.check("workouts-in-earnest").ready
    system.stop("workouts-in-earnest")
