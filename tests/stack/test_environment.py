"""Variables: what leads the services to their servers, and servers given from outside."""

import pytest

from services.dependencies.settings import Settings
from stack.bringing_up import choose
from stack.environment import (
    given_from_outside,
    given_servers,
    make_environment,
    server_address,
)
from stack.failures import Failure
from stack.layout import SERVERS
from stack.state import State, make_secrets


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
    assert server_address("redis-counters", environment) == server_address("redis", environment)
    settings = Settings.from_environment(environment)
    assert (settings.redis_counters_host, settings.redis_counters_port) == server_address(
        "redis-counters", environment
    )
    assert settings.redis_counters_port == 7000


def test_two_redis_that_are_given_are_told_apart(tmp_path):
    variables = {"REDIS_HOST": "cache", "REDIS_COUNTERS_HOST": "counters"}
    environment = make_environment(chosen_for(tmp_path, **variables))
    assert server_address("redis", environment) == ("cache", 6379)
    assert server_address("redis-counters", environment) == ("counters", 6380)
    settings = Settings.from_environment(environment)
    assert (settings.redis_host, settings.redis_counters_host) == ("cache", "counters")


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


def test_an_empty_variable_is_as_good_as_none():
    assert given_from_outside({"REDIS_HOST": "", "AMQP_URI": "", "LOG_LEVEL": "DEBUG"}) == {}
