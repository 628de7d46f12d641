"""The broker's users: hashed passwords, and just the permissions that the services' code needs."""

import base64
import fnmatch
import hashlib
import json
import os
import re
import subprocess

import pytest
from nameko.containers import ServiceContainer
from nameko.rpc import Rpc

from gateway import workout_events
from services.analytics.rules.record_events import RECORD_REVOKED, RECORD_SET
from services.analytics.summary_rows import WEEKLY_SUMMARY_READY
from services.containers import make_config, service_class
from services.dependencies.cache_generations import ACCOUNT_CHANGED, CATALOGUE_CHANGED
from services.dependencies.erasure.eraser import USER_ERASED
from services.dependencies.erasure.methods import ERASE_USER
from services.dependencies.events import EventDispatcher
from services.dependencies.remote_service import RemoteService
from services.process import cells
from services.process.settings import Settings
from services.workouts.imports.completed import IMPORT_COMPLETED
from stack.layout import CHECKOUT, SERVICES
from tests.erasing import ERASING

CREATED = "evt-gateway-workout_created--analytics.handle_workout_created"
CELLS = ("", "b", "abcdefghijklmno2")
NO_CELLS = ("_", "_B", "_2", "_b_c", "_b-c", "_b.c", "_abcdefghijklmnopq", "b", ".b", "-b")
SUFFIX = r"(_[a-z][a-z0-9]{0,15})?"
UUID = "0b6c2b1e-8d53-4c9a-9d3e-7f7d5d1c2a10"
TOPOLOGY = json.loads((CHECKOUT / "rabbitmq" / "definitions.json").read_text())

PASSWORDS = {
    f"RABBITMQ_{user.upper()}_PASSWORD": f"the password of {user}"
    for user in [*SERVICES, "operator", "monitoring"]
}


def run(environment):
    command = ["sh", "rabbitmq/make-users"]
    path = {"PATH": os.environ["PATH"]}
    return subprocess.run(
        command, cwd=CHECKOUT, env=path | environment, capture_output=True, text=True, check=False
    )


def make_users(environment):
    made = run(environment)
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout)


@pytest.fixture(scope="module")
def broker():
    return make_users(PASSWORDS)


def test_the_hashes_are_rabbitmq_s(broker):
    for user in broker["users"]:
        made = base64.b64decode(user["password_hash"])
        password = PASSWORDS[f"RABBITMQ_{user['name'].upper()}_PASSWORD"].encode()
        assert made[4:] == hashlib.sha256(made[:4] + password).digest()
    assert len({user["password_hash"][:6] for user in broker["users"]}) == len(PASSWORDS)


def test_any_password_is_taken_as_it_is():
    strange = "a'b\"c$d|e\\f&g\u00fc %s \u2603"
    made = make_users(PASSWORDS | {"RABBITMQ_GATEWAY_PASSWORD": strange})["users"][0]
    salted = base64.b64decode(made["password_hash"])
    assert salted[4:] == hashlib.sha256(salted[:4] + strange.encode()).digest()


def test_an_empty_password_lets_nobody_in():
    made = make_users(PASSWORDS | {"RABBITMQ_OPERATOR_PASSWORD": ""})
    assert {user["name"]: user["password_hash"] for user in made["users"]}["operator"] == ""


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, "RABBITMQ_GATEWAY_PASSWORD is not set"),
        (
            PASSWORDS | {"RABBITMQ_USERS_PASSWORD": "development", "GYM_ENV": "production"},
            "RABBITMQ_USERS_PASSWORD must have at least 16 characters in production",
        ),
    ],
)
def test_a_missing_or_weak_password_is_told_in_one_line(given, problem):
    made = run(given)
    assert (made.returncode, made.stderr) == (1, f"rabbitmq/make-users: {problem}\n")


def test_every_service_has_a_user(broker):
    names = {user["name"] for user in broker["users"]}
    assert names == {*SERVICES, "operator", "monitoring"}
    for kind in ("permissions", "topic_permissions"):
        assert {entry["user"] for entry in broker[kind]} <= names
        assert {entry["vhost"] for entry in broker[kind]} == {"gym"}


def may(broker, user, what, name):
    (entry,) = (entry for entry in broker["permissions"] if entry["user"] == user)
    return re.search(entry[what], name) is not None


def may_send(broker, user, exchange, routing_key):
    return may_topic(broker, user, "write", exchange, routing_key)


def may_read(broker, user, exchange, routing_key):
    return may_topic(broker, user, "read", exchange, routing_key)


def may_topic(broker, user, what, exchange, routing_key):
    return may(broker, user, what, exchange) and all(
        re.search(entry[what], routing_key)
        for entry in broker["topic_permissions"]
        if (entry["user"], entry["exchange"]) == (user, exchange)
    )


def test_a_service_serves_its_own_requests_alone(broker):
    for user in SERVICES:
        for service in SERVICES:
            own = user == service != "gateway"
            for what in ("configure", "write", "read"):
                for address in addresses(service):
                    assert may(broker, user, what, f"rpc-{address}") == own
                for other in (f"{service}{suffix}" for suffix in NO_CELLS):
                    assert not may(broker, user, what, f"rpc-{other}")


def addresses(service):
    """Return the names by which a service is called: one in each cell, if each has one."""
    return [cells.address(service, cell) for cell in cells_of(service)]


def cells_of(service):
    return CELLS if service in cells.SERVICES else CELLS[:1]


def test_events_come_from_one_service_each(broker):
    for user in SERVICES:
        for event in (workout_events.CREATED, workout_events.UPDATED, workout_events.DELETED):
            for key in (event, *(f"{event}.{cell}" for cell in CELLS[1:])):
                assert may_send(broker, user, "gateway.events", key) == (user == "gateway")
                assert may_read(broker, user, "gateway.events", key) == (user == "analytics")
            for suffix in NO_CELLS[:-2]:
                assert not may_send(broker, user, "gateway.events", f"{event}{suffix}")
        sends_news = may_send(broker, user, "exercises.events", CATALOGUE_CHANGED)
        assert sends_news == (user == "exercises")
        assert may_send(broker, user, "users.events", ACCOUNT_CHANGED) == (user == "users")
        # which a workouts service of the version before goes on to dispatch during an upgrade
        assert may_send(broker, user, "workouts.events", "workout_saved") == (user == "workouts")
        tells_of_imports = may_send(broker, user, "workouts.events", IMPORT_COMPLETED)
        assert tells_of_imports == (user == "workouts")
        for event in (RECORD_SET, RECORD_REVOKED):
            assert may_send(broker, user, "analytics.events", event) == (user == "analytics")
        for address in addresses("analytics"):
            queue = CREATED.replace("analytics", address)
            assert may(broker, user, "read", queue) == (user == "analytics")
        assert may(broker, user, "write", "wait-30s") == (user in ("analytics", "notifications"))
        # requests are never kept, so only who handles events buries any
        assert may(broker, user, "write", "dead-letters") == (user != "gateway")
        # analytics take out what is about users who were erased
        assert may(broker, user, "read", "dead-letters") == (user == "analytics")


def test_what_is_kept_for_notifications_is_sieved_by_whoever_sends_it(broker):
    for event, sender in (
        (RECORD_SET, "analytics"),
        (RECORD_REVOKED, "analytics"),
        (WEEKLY_SUMMARY_READY, "analytics"),
        (IMPORT_COMPLETED, "workouts"),
    ):
        queue = f"evt-{sender}-{event}--notifications.handle_{event}"
        assert queue in {each["name"] for each in TOPOLOGY["queues"]}
        for user in SERVICES:
            assert may(broker, user, "read", queue) == (user in (sender, "notifications"))
            assert may(broker, user, "write", queue) == (user == "notifications")


def test_who_asks_for_an_erasure_and_who_answers(broker):
    for user in SERVICES:
        assert may_send(broker, user, "users.events", ERASE_USER) == (user == "users")
        has_some = user in ERASING
        assert may_read(broker, user, "users.events", ERASE_USER) == has_some
        for other in ERASING:
            assert may_send(broker, user, f"{other}.events", USER_ERASED) == (user == other)
            assert may_read(broker, user, f"{other}.events", USER_ERASED) == (user == "users")


@pytest.mark.parametrize("queue", ["dead-letters", "evt-analytics-record_set--notifications.x"])
def test_a_queue_that_is_sieved_may_be_looked_at_often(queue):
    assert policy_of(queue)["delivery-limit"] == 1_000_000


def test_what_notifications_has_not_heard_is_refused_rather_than_lost():
    source = "analytics.events"
    bound = {
        binding["routing_key"]: binding["destination"]
        for binding in TOPOLOGY["bindings"]
        if binding["source"] == source and binding["routing_key"] != USER_ERASED
    }
    # as Nameko names the queues of a service's handlers
    assert bound == {
        event: f"evt-analytics-{event}--notifications.handle_{event}"
        for event in (RECORD_SET, RECORD_REVOKED, WEEKLY_SUMMARY_READY)
    }
    for queue in bound.values():
        found = [each for each in TOPOLOGY["policies"] if re.search(each["pattern"], queue)]
        policy = max(found, key=lambda each: each["priority"])["definition"]
        # any other way to make room would lose what the broker has confirmed
        assert policy["overflow"] == "reject-publish"


def test_all_that_is_bound_is_declared():
    """RabbitMQ leaves out a binding of something that is not there, and says nothing."""
    declared = {kind: {each["name"] for each in TOPOLOGY[kind]} for kind in ("exchanges", "queues")}
    for binding in TOPOLOGY["bindings"]:
        assert binding["source"] in declared["exchanges"]
        assert binding["destination"] in declared["queues"]


def test_events_that_nobody_handles_take_little_of_the_disk():
    """Those of new workouts carry them, and analytics may be away for weeks."""
    policy = policy_of("evt-")
    assert policy["max-length-bytes"] <= 64 * 1024 * 1024
    # any other way to drop a message makes a dead letter of it
    assert policy["overflow"] == "reject-publish"


def test_imports_that_nobody_hears_of_are_kept_in_the_same_way():
    queue = f"evt-workouts-{IMPORT_COMPLETED}--notifications.handle_{IMPORT_COMPLETED}"
    [binding] = [
        each
        for each in TOPOLOGY["bindings"]
        if each["source"] == "workouts.events" and each["routing_key"] != USER_ERASED
    ]
    assert (binding["routing_key"], binding["destination"]) == (IMPORT_COMPLETED, queue)
    assert policy_of(queue) == policy_of(f"evt-analytics-{RECORD_SET}--notifications.x")


def policies_for(queue):
    return [each for each in TOPOLOGY["policies"] if re.search(each["pattern"], queue)]


def policy_of(queue):
    return max(policies_for(queue), key=lambda each: each["priority"])["definition"]


def test_nobody_but_the_operator_may_change_the_topology(broker):
    # consumers declare these again, with the same arguments, which needs the permission
    declared = ["nameko-rpc", "*.events", "evt-gateway-*--analytics.*"]
    declared += [f"evt-users-{ERASE_USER}--*", f"evt-*-{USER_ERASED}--users.*"]
    declared += ["evt-*--notifications.*"]
    for entry in TOPOLOGY["exchanges"] + TOPOLOGY["queues"]:
        name = entry["name"]
        assert may(broker, "operator", "configure", name)
        if not any(fnmatch.fnmatch(name, pattern) for pattern in declared):
            assert not any(may(broker, user, "configure", name) for user in SERVICES), name


# -- what the code does ----------------------------------------------------------------------


@pytest.fixture(
    params=[(service, cell) for service in SERVICES for cell in cells_of(service)],
    ids=lambda given: cells.address(*given),
)
def container(request):
    return described(*request.param)


def described(service, cell=""):
    """Return a service's container, which is not started."""
    settings = Settings.from_environment({"CELLS": ",".join(CELLS[1:]), "CELL": cell})
    return ServiceContainer(service_class(service), make_config(service, settings))


def consumed(container):
    """Return the queues that a service declares, binds and reads."""
    readers = [extension for extension in container.extensions if hasattr(extension, "prefetch")]
    for reader in readers:
        reader.setup()
    first_tries = [reader.first_tries for reader in readers if getattr(reader, "first_tries", None)]
    return [reader.queue for reader in [*readers, *first_tries]]


def test_a_service_may_read_its_queues_and_bind_them_to_what_is_there(container, broker):
    user = container.service_name
    exchanges = {exchange["name"] for exchange in TOPOLOGY["exchanges"]}
    for queue in consumed(container):
        assert queue.exchange.name in exchanges
        assert may_read(broker, user, queue.exchange.name, queue.routing_key), queue
        # kombu declares both
        for name in (queue.name, queue.exchange.name):
            assert may(broker, user, "configure", name), name
        assert may(broker, user, "write", queue.name), queue
        assert may(broker, user, "read", queue.name), queue


def test_a_kept_queue_is_there_before_its_service(container):
    kept = {queue["name"]: queue for queue in TOPOLOGY["queues"]}
    for queue in consumed(container):
        if not queue.auto_delete:
            # what policies say beside these, is declared only where nobody imported the definitions
            found = kept[of_first_cell(queue.name)]["arguments"]
            assert found.items() <= queue.queue_arguments.items()


def of_first_cell(name):
    """Return the name that a queue has in the first cell, if it is one of another."""
    return re.sub(f"(workouts|analytics){SUFFIX.removesuffix('?')}", r"\1", name)


def test_the_queues_of_a_cell_have_the_policies_of_those_of_the_first(container):
    for queue in consumed(container):
        assert policies_for(queue.name) == policies_for(of_first_cell(queue.name))
    for address in addresses(container.service_name):
        assert [each["name"] for each in policies_for(f"rpc-{address}")] == ["rpc"]


@pytest.mark.slow
def test_a_service_may_call_the_methods_that_its_code_calls_and_no_other(container, broker):
    user = container.service_name
    called = {
        f"{remote.name}.{method}"
        for remote in container.extensions
        if isinstance(remote, RemoteService)
        for method in remote.methods
    }
    served = served_methods()
    assert called <= served
    assert named_methods(broker, user) == called
    for key in served:
        service, method = key.split(".")
        for address in addresses(service):
            may_be_sent = may_send(broker, user, "nameko-rpc", f"{address}.{method}")
            assert may_be_sent == (key in called)
        others = [f"{service}{suffix}.{method}" for suffix in NO_CELLS]
        others += [f"{key}s", f"my_{key}", f"{key}.{key}", key.replace(".", "_")]
        for other in others:
            assert not may_send(broker, user, "nameko-rpc", other)


def served_methods():
    return {
        f"{service}.{extension.method_name}"
        for service in SERVICES
        for extension in described(service).extensions
        if isinstance(extension, Rpc)
    }


def named_methods(broker, user):
    """Return the methods that are spelt out in what a user may send."""
    (pattern,) = (
        entry["write"]
        for entry in broker["topic_permissions"]
        if (entry["user"], entry["exchange"]) == (user, "nameko-rpc")
    )
    plain = pattern.replace(SUFFIX, "")
    return {
        f"{service}.{method}"
        for service, several, one in re.findall(r"(\w+)\\\.(?:\(([\w|]+)\)|(\w+))", plain)
        for method in (several or one).split("|")
    }


def test_a_service_may_answer_if_it_can_be_asked(container, broker):
    answers = any(isinstance(extension, Rpc) for extension in container.extensions)
    assert may_send(broker, container.service_name, "nameko-rpc", UUID) == answers


def test_a_service_that_dispatches_events_may(container, broker):
    user = container.service_name
    dispatches = any(isinstance(extension, EventDispatcher) for extension in container.extensions)
    # the version before dispatches from workouts, too
    assert may(broker, user, "write", f"{user}.events") == (dispatches or user == "workouts")
    if dispatches:
        assert f"{user}.events" in {exchange["name"] for exchange in TOPOLOGY["exchanges"]}
