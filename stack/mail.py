"""Where the mails of a system go, as its users service was told at its start."""

import shlex
from pathlib import Path
from urllib.parse import urlsplit

from stack.programs import SCRIPTS

SERVICE = "users"


def describe(directory: Path) -> str:
    """Return in one line where the mails go.

    Args:
        directory: of the system.
    """
    variables = _variables(directory / SCRIPTS / SERVICE)
    if server := variables.get("SMTP_URL", "").strip():
        # without the password
        parts = urlsplit(server)
        return f"Mails go to {parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    kept = variables.get("MAIL_DIRECTORY", "").strip()
    if kept and kept != "off":
        return f"Mails are not sent, but kept in {_short(Path(kept))}/; set SMTP_URL to send them"
    return "Mails are not sent; set SMTP_URL to send them"


def _variables(script: Path) -> dict[str, str]:
    """Return the variables that a program's script exports."""
    try:
        words = [shlex.split(line) for line in _exports(script.read_text())]
    except FileNotFoundError:
        return {}
    return dict(word.split("=", 1) for _, word in words)


def _exports(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("export ")]


def _short(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
