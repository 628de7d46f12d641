"""The command: ``python -m services.partitioning workouts``."""

import argparse
import sys

from services.observability import logging
from services.partitioning.steps import abandon, partition
from services.process.settings import CannotStart, Settings

WORKOUTS = "workouts"


def main(arguments: list[str] | None = None) -> int:
    """Do as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m services.partitioning", description=__doc__)
    parser.add_argument("service", choices=[WORKOUTS], help="whose big tables are partitioned")
    parser.add_argument(
        "--abandon", action="store_true", help="drop what an unfinished partitioning has made"
    )
    options = parser.parse_args(arguments)
    try:
        settings = Settings.from_environment(service=WORKOUTS)
        logging.configure(settings, "partitioning")
        do = abandon if options.abandon else partition
        do(settings.databases[WORKOUTS], _tell)
    except CannotStart as problem:
        # logging has made sys.stderr write log lines
        print(problem, file=sys.__stderr__)
        return 1
    return 0


def _tell(line: str) -> None:
    print(line, file=sys.__stdout__, flush=True)


if __name__ == "__main__":
    sys.exit(main())
