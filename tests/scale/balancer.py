"""nginx with the configuration of ``deploy/nginx.conf``, on free ports of this machine."""

import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from stack.layout import CHECKOUT, LOOPBACK
from stack.ports import choose_anywhere
from tests.waiting import eventually

CONFIGURATION = CHECKOUT / "deploy" / "nginx.conf"
PLACES = ":/usr/sbin:/usr/local/sbin"
SERVER = re.compile(r"server 127\.0\.0\.1:\d+")
SECONDS = 10


def find_nginx():
    """Return nginx's program; skip the test where there is none."""
    found = shutil.which("nginx") or shutil.which("nginx", path=PLACES)
    if found is None:
        pytest.skip("nginx is not installed")
    return found


class Balancer:
    """nginx in front of servers.

    Args:
        ports: of the servers, as many as the configuration has.
    """

    def __init__(self, *ports):
        self.program = find_nginx()
        self.port = choose_anywhere(["nginx"])["nginx"]
        self.root = Path(tempfile.mkdtemp(prefix="gym-nginx-"))
        self._ports = ports
        self._process = None

    @property
    def url(self):
        return f"http://{LOOPBACK}:{self.port}"

    def __enter__(self):
        configuration = self.root / "nginx.conf"
        configuration.write_text(self._configuration())
        # its own user could not reach the directory
        command = [self.program, "-p", str(self.root), "-c", str(configuration)]
        command += ["-e", str(self.root / "error.log")]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        eventually(self._listens, SECONDS)
        return self

    def __exit__(self, *problem):
        self._process.terminate()
        self._process.wait(SECONDS)
        shutil.rmtree(self.root, ignore_errors=True)

    def errors(self):
        """Return what nginx has complained about."""
        return (self.root / "error.log").read_text()

    def _configuration(self):
        text = CONFIGURATION.read_text()
        ports = iter(self._ports)
        text = SERVER.sub(lambda _: f"server {LOOPBACK}:{next(ports)}", text)
        assert next(ports, None) is None, "the configuration has fewer servers"
        text = text.replace("listen 80 ", f"listen {LOOPBACK}:{self.port} ")
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        own = "".join(f"{kind}_temp_path {self.root}/{kind};\n" for kind in kinds)
        text = text.replace("http {\n", f"http {{\n{own}", 1)
        return f"daemon off;\npid {self.root}/nginx.pid;\nuser root;\n{text}"

    def _listens(self):
        assert self._process.poll() is None, self.errors()
        with socket.socket() as probe:
            return probe.connect_ex((LOOPBACK, self.port)) == 0
