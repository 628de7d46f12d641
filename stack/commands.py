"""The commands of ``gym``."""

import argparse
import importlib
import json
import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from stack import mail, overview, processes, reading_logs, suite, traces, upgrading, waterfall
from stack.bringing_up import bring_up
from stack.environment import are_given
from stack.failures import Failure
from stack.histories import options as history_options
from stack.layout import RUN_DIRECTORY, SERVICES
from stack.programs import LOGS
from stack.progress import for_people
from stack.run_directory import delete_data, held
from stack.running import become
from stack.state import write_private
from stack.system import System

NOT_READY = 1
NOT_RUNNING = 3
INTERRUPTED = 130
LINES = 20
LATEST = 15


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    try:
        # all further arguments are theirs
        if arguments[:1] == ["test"]:
            return suite.run(arguments[1:])
        if arguments[:1] == ["bench"]:
            become_benchmark(arguments[1:])
        parser = make_parser()
        options = parser.parse_args(arguments or ["help"])
        if options.command == "help":
            parser.print_help()
            return 0
        return options.run(options)
    except Failure as failure:
        print(f"gym: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("gym: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # `gym logs | head` has closed the pipe, and Python would report that at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="gym",
        description="Runs the gym tracker on this machine, with servers of its own.",
        epilog="All data is kept in .run/. Addresses that are set (AMQP_URI, REDIS_HOST, "
        "USERS_DB_HOST, ...) are used, and those servers are not started.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def add(name: str, run: object, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=f"{text}.")
        command.set_defaults(run=run)
        return command

    add("up", up, "start everything and wait until it is ready")
    command = add("down", down, "stop everything")
    command.add_argument("--data", action="store_true", help="delete all data, too")
    command.add_argument(
        "--keep-servers", action="store_true", help="stop the services and nothing else"
    )
    command = add("restart", restart, "restart services, one process after the other")
    command.add_argument("part", nargs="*", help="which ones; all services if none is named")
    add("url", url, "print the gateway's base URL")
    command = add("status", status, "show every part, its address and its state")
    command.add_argument("--json", action="store_true", help="for scripts")
    command = add("logs", logs, "show what the services (or one part) logged last")
    command.add_argument("-f", "--follow", action="store_true", help="and what they add")
    command.add_argument("-n", "--lines", type=int, default=LINES, help="how many lines of each")
    command.add_argument("part", nargs="?", help="a service, a server, or supervisord")
    command = add("trace", trace, "show what a request did, in all services")
    command.add_argument("request_id", nargs="?", help="X-Request-ID; without it, the last ones")
    command.add_argument("--html", action="store_true", help="write a page instead")
    add("shell", shell, "call the services by hand: n.rpc.exercises.search('bench')")
    add("test", None, "run the tests; what follows is for pytest")
    add("bench", None, "measure how fast it is, in a minute, in a system of its own")
    command = add(
        "dead-letters", letters, "list messages that failed for good; replay or drop them"
    )
    command.add_argument("action", nargs="?", choices=["list", "replay", "drop"], default="list")
    command.add_argument("id", nargs="*", help="which ones, to replay or drop")
    command.add_argument("--all", action="store_true", help="all of them")
    command = add("reset-password", reset_password, "print a link to a new password of an account")
    command.add_argument("email", metavar="EMAIL", help="the account's e-mail")
    add("import-wger", import_wger, "bring wger's exercises into the catalogue")
    history_options.of_import(
        add("import", import_history, "bring a user's history in from a file, with a preview")
    )
    history_options.of_export(add("export", export_history, "write a user's history to a file"))
    command = add("admin", admin, "make an account an administrator, or open one")
    command.add_argument("email", metavar="EMAIL", help="the account's e-mail")
    command = add("backup", backup, "copy all databases into a directory, while all runs")
    command.add_argument("directory", metavar="DIR", help="is made")
    command = add("restore", restore, "put a backup in the place of all databases")
    command.add_argument("directory", metavar="DIR", help="what ./gym backup has made")
    command.add_argument("--replace", action="store_true", help="delete what the databases have")
    command.add_argument(
        "--sign-out", action="store_true", help="end all sessions, as some may have ended since"
    )
    command = add("partition", partition, "split the tables of workouts by user, while all runs")
    command.add_argument("service", choices=["workouts"], help="whose big tables")
    command.add_argument(
        "--abandon", action="store_true", help="drop what an unfinished one has made"
    )
    command = add("cells", list_cells, "show the cells, and move users from one to another")
    actions = command.add_subparsers(dest="action", metavar="ACTION")
    action = actions.add_parser("list", help="show how many buckets of users each cell has")
    action.set_defaults(run=list_cells)
    action = actions.add_parser("prepare", help="make what moves need, while all runs")
    action.set_defaults(run=prepare_cells)
    action = actions.add_parser("move", help="move buckets to a cell, while all runs")
    action.set_defaults(run=move_buckets)
    action.add_argument("buckets", metavar="BUCKETS", help="0 to 1023; one, or such as 17-40")
    action.add_argument("cell", metavar="CELL", help="where to: first, or one of CELLS")
    action.add_argument("--abandon", action="store_true", help="take an unfinished move back")
    command = add("demo", demo, "fill in two years of workouts and show what comes out")
    command.add_argument("--url", help="of another gateway, such as http://localhost:8080")
    add("help", None, "show this")
    return parser


def up(options: argparse.Namespace) -> int:
    """Start everything, and show where it is."""
    with held(RUN_DIRECTORY):
        system, changed = bring_up(RUN_DIRECTORY, for_people())
        rows = overview.look(system)
    if not changed:
        print("Everything is running already; nothing was changed.")
    print(overview.as_table(rows))
    print(f"{mail.describe(RUN_DIRECTORY)}.")
    if overview.MANAGEMENT in system.state.ports:
        print("The password of RabbitMQ's pages is in .run/state.json (secrets, rabbitmq).")
    print(f"\nThe API, to read and to try: {system.url}/docs")
    print(f'\nTry next:\n  curl "{system.url}/api/exercises?limit=3"\n  ./gym demo\n  ./gym shell')
    return 0


def down(options: argparse.Namespace) -> int:
    """Stop everything, and delete the data if asked to."""
    if options.data and options.keep_servers:
        raise Failure("--data deletes what the servers have open; leave out --keep-servers")
    with held(RUN_DIRECTORY):
        if options.keep_servers:
            _stop_services(_running_system())
            return 0
        system = System.open(RUN_DIRECTORY)
        if processes.belonging_to(RUN_DIRECTORY):
            with for_people().step("Stopping") as step:
                if system:
                    system.shut_down(step.tick)
                else:
                    processes.end_all(RUN_DIRECTORY)
        else:
            print("Nothing is running.")
        if options.data:
            delete_data(RUN_DIRECTORY)
            print("All data is deleted.")
    return 0


def restart(options: argparse.Namespace) -> int:
    """Restart services, with the current code, packages and settings."""
    with held(RUN_DIRECTORY):
        upgrading.restart(_running_system(), options.part, for_people())
    return 0


def url(options: argparse.Namespace) -> int:
    """Print the gateway's base URL."""
    print(_running_system().url)
    return 0


def status(options: argparse.Namespace) -> int:
    """Show every part."""
    system = System.open(RUN_DIRECTORY)
    if not system or not system.is_running():
        print('{"running": false}' if options.json else _why_not_running())
        return NOT_RUNNING
    rows = overview.look(system)
    if options.json:
        print(json.dumps(overview.as_data(system, rows), indent=2))
    else:
        print(overview.as_table(rows))
        print(f"{mail.describe(RUN_DIRECTORY)}.")
    return 0 if all(row.is_ready for row in rows) else NOT_READY


def logs(options: argparse.Namespace) -> int:
    """Show the logs of the services, or of one part."""
    known = {path.stem: path for path in sorted((RUN_DIRECTORY / LOGS).glob("*.log"))}
    if options.part and options.part not in known:
        raise Failure(f"no log of {options.part}; there are: {', '.join(known) or 'none yet'}")
    names = [options.part] if options.part else [name for name in SERVICES if name in known]
    if not names:
        raise Failure("there are no logs yet; ./gym up")
    chosen = {name: known[name] for name in names}
    reading_logs.show(chosen, options.lines)
    if options.follow:
        # Ctrl-C is the way to end it
        with suppress(KeyboardInterrupt):
            reading_logs.follow(chosen)
    return 0


def trace(options: argparse.Namespace) -> int:
    """Draw what a request did, or list the last requests."""
    # the services' own variable: containers write their traces elsewhere
    kept = Path(os.environ.get("TRACE_DIRECTORY") or RUN_DIRECTORY / traces.DIRECTORY)
    if not options.request_id:
        print(waterfall.as_list(traces.latest(kept, LATEST)) or "No traces have been kept yet.")
        return 0
    found = traces.find(kept, options.request_id)
    if not found:
        raise Failure(f"no trace of {options.request_id}; ./gym trace lists the last requests")
    if options.html:
        page = kept / "trace.html"
        write_private(page, waterfall.as_page(options.request_id, found))
        print(page)
        return 0
    width = shutil.get_terminal_size((120, 24)).columns
    for number, drawn in enumerate(found):
        print("\n" * bool(number) + waterfall.as_text(drawn, width, sys.stdout.isatty()))
    return 0


def shell(options: argparse.Namespace) -> int:
    """Replace this process by a ``nameko shell`` on the running system."""
    # Nameko reads YAML, of which JSON is a subset. In arguments, ps would show the password; a file
    # would be another shell's that is begun at the same moment, maybe on another broker.
    configuration, write = os.pipe()
    os.set_inheritable(configuration, True)
    with os.fdopen(write, "w") as stream:
        json.dump({"AMQP_URI": _broker()}, stream)
    become("services.shell", [f"/dev/fd/{configuration}"])


def become_benchmark(arguments: list[str]) -> NoReturn:
    """Replace this process by the quick benchmark, which parses its own options."""
    become("benchmarks.quick", arguments)


def demo(options: argparse.Namespace) -> int:
    """Run the demo on the running system, or on the gateway at ``--url``."""
    url = options.url or _running_system().url
    return importlib.import_module("stack.demo").main(url) or 0


def reset_password(options: argparse.Namespace) -> int:
    """Print a link to a new password."""
    importlib.import_module("stack.password_reset").main(_broker(), options.email)
    return 0


def admin(options: argparse.Namespace) -> int:
    """Make an account an administrator."""
    importlib.import_module("stack.administrators").main(_broker(), options.email)
    return 0


def import_wger(options: argparse.Namespace) -> int:
    """Bring wger's exercises into the running system's catalogue."""
    return importlib.import_module("stack.wger").main(_broker()) or 0


def import_history(options: argparse.Namespace) -> int:
    """Bring a user's history in from a file."""
    return importlib.import_module("stack.histories.importing").main(_broker(), options) or 0


def export_history(options: argparse.Namespace) -> int:
    """Write a user's history to a file."""
    return importlib.import_module("stack.histories.exporting").main(_broker(), options) or 0


def backup(options: argparse.Namespace) -> int:
    """Copy all databases into a directory."""
    # imported lazily, as it needs packages
    backing_up = importlib.import_module("stack.backups.backing_up")
    environment = os.environ if are_given(os.environ) else _running_system().environment
    made = backing_up.back_up(environment, Path(options.directory), for_people())
    size = sum(dump.bytes for dump in made.dumps.values()) / 1e6
    print(f"{size:,.1f} MB, with all that was acknowledged before {made.begun_at}.")
    return 0


def restore(options: argparse.Namespace) -> int:
    """Put a backup in the place of all databases."""
    restoring = importlib.import_module("stack.backups.restoring")
    given = Path(options.directory), for_people(), options.replace, options.sign_out
    if are_given(os.environ):
        restoring.restore(os.environ, *given)
        print("Now start all services.")
        return 0
    with held(RUN_DIRECTORY):
        running = _running_system()
        restoring.restore(running.environment, *given, stop=lambda: _stop_services(running))
        bring_up(RUN_DIRECTORY, for_people())
    return 0


def partition(options: argparse.Namespace) -> NoReturn:
    """Replace this process by the one that splits the tables of a service by user."""
    if not are_given(os.environ):
        os.environ.update(_running_system().environment)
    become("services.partitioning", [options.service, *["--abandon"] * options.abandon])


def list_cells(options: argparse.Namespace) -> NoReturn:
    """Replace this process by the one that shows the cells."""
    _become_mover(["list"])


def prepare_cells(options: argparse.Namespace) -> NoReturn:
    """Replace this process by the one that prepares the databases of all cells."""
    _become_mover(["prepare"])


def move_buckets(options: argparse.Namespace) -> NoReturn:
    """Replace this process by the one that moves users from one cell to another."""
    _become_mover(["move", options.buckets, options.cell, *["--abandon"] * options.abandon])


def _become_mover(arguments: list[str]) -> NoReturn:
    if not are_given(os.environ):
        os.environ.update(_running_system().environment)
    become("services.moving", arguments)


def letters(options: argparse.Namespace) -> int:
    """Show the dead letters, send them again or drop them."""
    # imported lazily: needs a package, without which the other commands must work
    dead_letters = importlib.import_module("stack.dead_letters")
    with dead_letters.connected(_broker()) as queue:
        found = queue.fetch()
        if options.action == "list":
            print(dead_letters.as_table(found) if found else "There are no dead letters.")
            return 0
        chosen = dead_letters.choose(found, options.id, options.all)
        for letter in chosen:
            queue.replay(letter) if options.action == "replay" else queue.drop(letter)
    print(f"{len(chosen)} {'sent again' if options.action == 'replay' else 'dropped'}.")
    return 0


def _stop_services(running: System) -> None:
    with for_people().step("Stopping the services") as step:
        running.stop_services(step.tick)


def _running_system() -> System:
    system = System.open(RUN_DIRECTORY)
    if not system or not system.is_running():
        raise Failure("nothing is running; start it with ./gym up")
    return system


def _broker() -> str:
    # the broker may be in a container, or on another machine
    return os.environ.get("AMQP_URI") or _running_system().environment["AMQP_URI"]


def _why_not_running() -> str:
    if processes.belonging_to(RUN_DIRECTORY):
        return "The supervisor has died and left parts behind; ./gym up brings everything back."
    return "Nothing is running."
