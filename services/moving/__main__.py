"""The command: ``python -m services.moving list|prepare|move``."""

import argparse
import re
import signal
import sys

from services.moving import addresses, listing, preparing, steps
from services.observability import logging
from services.process import cells
from services.process.settings import CannotStart, Settings

INTERRUPTED = 130
LIST, PREPARE, MOVE = "list", "prepare", "move"


def main(arguments: list[str] | None = None) -> int:
    """Do as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m services.moving", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser(LIST, help="show the cells, and what is moved")
    actions.add_parser(PREPARE, help="make what the databases of each cell need for moves")
    action = actions.add_parser(MOVE, help="move buckets of users to a cell")
    action.add_argument("buckets", type=_buckets, metavar="BUCKETS", help="one, or such as 17-40")
    action.add_argument("cell", metavar="CELL", help=f"where to; {addresses.FIRST}, or a name")
    action.add_argument("--abandon", action="store_true", help="take an unfinished move back")
    options = parser.parse_args(arguments)
    try:
        settings = Settings.from_environment(service="moving")
        logging.configure(settings, "moving")
        _give_way()
        _do(options, settings)
    except CannotStart as problem:
        # logging has made sys.stderr write log lines
        print(problem, file=sys.__stderr__)
        return 1
    except KeyboardInterrupt:
        print("broken off: run it again", file=sys.__stderr__)
        return INTERRUPTED
    return 0


def _give_way() -> None:
    """Have whoever is ended in other ways take back what can be taken back, too."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)


def _do(options: argparse.Namespace, settings: Settings) -> None:
    every = addresses.read()
    if options.action == LIST:
        for line in listing.lines(every):
            _tell(line)
    elif options.action == PREPARE:
        for cell in every.values():
            preparing.prepare(cell)
            _tell(f"{cell} is prepared")
    else:
        do = steps.abandon if options.abandon else steps.move
        name = cells.FIRST if options.cell == addresses.FIRST else options.cell
        for bucket in options.buckets:
            try:
                do(every, bucket, name, settings.databases["notifications"], _tell)
            except addresses.AlreadyThere as problem:
                # of several some may have been moved before this was broken off
                if len(options.buckets) == 1:
                    raise
                _tell(str(problem))


def _buckets(text: str) -> range:
    numbers = re.fullmatch(r"(\d+)(?:-(\d+))?", text)
    if numbers is None:
        raise argparse.ArgumentTypeError("must be a number, or two as in 17-40")
    first, last = int(numbers[1]), int(numbers[2] or numbers[1])
    if not first <= last < cells.BUCKETS:
        raise argparse.ArgumentTypeError(f"must be from 0 to {cells.BUCKETS - 1}, the lower first")
    return range(first, last + 1)


def _tell(line: str) -> None:
    print(line, file=sys.__stdout__, flush=True)


if __name__ == "__main__":
    sys.exit(main())
