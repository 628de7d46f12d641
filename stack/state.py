"""State between two commands: ports, secrets, and settings given from outside."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stack.layout import DATABASES

FILE_NAME = "state.json"
SECRETS = (*DATABASES, "rabbitmq", "erlang", "supervisor", "jwt")


@dataclass(frozen=True)
class State:
    """The choices made for one directory.

    Attributes:
        directory: of the system.
        ports: by the part's name.
        secrets: generated passwords and keys, by their purpose.
        given: environment variables set from outside, which replace choices made here.
        replaced: preferred ports that were taken, by the part's name.
        throwaway: whether the data may be lost, as in tests.
        added: further processes of services, by name: the service, and its own settings.
    """

    directory: Path
    ports: Mapping[str, int]
    secrets: Mapping[str, str]
    given: Mapping[str, str]
    replaced: Mapping[str, int]
    throwaway: bool = False
    added: Mapping[str, Mapping] = field(default_factory=dict)

    def save(self) -> None:
        """Write the state to its directory, readable only by the owner."""
        content = {
            "ports": dict(self.ports),
            "secrets": dict(self.secrets),
            "given": dict(self.given),
            "replaced": dict(self.replaced),
            "throwaway": self.throwaway,
        }
        if self.added:
            # earlier versions refuse unknown fields, so write these only if they are set
            content["added"] = dict(self.added)
        write_private(self.directory / FILE_NAME, json.dumps(content, indent=2) + "\n")


def load(directory: Path) -> State | None:
    """Return the saved state of a directory, or None."""
    try:
        content = json.loads((directory / FILE_NAME).read_text())
    except FileNotFoundError:
        return None
    return State(directory=directory, **content)


def make_secrets() -> dict[str, str]:
    """Return new random secrets, of letters and digits."""
    return {name: secrets.token_hex(24) for name in SECRETS}


def complete(kept: Mapping[str, str]) -> Mapping[str, str]:
    """Return secrets with those of parts that the version before did not have."""
    # with one password for all databases, as the first versions had, none is missing
    return kept if "postgres" in kept else {**make_secrets(), **kept}


def write_private(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a file atomically and with a private mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
    fresh.replace(path)
