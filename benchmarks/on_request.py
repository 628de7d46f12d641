"""Starts a system and measures a scenario each time it is asked to, for ``benchmarks.beside``.

Reads a list of a scenario's name and seconds from each line of the standard input, and writes what
was measured as a line of JSON. It is run as a file, on the modules of another checkout: it may use
only what the versions before have, too.
"""

import json
import sys
from dataclasses import asdict

from benchmarks.crowd import gather
from benchmarks.quick import IN_EARNEST, measure
from benchmarks.scenarios import SCENARIOS
from benchmarks.usage import Usage
from stack.testing import running_system


def main() -> None:
    """Measure until the input ends."""
    with running_system(settings=IN_EARNEST, throwaway=False) as system:
        usage = Usage(system)
        crowd = gather(system.url)
        _say("ready")
        for line in sys.stdin:
            name, seconds = json.loads(line)
            measured = measure(SCENARIOS[name], crowd, usage, seconds)
            _say(
                {
                    "outcome": asdict(measured.outcome),
                    "cpu": measured.cpu,
                    "memory": usage.memory_mib(),
                }
            )


def _say(what: object) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main()
