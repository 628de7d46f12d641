"""The options of ``gym import`` and ``gym export``."""

import argparse


def of_import(command: argparse.ArgumentParser) -> None:
    """Add the options of ``gym import``."""
    command.add_argument("file", nargs="?", help="what another app, or this one, has exported")
    _account(command)
    command.add_argument("--id", type=int, help="an import to go on with, in place of a file")
    command.add_argument("--source", help="the app that has written it; found out otherwise")
    command.add_argument("--weight-unit", help="kg or lb, if the file does not tell it")
    command.add_argument("--distance-unit", help="m, km or mi, if the file does not tell it")
    command.add_argument(
        "--language", help="of the months' names, such as pl, if it can't be told from them"
    )
    command.add_argument("--time-zone", help="where the workouts were, such as Europe/Berlin")
    command.add_argument(
        "--on-changed",
        choices=["skip", "update"],
        help="workouts that were imported before, and are another now (skip)",
    )
    command.add_argument(
        "--deleted",
        choices=["skip", "restore"],
        help="workouts that were imported before, and deleted since (skip)",
    )
    command.add_argument(
        "--likely-same",
        choices=["skip", "add"],
        help="workouts that are most likely here by another export; asked for otherwise",
    )
    command.add_argument(
        "--faulty",
        choices=["refuse", "skip"],
        help="lines with faults: import nothing, or leave them out; asked for otherwise",
    )
    command.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="NAME=EXERCISE",
        help="what a name in the file is: an exercise's name or id, or new; as often as needed",
    )
    command.add_argument(
        "--new-for-unknown",
        action="store_true",
        help="make private exercises of all names that would be asked for",
    )
    command.add_argument("-y", "--yes", action="store_true", help="ask nothing")


def of_export(command: argparse.ArgumentParser) -> None:
    """Add the options of ``gym export``."""
    command.add_argument("file", help="where to write; - is standard output")
    _account(command)
    command.add_argument("--format", default="json", help="json (all of it), strong or hevy")
    command.add_argument("--from", dest="date_from", metavar="DATE", help="the first day")
    command.add_argument("--to", dest="date_to", metavar="DATE", help="the last day")
    command.add_argument("--force", action="store_true", help="replace a file that is there")


def _account(command: argparse.ArgumentParser) -> None:
    command.add_argument("--email", required=True, help="the e-mail of whose history it is")
