"""What ``rabbitmqctl`` does, by the management plugin's HTTP API.

Each call of ``rabbitmqctl`` starts an Erlang machine, which takes two seconds of the processor.
"""

from urllib.parse import quote

import requests

from stack.environment import OPERATOR


class Administration:
    """Virtual hosts, users and definitions of a system's broker."""

    def __init__(self, system):
        self._url = f"{system.management_url}/api"
        self._session = requests.Session()
        self._session.auth = (OPERATOR, system.state.secrets["rabbitmq"])

    def add_virtual_host(self, name):
        self._send("PUT", "vhosts", name)

    def set_permissions(self, virtual_host, user, configure=".*", write=".*", read=".*"):
        allowed = {"configure": configure, "write": write, "read": read}
        self._send("PUT", "permissions", virtual_host, user, json=allowed)

    def change_password(self, user, password):
        tags = self._send("GET", "users", user)["tags"]
        self._send("PUT", "users", user, json={"password": password, "tags": tags})

    def import_definitions(self, text):
        headers = {"Content-Type": "application/json"}
        self._send("POST", "definitions", data=text, headers=headers)

    def virtual_hosts(self):
        return [each["name"] for each in self._send("GET", "vhosts")]

    def policies_of_queues(self, virtual_host):
        """Return the name of the policy of each queue, None if none is known yet."""
        listed = self._send("GET", "queues", virtual_host)
        return {each["name"]: each.get("policy") for each in listed}

    def bindings_of(self, virtual_host, queue):
        listed = self._send("GET", "bindings", virtual_host)
        return [each for each in listed if each["destination"] == queue]

    def _send(self, method, *path, **given):
        url = "/".join([self._url, *(quote(part, safe="") for part in path)])
        response = self._session.request(method, url, timeout=30, **given)
        response.raise_for_status()
        return response.json() if response.content else None
