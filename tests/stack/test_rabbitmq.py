"""The broker's files: hashed passwords, users beside the shared topology, private addresses."""

import base64
import json

from stack import rabbitmq
from stack.layout import INNER_PORTS, PORTS
from stack.state import State, make_secrets


def test_a_password_is_hashed_as_in_rabbitmqs_own_documentation():
    hashed = rabbitmq.hash_password("test12", bytes.fromhex("908DC60A"))
    assert hashed == "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"


def test_the_user_is_added_to_what_the_definitions_have():
    shared = {"vhosts": [{"name": "gym"}], "users": [{"name": "somebody"}]}
    definitions = rabbitmq.add_user(shared, "password", b"salt")
    assert [user["name"] for user in definitions["users"]] == ["somebody", "gym"]
    assert definitions["permissions"][0]["vhost"] == "gym"
    assert definitions["vhosts"] == shared["vhosts"]
    assert len(shared["users"]) == 1


def test_no_password_stands_in_the_nodes_files(tmp_path):
    state = State(tmp_path, PORTS | INNER_PORTS, make_secrets(), {}, {})
    rabbitmq.prepare(state)
    written = (tmp_path / "rabbitmq" / "definitions.json").read_text()
    assert state.secrets["rabbitmq"] not in written
    user = next(user for user in json.loads(written)["users"] if user["name"] == "gym")
    salt = base64.b64decode(user["password_hash"])[:4]
    assert user["password_hash"] == rabbitmq.hash_password(state.secrets["rabbitmq"], salt)


def test_the_nodes_listeners_are_all_local(tmp_path):
    state = State(tmp_path, PORTS | INNER_PORTS, make_secrets(), {}, {})
    settings = rabbitmq.own_settings(state).splitlines()
    listeners = [line for line in settings if "listeners" in line or ".tcp.ip" in line]
    assert len(listeners) == 3
    assert all("127.0.0.1" in line for line in listeners)


def test_the_definitions_of_the_repository_hold_no_user():
    definitions = json.loads((rabbitmq.SOURCE / "definitions.json").read_text())
    assert not definitions.get("users")
