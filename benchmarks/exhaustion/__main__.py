"""``python -m benchmarks.exhaustion [ATTACK ...]``: attacks a system of its own, prints the table.

The system is a default installation: its limits are those of one.
"""

import argparse
import sys
from contextlib import closing

from benchmarks.exhaustion.attacks import ATTACKS
from benchmarks.exhaustion.reporting import table
from benchmarks.exhaustion.stage import Stage
from stack.failures import Failure
from stack.progress import for_people
from stack.testing import running_system


def main(arguments: list[str]) -> int:
    """Carry out the attacks, and return 1 if others were harmed."""
    parser = argparse.ArgumentParser(prog="benchmarks.exhaustion", description=__doc__)
    parser.add_argument("attacks", nargs="*", metavar="ATTACK", help=", ".join(ATTACKS))
    options = parser.parse_args(arguments)
    if unknown := set(options.attacks) - ATTACKS.keys():
        parser.error(f"no such attack: {', '.join(sorted(unknown))}")
    results, failed = [], False
    try:
        with (
            running_system(settings={}) as system,
            closing(Stage(system)) as stage,
            for_people().step("Attacking") as step,
        ):
            for name in options.attacks or ATTACKS:
                step.tick(name)
                results.append(stage.carry_out(ATTACKS[name]))
    except Failure as failure:
        failed = True
        print(f"exhaustion: {failure}", file=sys.stderr)
    print(table(results))
    harmed = [result for result in results if result.harm()]
    for result in harmed:
        print(f"\n{result.attack.words}: {'; '.join(result.harm())}", file=sys.stderr)
    return 1 if harmed or failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
