"""RabbitMQ on three nodes: the loss of one loses nothing."""

import json

import pytest

from tests.compose.conftest import RECOVERY_SECONDS, Lifter
from tests.waiting import eventually

NODES = {
    "rabbit@rabbitmq": "rabbitmq",
    "rabbit@rabbitmq-2": "rabbitmq-2",
    "rabbit@rabbitmq-3": "rabbitmq-3",
}
EVENTS = "evt-gateway-workout_created--analytics.handle_workout_created"
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
        return len(kept) == 9

    eventually(complete, RECOVERY_SECONDS)


def test_killing_the_leader_s_node_loses_nothing(cluster, lifter):
    assert lifter.log().status_code == 201
    lifter.check_statistics()
    cluster.kill("analytics-service")
    for _ in range(WORKOUTS):
        assert lifter.log().status_code == 201
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
    lifter.check_statistics()

    cluster.up("--no-deps", leader)
    eventually(lambda: len(_events(cluster, leader)["online"]) == len(NODES), RECOVERY_SECONDS)
    lifter.log_for_sure()
    lifter.check_statistics()


def _events(cluster, service):
    return queues(cluster, service)[EVENTS]


def _waiting(cluster, service, least):
    queue = _events(cluster, service)
    return queue if queue["messages"] >= least else None
