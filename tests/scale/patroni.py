"""Three PostgreSQLs under Patroni, with one etcd, on loopback: an engine that decides by itself."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg2
import pytest
import requests

from stack.find import find_postgres
from stack.layout import DATABASES, LOOPBACK
from stack.ports import choose_anywhere
from stack.postgres import as_server_user, server_user
from tests.scale.postgres import ask, kill, settings_of
from tests.waiting import eventually

NODES = ("one", "two", "three")
STARTED_SECONDS = 120
SECONDS = 30
# a leader that is not heard of for so long is replaced; Patroni's own default is 30
LEASE_SECONDS = 15
LOOK_SECONDS = 3
RETRY_SECONDS = 5


def find_programs():
    """Return the programs of Patroni and etcd; skip the test where one is missing."""
    found = {name: shutil.which(name) for name in ("patroni", "etcd")}
    for name, path in found.items():
        if path is None:
            pytest.skip(f"{name} is not installed")
    return found


class Cluster:
    """Three nodes, of which one takes writes, and another has each commit that was acknowledged."""

    def __init__(self):
        self.programs = find_programs()
        self.root = Path(tempfile.mkdtemp(prefix="gym-patroni-"))
        # PostgreSQL's user must reach it
        self.root.chmod(0o755)
        names = ["etcd", "etcd-peers", *NODES, *(f"{node}-api" for node in NODES)]
        self.ports = choose_anywhere(names)
        self._processes = {}

    def __enter__(self):
        user = server_user()
        if user:
            os.chown(self.root, user.pw_uid, user.pw_gid)
        try:
            self._start_etcd()
            for node in NODES:
                self._start_node(node)
                if node == NODES[0]:
                    eventually(self.leader, STARTED_SECONDS)
            eventually(self.is_whole, STARTED_SECONDS)
            self.ask(*(f"CREATE DATABASE {database.name}" for database in DATABASES.values()))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *problem):
        for node in NODES:
            self._kill(node)
        self._processes["etcd"].kill()
        for process in self._processes.values():
            process.wait(SECONDS)
        shutil.rmtree(self.root, ignore_errors=True)

    @property
    def settings(self):
        """The variables by which services find all databases here."""
        return settings_of([self.ports[node] for node in NODES])

    # -- what Patroni says ---------------------------------------------------------------------

    def members(self):
        """Return role and state of each node that Patroni knows, as any node tells."""
        for node in NODES:
            try:
                answer = requests.get(f"{self._api(node)}/cluster", timeout=2).json()
            except (requests.RequestException, ValueError):
                continue
            return {
                each["name"]: (each["role"], each["state"]) for each in answer.get("members", ())
            }
        return {}

    def leader(self):
        """Return the node that takes writes, asked itself; None if there is none."""
        for node in NODES:
            try:
                if self.ask("SHOW transaction_read_only", node=node) == [("off",)]:
                    return node
            except psycopg2.OperationalError:
                continue
        return None

    def is_whole(self):
        """Tell whether all nodes are there, and another than the leader has all commits."""
        roles = sorted(role for role, state in self.members().values() if state != "starting")
        return roles == ["leader", "replica", "sync_standby"]

    def switch_over(self):
        """Have the leader hand over to the standby that has all commits; return which that is."""
        roles = {role: name for name, (role, _) in self.members().items()}
        leader, successor = roles["leader"], roles["sync_standby"]
        body = {"leader": leader, "candidate": successor}
        answer = requests.post(f"{self._api(leader)}/switchover", json=body, timeout=SECONDS * 2)
        assert answer.status_code == 200, answer.text
        return successor

    # -- nodes ---------------------------------------------------------------------------------

    def lose(self, node):
        """Kill a node, PostgreSQL and Patroni, and delete its disk."""
        self._kill(node)
        shutil.rmtree(self.root / node)

    def ask(self, *statements, node=None, database="postgres"):
        """Run statements, by default on the leader, and return the rows of the last."""
        return ask(self.ports[node or self.leader()], *statements, database=database)

    def _api(self, node):
        return f"http://{LOOPBACK}:{self.ports[f'{node}-api']}"

    def _start_etcd(self):
        client, peers = (f"http://{LOOPBACK}:{self.ports[n]}" for n in ("etcd", "etcd-peers"))
        self._spawn(
            "etcd",
            *("etcd", "--name", "etcd", "--data-dir", str(self.root / "etcd")),
            *("--listen-client-urls", client, "--advertise-client-urls", client),
            *("--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers),
            *("--initial-cluster", f"etcd={peers}"),
        )
        eventually(lambda: is_healthy(client), STARTED_SECONDS)

    def _start_node(self, node):
        configuration = self.root / f"{node}.json"
        # JSON is YAML, too
        configuration.write_text(json.dumps(self._configuration(node), indent=2))
        self._spawn(node, "patroni", str(configuration))

    def _configuration(self, node):
        address = f"{LOOPBACK}:{self.ports[node]}"
        api = f"{LOOPBACK}:{self.ports[f'{node}-api']}"
        return {
            "scope": "gym",
            "name": node,
            "restapi": {"listen": api, "connect_address": api},
            "etcd3": {"hosts": f"{LOOPBACK}:{self.ports['etcd']}"},
            "bootstrap": {
                "dcs": {
                    "ttl": LEASE_SECONDS,
                    "loop_wait": LOOK_SECONDS,
                    "retry_timeout": RETRY_SECONDS,
                    "synchronous_mode": True,
                    "postgresql": {
                        "use_pg_rewind": True,
                        "parameters": {
                            "max_connections": 200,
                            "shared_buffers": "64MB",
                            "dynamic_shared_memory_type": "mmap",
                            # nothing here outlives the machine
                            "fsync": "off",
                            "wal_log_hints": "on",
                            "timezone": "UTC",
                        },
                    },
                },
                "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}, "no-sync"],
            },
            "postgresql": {
                "listen": address,
                "connect_address": address,
                "data_dir": str(self.root / node),
                "bin_dir": str(find_postgres()),
                "pgpass": str(self.root / f"{node}.pgpass"),
                "parameters": {"unix_socket_directories": ""},
                "pg_hba": [
                    f"host all all {LOOPBACK}/32 trust",
                    f"host replication all {LOOPBACK}/32 trust",
                ],
                "authentication": {
                    "superuser": {"username": "postgres", "password": "not asked for"},
                    "replication": {"username": "copying", "password": "not asked for"},
                    "rewind": {"username": "rewinding", "password": "not asked for"},
                },
            },
        }

    def _spawn(self, name, program, *arguments):
        with (self.root / f"{name}.log").open("w") as log:
            self._processes[name] = subprocess.Popen(
                as_server_user([self.programs[program], *arguments]),
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(self.root)},
                # Patroni ends what is in its group
                start_new_session=True,
            )

    def _kill(self, node):
        if node not in self._processes:
            return
        self._processes[node].kill()
        kill(self.root / node)


def is_healthy(url):
    try:
        return requests.get(f"{url}/health", timeout=2).json().get("health") == "true"
    except (requests.RequestException, ValueError):
        return False
