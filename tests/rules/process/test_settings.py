"""Outside development, passwords that everybody knows are refused."""

import subprocess
import sys
from dataclasses import replace

import pytest

from services.containers import SERVICES
from services.process.settings import DATABASES, BadSettings, Settings

EARNEST = {
    "GYM_ENV": "production",
    "JWT_SECRET": "0123456789abcdef0123456789abcdef",
    "AMQP_URI": "amqp://gateway:4f1d@rabbitmq/gym",
}


def own_passwords(value="9c0e"):
    return {f"{prefix}_DB_PASSWORD": value for prefix, _, _ in DATABASES.values()}


def check(service, environment):
    Settings.from_environment(environment).refuse_well_known_passwords(service)


@pytest.mark.parametrize("service", SERVICES)
def test_in_development_the_defaults_are_good_enough(service):
    check(service, {})


@pytest.mark.parametrize("service", SERVICES)
def test_in_earnest_passwords_of_one_s_own_are_good_enough(service):
    check(service, EARNEST | own_passwords())


@pytest.mark.parametrize("service", DATABASES)
def test_in_earnest_a_database_s_default_is_refused(service):
    name = f"{DATABASES[service][0]}_DB_PASSWORD"
    for given in ({}, {name: "postgres"}):
        with pytest.raises(BadSettings, match=f"^{name} "):
            check(service, EARNEST | given)


def test_a_database_may_do_without_a_password():
    # as managed ones do, which know their clients by certificate or address
    check("users", EARNEST | own_passwords(""))


@pytest.mark.parametrize("service", DATABASES)
def test_a_service_answers_for_no_database_but_its_own(service):
    own = f"{DATABASES[service][0]}_DB_PASSWORD"
    check(service, EARNEST | {own: "9c0e"})
    check("gateway", EARNEST)


@pytest.mark.parametrize(
    "address",
    [
        None,
        "amqp://gym:gym@rabbitmq/gym",
        "amqp://gateway:development@rabbitmq/gym",
        "amqp://gateway:developmen%74@rabbitmq/gym",
        "amqp://guest:guest@rabbitmq/gym",
        # what is left out is "guest" to the client
        "amqp://rabbitmq/gym",
    ],
)
def test_in_earnest_the_broker_s_defaults_are_refused(address):
    given = EARNEST | {"AMQP_URI": address}
    with pytest.raises(BadSettings, match=r"^AMQP_URI "):
        check("gateway", {name: value for name, value in given.items() if value is not None})


@pytest.mark.parametrize("service", [*SERVICES, None])
@pytest.mark.parametrize("given", [{}, {"JWT_SECRET": ""}, {"JWT_SECRET": "short"}])
def test_in_earnest_only_who_makes_or_checks_tokens_needs_the_key(service, given):
    environment = {name: value for name, value in EARNEST.items() if name != "JWT_SECRET"} | given
    if service in ("gateway", "users", None):
        with pytest.raises(BadSettings, match=r"^JWT_SECRET "):
            Settings.from_environment(environment, service)
    else:
        assert Settings.from_environment(environment, service).jwt_secret == ""


def test_who_needs_no_key_does_not_keep_one():
    assert Settings.from_environment(EARNEST, "workouts").jwt_secret == ""
    assert Settings.from_environment(EARNEST, "gateway").jwt_secret == EARNEST["JWT_SECRET"]


@pytest.mark.slow
def test_the_gateway_which_has_no_database_imports_no_sqlalchemy():
    program = "import sys, services.run, gateway.service; assert 'sqlalchemy' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


@pytest.mark.parametrize(
    ("host", "port", "places"),
    [
        ("db", "5432", (("db", 5432),)),
        ("one,other", "5432", (("one", 5432), ("other", 5432))),
        (" one , other ", "5432, 5433", (("one", 5432), ("other", 5433))),
        ("", "", (("localhost", 5434),)),
    ],
)
def test_a_database_may_have_several_hosts(host, port, places):
    variables = {"WORKOUT_DB_HOST": host, "WORKOUT_DB_PORT": port}
    address = Settings.from_environment(variables).databases["workouts"]
    assert address.places == places
    assert str(address.places[0][0]) in str(address.url)


def test_a_database_may_have_a_pooler():
    variables = {"WORKOUT_DB_HOST": "one,other", "WORKOUT_DB_POOLER": "pooler:6432"}
    databases = Settings.from_environment(variables).databases
    address = databases["workouts"]
    assert address.places == (("one", 5434), ("other", 5434))
    assert address.pooler == replace(address, host="pooler", port="6432", pooler_place=None)
    assert address.pooler.places == (("pooler", 6432),)
    assert databases["users"].pooler is None


@pytest.mark.parametrize("place", ["transaction", "pooler", ":6432", "pooler:0", "a:1,b:2"])
def test_a_pooler_has_a_host_and_a_port(place):
    with pytest.raises(BadSettings, match="WORKOUT_DB_POOLER must be HOST:PORT"):
        Settings.from_environment({"WORKOUT_DB_POOLER": place})


def test_a_database_may_have_replicas():
    variables = {
        "WORKOUT_DB_HOST": "one,other",
        "WORKOUT_DB_POOLER": "pooler:6432",
        "WORKOUT_DB_REPLICAS": "one:5432, third:6543",
        "USERS_DB_REPLICAS": "not read from",
    }
    databases = Settings.from_environment(variables).databases
    assert [each.places for each in databases["workouts"].replicas] == [
        (("one", 5432),),
        (("third", 6543),),
    ]
    assert all(each.pooler is None for each in databases["workouts"].replicas)
    assert databases["workouts"].pooler.replicas == ()
    assert databases["analytics"].replicas == databases["users"].replicas == ()


@pytest.mark.parametrize("places", ["replica", ":5432", "replica:0", "a:1,b", "a:1,b:x"])
def test_each_replica_has_a_host_and_a_port(places):
    with pytest.raises(BadSettings, match="ANALYTICS_DB_REPLICAS must be HOST:PORT"):
        Settings.from_environment({"ANALYTICS_DB_REPLICAS": places})


@pytest.mark.parametrize("port", ["0", "65536", "x", "5432,5433,5434", "5432,x"])
def test_ports_that_do_not_fit_the_hosts(port):
    variables = {"WORKOUT_DB_HOST": "one,other", "WORKOUT_DB_PORT": port}
    with pytest.raises(BadSettings, match="WORKOUT_DB_PORT must"):
        Settings.from_environment(variables)


def test_there_is_one_cell_unless_others_are_named():
    settings = Settings.from_environment({})
    assert (settings.cell, settings.cells) == ("", ())
    settings = Settings.from_environment({"CELLS": "b, west2", "CELL": "west2"})
    assert (settings.cell, settings.cells) == ("west2", ("b", "west2"))


@pytest.mark.parametrize("names", ["B", "2b", "b_c", "b,b", "b-c", "abcdefghijklmnopq"])
def test_names_of_cells_are_short_and_plain(names):
    with pytest.raises(BadSettings, match=r"^CELLS must be different names"):
        Settings.from_environment({"CELLS": names})


@pytest.mark.parametrize("names", ["", "c"])
def test_a_cell_is_one_of_the_cells(names):
    with pytest.raises(BadSettings, match=r"^CELL must be empty, .* or one of CELLS"):
        Settings.from_environment({"CELLS": names, "CELL": "b"})
