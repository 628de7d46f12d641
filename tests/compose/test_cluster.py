"""RabbitMQ on three nodes: the loss of one loses nothing."""

import json
import re

import amqp
import pytest

from stack.layout import CHECKOUT
from tests.compose.conftest import RECOVERY_SECONDS, Lifter
from tests.waiting import eventually

NODES = {
    "rabbit@rabbitmq": "rabbitmq",
    "rabbit@rabbitmq-2": "rabbitmq-2",
    "rabbit@rabbitmq-3": "rabbitmq-3",
}
RETRIES = "evt-gateway-workout_created--analytics.handle_workout_created"
FIRST_TRIES = f"{RETRIES}_first"
DEFINITIONS = json.loads((CHECKOUT / "rabbitmq" / "definitions.json").read_text())
JSON = {"content_type": "application/json", "content_encoding": "utf-8"}
WORKOUTS = 20


def control(cluster, service, *arguments):
    """Run ``rabbitmqctl`` on a node and return what it says as data."""
    command = ("docker-entrypoint.sh", "rabbitmqctl", "--quiet", "--formatter", "json")
    return json.loads(cluster.execute(service, *command, *arguments))


def queues(cluster, service):
    columns = ("name", "type", "leader", "members", "online", "messages")
    found = control(cluster, service, "list_queues", "-p", "gym", *columns)
    return {queue["name"]: queue for queue in found}


@pytest.fixture
def lifter(cluster):
    return Lifter(cluster)


def test_every_kept_queue_has_a_member_on_each_node(cluster):
    def complete():
        kept = {
            name: set(queue["members"])
            for name, queue in queues(cluster, "rabbitmq").items()
            if queue["type"] == "quorum"
        }
        assert all(members == set(NODES) for members in kept.values()), kept
        return len(kept) == len(DEFINITIONS["queues"])

    eventually(complete, RECOVERY_SECONDS)


def test_killing_the_leader_s_node_loses_no_event_that_is_kept(cluster, lifter):
    ids = [lifter.log().json()["data"][0]["id"] for _ in range(WORKOUTS)]
    lifter.check_statistics()
    cluster.kill("analytics-service")
    # as a wait queue returns those that have failed
    publish(cluster, RETRIES, [{"workout_id": workout_id} for workout_id in ids])
    before = eventually(lambda: _waiting(cluster, "rabbitmq", WORKOUTS))

    leader = NODES[before["leader"]]
    other = next(service for service in NODES.values() if service != leader)
    cluster.kill(leader)
    after = eventually(lambda: _waiting(cluster, other, WORKOUTS), RECOVERY_SECONDS)
    assert after["leader"] != before["leader"]

    # with two nodes of three everything goes on
    for _ in range(WORKOUTS):
        lifter.log_for_sure()
    cluster.compose("up", "--detach", "--no-deps", "analytics-service")
    eventually(lambda: _retries(cluster, other)["messages"] == 0, RECOVERY_SECONDS)
    lifter.check_statistics()

    cluster.up("--no-deps", leader)
    eventually(lambda: len(_retries(cluster, leader)["online"]) == len(NODES), RECOVERY_SECONDS)
    lifter.log_for_sure()
    lifter.check_statistics()


def test_killing_the_node_of_a_queue_in_memory_loses_no_workout(cluster, lifter):
    lifter.log_for_sure()
    lifter.check_statistics()
    node = eventually(lambda: node_of(cluster, "rabbitmq", FIRST_TRIES), RECOVERY_SECONDS)
    other = next(service for service in NODES.values() if service != node)
    for _ in range(WORKOUTS):
        assert lifter.log().status_code == 201
    cluster.kill(node)
    for _ in range(WORKOUTS):
        lifter.log_for_sure()
    lifter.check_statistics()
    again = eventually(lambda: node_of(cluster, other, FIRST_TRIES), RECOVERY_SECONDS)
    assert again != node

    cluster.up("--no-deps", node)
    eventually(lambda: len(_retries(cluster, node)["online"]) == len(NODES), RECOVERY_SECONDS)
    lifter.log_for_sure()
    lifter.check_statistics()


def publish(cluster, queue, bodies):
    host, port = cluster.address("rabbitmq", 5672)
    password = cluster.settings["RABBITMQ_OPERATOR_PASSWORD"]
    with amqp.Connection(f"{host}:{port}", "operator", password, virtual_host="gym") as connection:
        channel = connection.channel()
        channel.confirm_select()
        for body in bodies:
            message = amqp.Message(json.dumps(body), **JSON, delivery_mode=2)
            channel.basic_publish_confirm(message, "", queue)


def node_of(cluster, service, queue):
    """Return on which node a queue in memory is, as its container is called."""
    # as JSON a process's id does not say on which node it is
    command = ("docker-entrypoint.sh", "rabbitmqctl", "--quiet", "list_queues", "-p", "gym")
    listed = cluster.execute(service, *command, "name", "pid")
    found = re.search(rf"^{re.escape(queue)}\s+<(rabbit@[\w-]+)\.", listed, re.M)
    return NODES[found[1]] if found else None


def _retries(cluster, service):
    return queues(cluster, service)[RETRIES]


def _waiting(cluster, service, least):
    queue = _retries(cluster, service)
    return queue if queue["messages"] >= least else None
