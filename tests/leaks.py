"""A search of the logs for what is secret or somebody's."""

import re

from stack.programs import LOGS
from tests.erasing import PASSWORD

EMAIL = re.compile(rb"[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)*\.(?:com|de|org|net|uk)\b")
TOKEN = re.compile(rb"eyJ[\w-]{10,}\.[\w-]{10,}")
HASH = re.compile(rb"\$2[aby]\$\d\d\$")
MARK = "never-to-be-logged"


def check_logs(system):
    """Fail if a log of a system's services or servers has anything of the kind."""
    secrets = {name: str(value).encode() for name, value in system.state.secrets.items()}
    forbidden = {
        "a password of the tests": re.compile(re.escape(PASSWORD.encode())),
        "what a user wrote": re.compile(MARK.encode()),
        "an e-mail": EMAIL,
        "a token": TOKEN,
        "a password's hash": HASH,
        **{f"the secret {name}": re.compile(re.escape(value)) for name, value in secrets.items()},
    }
    for path in sorted((system.directory / LOGS).glob("*.log*")):
        text = path.read_bytes()
        for what, pattern in forbidden.items():
            found = pattern.search(text)
            around = found and text[max(found.start() - 200, 0) : found.end() + 50]
            assert not found, f"{what} in {path.name}: {around}"
