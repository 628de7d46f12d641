"""A RabbitMQ of one's own, on which nobody has imported ``rabbitmq/definitions.json``."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager

import amqp
import pytest
import requests
from nameko.standalone.rpc import ClusterRpcProxy

from services.transport.amqp import topology
from stack import commands, dead_letters
from stack.broker import connection_to
from stack.layout import CHECKOUT
from stack.ports import choose_anywhere
from tests.broker_administration import Administration
from tests.waiting import eventually

BARE = "bare"
CLOSED = "closed"
RETRIES = "evt-gateway-workout_{0}--analytics.handle_workout_{0}"
CREATED = RETRIES.format("created")
FIRST = f"{CREATED}_first"
DEFINITIONS = json.loads((CHECKOUT / "rabbitmq" / "definitions.json").read_text())
USERS = json.loads((CHECKOUT / "rabbitmq" / "users.json").read_text())
JSON = {"content_type": "application/json", "content_encoding": "utf-8"}
WORKOUT = {"date": "2026-01-02", "exercises": [{"exercise_id": 1, "sets": [{"reps": 5}]}]}

# many processes are started, and RabbitMQ's own tool takes seconds at each call
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def add_virtual_host(system, name, user="operator", configure=".*", write=".*", read=".*"):
    """Make one with nothing in it, and return the address with which the operator uses it."""
    broker = Administration(system)
    broker.add_virtual_host(name)
    broker.set_permissions(name, "operator")
    broker.set_permissions(name, user, configure, write, read)
    return address(system, name)


def address(system, virtual_host):
    return system.environment["AMQP_URI"].removesuffix("gym") + virtual_host


def import_definitions(system, virtual_host):
    """Import them for another virtual host than ``gym``."""
    text = json.dumps(DEFINITIONS).replace('"vhost": "gym"', f'"vhost": "{virtual_host}"')
    text = text.replace('"vhosts": [{"name": "gym"}]', f'"vhosts": [{{"name": "{virtual_host}"}}]')
    Administration(system).import_definitions(text)


def publish(amqp_uri, exchange, routing_key, body, **properties):
    with connection_to(amqp_uri, 5) as connection:
        channel = connection.channel()
        channel.confirm_select()
        message = amqp.Message(json.dumps(body), **JSON, **properties)
        channel.basic_publish_confirm(message, exchange, routing_key, mandatory=True)


def letters(amqp_uri):
    with dead_letters.connected(amqp_uri) as queue:
        return queue.fetch()


def drop_letters(amqp_uri):
    with dead_letters.connected(amqp_uri) as queue:
        for letter in queue.fetch():
            queue.drop(letter)


@pytest.fixture(scope="module")
def bare(servers):
    """The address of a virtual host without definitions, and the services that use it."""
    amqp_uri = add_virtual_host(servers, BARE)
    for name in ("exercises", "workouts", "analytics"):
        servers.start_another(name, f"{name}-bare", {"AMQP_URI": amqp_uri})
    return amqp_uri


def metric(system, part, name):
    url = f"http://127.0.0.1:{system.state.ports[part]}/metrics"
    lines = requests.get(url, timeout=10).text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def test_a_failed_event_becomes_a_dead_letter(bare, servers):
    publish(bare, "gateway.events", "workout_created", {"no": "workout"})
    (letter,) = eventually(lambda: letters(bare), seconds=20)
    drop_letters(bare)
    assert letter.queue == CREATED
    assert "Poison" in letter.reason
    assert metric(servers, "analytics-bare", "gym_broker_lost_total") == 0


def test_an_event_comes_back_from_its_pauses_and_ends_as_a_dead_letter(bare, servers):
    failing = {"AMQP_URI": bare, "GYM_FAILPOINTS": "analytics.handle:fail:on purpose"}
    servers.start_another("analytics", "analytics-failing", failing)
    servers.stop("analytics-bare")
    try:
        with ClusterRpcProxy({"AMQP_URI": bare}, timeout=30) as rpc:
            workout = rpc.workouts.create(1, WORKOUT)["workout"]
        event = {"workout_id": workout["id"]}
        publish(bare, "gateway.events", "workout_created", event)
        log = servers.log("analytics-failing")
        eventually(lambda: pauses(log)[:3] == [1, 5, 30], seconds=60)
        # the rest of the way takes minutes, so this one has nearly come to its end
        nearly = {"application_headers": {"x-gym-attempt": 5}}
        publish(bare, "gateway.events", "workout_created", event, **nearly)
        (letter,) = eventually(lambda: letters(bare), seconds=20)
        assert "given up after 6 tries" in letter.reason
        assert "connection lost" not in log.read_text()
    finally:
        servers.start("analytics-bare")
        servers.stop("analytics-failing")
    drop_letters(bare)


def test_an_event_that_is_delivered_again_is_left_to_the_feed(bare, servers):
    with connection_to(bare, 5) as connection:
        channel = connection.channel()
        channel.basic_qos(0, 1, False)
        taken = []
        tag = channel.basic_consume(FIRST, callback=taken.append)
        # analytics have one of them, and make a dead letter of it
        for _ in range(2):
            publish(bare, "gateway.events", "workout_created", {"no": "workout"})
        while not taken:
            connection.drain_events(timeout=20)
        channel.basic_cancel(tag)
        channel.basic_reject(taken[0].delivery_tag, requeue=True)
        log = servers.log("analytics-bare")
        eventually(lambda: "redelivered event left to the change feed" in log.read_text())
        eventually(lambda: len(letters(bare)) == 1, seconds=20)
    drop_letters(bare)


def test_what_a_version_before_has_bound_is_bound_no_more(bare, servers):
    with connection_to(bare, 5) as connection:
        connection.channel().queue_bind(CREATED, "gateway.events", "workout_created")
    assert is_bound(servers, BARE, CREATED)
    servers.restart("analytics-bare")
    eventually(lambda: not is_bound(servers, BARE, CREATED), seconds=20)
    assert is_bound(servers, BARE, FIRST)


def test_the_queue_in_memory_is_bounded(bare, servers):
    listed = servers.rabbitmqctl("list_queues", "--vhost", BARE, "name", "arguments")
    [limits] = [line for line in listed.splitlines() if line.startswith(FIRST)]
    for name, limit in topology.EVENT_LIMITS.items():
        assert name in limits
        assert str(limit) in limits


def pauses(log):
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return [line["after_seconds"] for line in lines if "will be handled again" in line["event"]]


def test_the_definitions_can_be_imported_later(bare, servers):
    import_definitions(servers, BARE)
    servers.restart("analytics-bare")
    broker = Administration(servers)
    wanted = {(CREATED, "events"), ("wait-600s", "wait-600s")}
    # the management plugin learns of a queue's policy every few seconds
    eventually(lambda: wanted <= broker.policies_of_queues(BARE).items(), seconds=20)
    publish(bare, "gateway.events", "workout_created", {"no": "workout"})
    eventually(lambda: letters(bare), seconds=20)
    drop_letters(bare)


# What the policies say, for queues whose arguments say it


def as_arguments(policy):
    return {f"x-{name}": value for name, value in policy["definition"].items()}


@pytest.mark.parametrize("place", topology.failed_event_queues(), ids=lambda place: place.name)
def test_a_place_is_declared_as_it_is_defined(place):
    (policy,) = [each for each in DEFINITIONS["policies"] if each["pattern"] == f"^{place.name}$"]
    (exchange,) = [each for each in DEFINITIONS["exchanges"] if each["name"] == place.name]
    (queue,) = [each for each in DEFINITIONS["queues"] if each["name"] == place.name]
    (binding,) = [each for each in DEFINITIONS["bindings"] if each["source"] == place.name]
    assert place.arguments == as_arguments(policy) | queue["arguments"]
    assert (place.kind, place.routing_key) == (exchange["type"], binding["routing_key"])


def test_queues_of_events_are_declared_as_they_are_defined():
    (policy,) = [each for each in DEFINITIONS["policies"] if each["name"] == "events"]
    assert as_arguments(policy) | topology.QUORUM == topology.EVENT_ARGUMENTS


def test_what_is_declared_is_all_that_is_defined():
    failed = {place.name for place in topology.failed_event_queues()}
    bound = {each["destination"] for each in DEFINITIONS["bindings"]}
    retries = {RETRIES.format(kind) for kind in ("created", "updated", "deleted")}
    assert not bound & retries
    assert {queue["name"] for queue in DEFINITIONS["queues"]} == failed | bound | retries


# A user that may not declare it


@contextmanager
def analytics(system, amqp_uri):
    """Run analytics without waiting until it is ready; give its URL and its log."""
    port = choose_anywhere(["analytics-closed"])["analytics-closed"]
    given = {"AMQP_URI": amqp_uri, "ANALYTICS_ADDRESS": f"127.0.0.1:{port}", "LOG_FORMAT": "json"}
    log = system.directory / "closed.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.run", "analytics"],
            cwd=CHECKOUT,
            env=os.environ | system.environment | given,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield f"http://127.0.0.1:{port}", log
    finally:
        process.terminate()
        process.wait(30)


def is_bound(system, virtual_host, name):
    # one binding is the queue's own, by its name
    return len(Administration(system).bindings_of(virtual_host, name)) > 1


def readiness(url):
    try:
        return requests.get(f"{url}/ready", timeout=10)
    except requests.ConnectionError:
        return None


def test_whoever_may_not_declare_it_says_what_to_import_and_loses_nothing(servers):
    (rights,) = [each for each in USERS["permissions"] if each["user"] == "analytics"]
    wanted = {name: rights[name] for name in ("configure", "write", "read")}
    operators = add_virtual_host(servers, CLOSED, "analytics", **wanted)
    Administration(servers).change_password("analytics", "closed")
    uri = f"amqp://analytics:closed@127.0.0.1:{servers.state.ports['rabbitmq']}/{CLOSED}"
    with analytics(servers, uri) as (url, log):
        eventually(lambda: "definitions.json" in log.read_text(), seconds=60)
        assert readiness(url).status_code == 503
        assert "broker" in readiness(url).json()["errors"][0]["details"]["missing"]
        eventually(lambda: is_bound(servers, CLOSED, FIRST), seconds=30)
        publish(operators, "gateway.events", "workout_created", {"no": "workout"})
        eventually(lambda: "message not moved" in log.read_text(), seconds=20)
        import_definitions(servers, CLOSED)
        eventually(lambda: readiness(url).status_code == 200, seconds=30)
        (letter,) = eventually(lambda: letters(operators), seconds=30)
        assert "Poison" in letter.reason
    lines = [line for line in log.read_text().splitlines() if "definitions.json" in line]
    assert len(lines) == 1
    assert "Traceback" not in log.read_text()


# ./gym dead-letters


@pytest.mark.parametrize(
    ("user", "virtual_host", "said"),
    [
        ("operator", "empty", "no queue 'dead-letters'"),
        ("monitoring", "empty", "refuses"),
        ("operator", "nowhere", "lets us not in"),
        ("operator:wrong", "empty", "lets us not in"),
    ],
)
def test_dead_letters_that_can_t_be_read_are_told_in_one_line(
    servers, monkeypatch, capsys, user, virtual_host, said
):
    broker = Administration(servers)
    if virtual_host not in ("nowhere", *broker.virtual_hosts()):
        add_virtual_host(servers, virtual_host, "monitoring", "^$", "^$", "^$")
    broker.change_password("monitoring", "only-looks")
    known = {"operator": servers.state.secrets["rabbitmq"], "monitoring": "only-looks"}
    name, _, password = user.partition(":")
    port = servers.state.ports["rabbitmq"]
    uri = f"amqp://{name}:{password or known[name]}@127.0.0.1:{port}/{virtual_host}"
    monkeypatch.setenv("AMQP_URI", uri)
    assert commands.main(["dead-letters"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("gym: RabbitMQ ")
    assert said in told.err
    assert len(told.err.splitlines()) == 1
