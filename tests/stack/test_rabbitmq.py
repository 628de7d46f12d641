"""The broker's files: hashed passwords, users beside the shared topology, private addresses."""

import base64
import hashlib
import json

from stack import rabbitmq
from stack.environment import BROKER_USERS, broker_password
from stack.layout import INNER_PORTS, PORTS
from stack.state import State, make_secrets


def test_every_user_has_a_password_of_its_own_which_stands_in_no_file(tmp_path):
    state = State(tmp_path, PORTS | INNER_PORTS, make_secrets(), {}, {})
    rabbitmq.prepare(state)
    passwords = {user: broker_password(state, user) for user in BROKER_USERS}
    assert len(set(passwords.values())) == len(BROKER_USERS)
    written = (tmp_path / "rabbitmq" / "definitions" / "users.json").read_text()
    assert not any(password in written for password in passwords.values())
    for user in json.loads(written)["users"]:
        salted = base64.b64decode(user["password_hash"])
        password = passwords[user["name"]].encode()
        assert salted[4:] == hashlib.sha256(salted[:4] + password).digest()


def test_the_nodes_listeners_are_all_local(tmp_path):
    state = State(tmp_path, PORTS | INNER_PORTS, make_secrets(), {}, {})
    settings = rabbitmq.own_settings(state).splitlines()
    listeners = [line for line in settings if "listeners" in line or ".tcp.ip" in line]
    assert len(listeners) == 3
    assert all("127.0.0.1" in line for line in listeners)


def test_the_definitions_of_the_repository_hold_no_user():
    definitions = json.loads((rabbitmq.SOURCE / "definitions.json").read_text())
    assert not definitions.get("users")


def test_a_node_that_came_up_keeps_its_data_though_nobody_saw_it(tmp_path):
    state = State(tmp_path, PORTS | INNER_PORTS, make_secrets(), {}, {})
    rabbitmq.begin(state)
    data = tmp_path / "rabbitmq" / rabbitmq.DATA
    data.mkdir()
    (tmp_path / "logs").mkdir()
    log = tmp_path / "logs" / "rabbitmq.log"
    log.write_text("[info] Server startup complete; 3 plugins started.\n")
    rabbitmq.begin(state)
    assert data.exists()
    log.write_text("[info] starting\n")
    rabbitmq.begin(state)
    assert not data.exists()
