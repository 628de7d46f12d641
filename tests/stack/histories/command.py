"""``./gym`` against a running system, for a user who is registered for it."""

import os
import subprocess
import sys
import uuid

from stack.layout import CHECKOUT
from tests.rules.workouts.imports.files import HEVY
from tests.services.workouts.imports.files import strong, text_of

GYM = [sys.executable, "-m", "stack"]
SECONDS = 90
ZONE = "Europe/Berlin"
HEVY_WORKOUT = (
    '"{name}","30 Jun 2025, {hour}:56","30 Jun 2025, {hour}:59","","{exercise}",,"",0,"normal",'
    "80,5,,,8"
)


class Command:
    """Runs ``./gym`` for a user.

    Args:
        system: a running one.
        rpc: its services.
        directory: where the files are.
    """

    def __init__(self, system, rpc, directory):
        self.environment = {"AMQP_URI": system.environment["AMQP_URI"]}
        self.rpc = rpc
        self.directory = directory
        self.email = f"{uuid.uuid4().hex}@example.com"
        account = rpc.users.register({"email": self.email, "password": "a long password"})
        self.user_id = account["id"]

    def write(self, text, name="history.csv"):
        path = self.directory / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def line(self, command, *arguments):
        """Return the command line."""
        return [*GYM, command, *map(str, arguments), "--email", self.email]

    def run(self, command, *arguments, stdin=""):
        """Run it as a script does, and return how it ended."""
        return subprocess.run(
            self.line(command, *arguments),
            input=stdin,
            capture_output=True,
            text=True,
            cwd=CHECKOUT,
            env=os.environ | self.environment,
            timeout=SECONDS,
        )

    def imports(self):
        return self.rpc.workouts.list_imports(self.user_id)["items"]

    def workouts(self):
        return self.rpc.workouts.list(self.user_id, limit=100)["items"]


def hevy(*exercises, hour=19, name="Push"):
    """Return a file of Hevy with one workout."""
    rows = [HEVY_WORKOUT.format(name=name, hour=hour, exercise=each) for each in exercises]
    return "\n".join([HEVY, *rows, ""])


def strong_days(count, exercise="Bench Press (Barbell)"):
    """Return a file of Strong with a workout a day."""
    days = [f"{2010 + n // 336}-{n // 28 % 12 + 1:02}-{n % 28 + 1:02}" for n in range(count)]
    return text_of(*(strong(f"{day} 10:00:00", (exercise, 80, 5)) for day in days))
