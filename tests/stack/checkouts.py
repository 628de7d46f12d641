"""Copies of this checkout, for tests that run ``./gym`` itself."""

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from contextlib import contextmanager
from pathlib import Path

import requests

from stack import installations
from stack.environment import ALL_SETTINGS
from stack.layout import CHECKOUT, INNER_PORTS, PORTS
from stack.ports import choose_anywhere
from stack.processes import end_all
from stack.testing import watched

FILES = (
    "gym",
    "constraints.txt",
    "setup.cfg",
    "gateway",
    "rabbitmq",
    "schemas",
    "services",
    "stack",
)
GYM_SECONDS = 400
# builds what setuptools would, which is not to be had without an index
BACKEND = """
import zipfile
from pathlib import Path

NAME = "gym_tracker-0.1.0"
METADATA = "Metadata-Version: 2.1\\nName: gym-tracker\\nVersion: 0.1.0\\nProvides-Extra: dev\\n"
WHEEL = "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    name = f"{NAME}-py3-none-any.whl"
    with zipfile.ZipFile(Path(wheel_directory, name), "w") as wheel:
        wheel.writestr("gym_tracker.pth", str(Path.cwd()))
        wheel.writestr(f"{NAME}.dist-info/METADATA", METADATA)
        wheel.writestr(f"{NAME}.dist-info/WHEEL", WHEEL)
        wheel.writestr(f"{NAME}.dist-info/RECORD", "")
    return name
"""
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


class Checkout:
    """One copy, with what is needed to run its ``gym``."""

    def __init__(self, directory, packages):
        self.directory = directory
        self.run = directory / ".run"
        self.environment = {
            **{key: value for key, value in os.environ.items() if key not in ALL_SETTINGS},
            # installed already, so that pip needs no index
            "PYTHONPATH": str(packages),
            "PIP_NO_INDEX": "1",
            "RATE_LIMIT_API": "",
        }

    def begin(self, *arguments, output=subprocess.PIPE):
        """Start ``gym`` in a process group of its own, as a terminal does."""
        return subprocess.Popen(
            # not through a shell's wrapper of python3, which takes a Ctrl-C for itself
            [Path(sys.executable).resolve(), self.directory / "gym", *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def gym(self, *arguments, code=0):
        """Run ``gym`` and return what it printed."""
        process = self.begin(*arguments)
        try:
            output, _ = process.communicate(timeout=GYM_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        assert process.returncode == code, output
        return output

    def status(self):
        """Return what ``gym status`` knows of each part, by name."""
        return {part["part"]: part for part in json.loads(self.gym("status", "--json"))["parts"]}

    def pids(self):
        """Return the process of each part, by name."""
        return {name: part["pid"] for name, part in self.status().items() if part["pid"]}

    def get(self, path):
        """Ask the gateway."""
        return requests.get(self.gym("url").strip() + path, timeout=30)

    def change(self, path, text="\n# changed\n"):
        """Add a text to a file."""
        with (self.directory / path).open("a") as stream:
            stream.write(text)


@contextmanager
def copied(directory, is_installed=False):
    """Copy the checkout, with ports of its own, and end what was started in the copy.

    Args:
        directory: where the copy and its packages lie.
        is_installed: whether an environment is there already, for tests that are not about
            installing: pip takes some ten seconds of the processor.
    """
    packages = directory / "packages"
    _link_packages(packages)
    made = Checkout(directory / "checkout", packages)
    made.directory.mkdir()
    for name in FILES:
        source = CHECKOUT / name
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, made.directory / name)
    (made.directory / "pyproject.toml").write_text(PROJECT)
    (made.directory / "backend.py").write_text(BACKEND)
    free = choose_anywhere([*PORTS, *INNER_PORTS])
    made.change("stack/layout.py", f"\nPORTS |= { {n: free[n] for n in PORTS} }\n")
    made.change("stack/layout.py", f"INNER_PORTS |= { {n: free[n] for n in INNER_PORTS} }\n")
    # on a busy machine a whole start may take longer than a person would wait for it
    made.change("stack/system.py", f"\nSERVERS_SECONDS = SERVICES_SECONDS = {GYM_SECONDS}\n")
    if is_installed:
        install(made.directory)
    with watched(made.run):
        yield made
    end_all(made.run)


def install(checkout):
    """Make the environment that ``gym`` would make, whose packages come by PYTHONPATH anyway."""
    python = Path(sys.executable).resolve()
    question = "import runpy, sys; print(runpy.run_path(sys.argv[1])['wanted'](), end='')"
    command = [python, "-c", question, checkout / "gym"]
    wanted = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def build(environment):
        subprocess.run([python, "-m", "venv", "--without-pip", environment], check=True)
        (packages,) = environment.glob("lib/python3*/site-packages")
        (packages / "gym_tracker.pth").write_text(str(checkout))

    installations.replace(checkout, wanted, build)


def _link_packages(directory):
    directory.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if "gym_tracker" not in entry.name:
            (directory / entry.name).symlink_to(entry)
