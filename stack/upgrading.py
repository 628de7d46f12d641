"""Rolling restarts of a running system, with new code, packages and settings."""

from collections.abc import Iterable, Mapping

from stack.failures import Failure
from stack.find import Programs, find_programs
from stack.layout import DATABASE_OF, SERVERS
from stack.programs import Program
from stack.progress import Progress
from stack.system import System


def bring_services(system: System, found: Programs, progress: Progress) -> bool:
    """Start the services that are down, and restart outdated ones.

    Args:
        system: its servers must be ready.
        found: the servers' programs.
        progress: shows the steps.

    Returns:
        Whether anything was changed.
    """
    wanted = system.describe(found)
    names = [name for parts in system.processes_of_services().values() for name in parts]
    known = system.supervisor.parts()
    held_up = system.held_up()
    down = [name for name in names if name not in known or name in held_up]
    outdated = [name for name in system.outdated(wanted) if name in names and name not in down]
    others = [name for name in names if name not in (*down, *outdated)]
    unready = [name for name in others if not system.check(name).ready]
    if outdated:
        _migrate(system, outdated, progress)
    if down or unready:
        system.start_services([*down, *unready], progress)
    _replace_services(system, outdated, wanted, progress)
    return bool(down or outdated or unready)


def restart(system: System, chosen: Iterable[str], progress: Progress) -> None:
    """Restart parts one after the other, with the current code, packages and settings.

    Args:
        system: must be running.
        chosen: services (each with all its processes) or other parts; all services if empty.
        progress: shows the steps.
    """
    refuse_earlier(system)
    found = find_programs()
    wanted = system.describe(found)
    processes = system.processes_of_services()
    chosen = list(chosen) or list(processes)
    if unknown := [name for name in chosen if name not in wanted]:
        raise Failure(f"there is no part called {', '.join(unknown)}; ./gym status shows them")
    names = [name for part in chosen for name in processes.get(part, [part])]
    # services need their servers, and the broker's current users and definitions
    _replace(system, [name for name in names if name in SERVERS], wanted, progress)
    system.load_definitions(found, progress)
    _migrate(system, names, progress)
    _replace_services(system, [name for name in names if name not in SERVERS], wanted, progress)


def refuse_earlier(system: System) -> None:
    """Refuse a system started by an earlier version: its supervisor can't replace single parts."""
    if not system.supervisor.knows_parts_one_by_one():
        raise Failure("this was started by an earlier version; use ./gym up")


def _migrate(system: System, names: list[str], progress: Progress) -> None:
    # migrate first: the old code works with the new schema, but not the new code with the old one
    concerned = [
        service
        for service, processes in system.processes_of_services().items()
        if service in DATABASE_OF and not set(names).isdisjoint(processes)
    ]
    if concerned:
        with progress.step("Migrating the databases") as step:
            system.migrate(concerned, step)


def _replace_services(
    system: System, names: list[str], wanted: Mapping[str, Program], progress: Progress
) -> None:
    if names:
        with progress.step("Loading the code of the services") as step:
            system.renew_fork_server(wanted, step)
    _replace(system, names, wanted, progress)


def _replace(
    system: System, names: list[str], wanted: Mapping[str, Program], progress: Progress
) -> None:
    for name in names:
        with progress.step(f"Restarting {name}") as step:
            system.renew(name, wanted, step)
