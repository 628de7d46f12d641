"""Puts new code, packages and settings under a running system, one process after the other."""

from collections.abc import Iterable, Mapping

from stack.failures import Failure
from stack.find import Programs, find_programs
from stack.layout import DATABASE_OF, SERVERS
from stack.programs import Program
from stack.progress import Progress
from stack.system import System


def bring_services(system: System, found: Programs, progress: Progress) -> bool:
    """Start the services that are down, and replace those that should run otherwise.

    Args:
        system: whose servers are ready.
        found: the servers' programs.
        progress: what is shown meanwhile.

    Returns:
        Whether there was anything to do.
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
    _replace(system, outdated, wanted, progress)
    return bool(down or outdated or unready)


def restart(system: System, chosen: Iterable[str], progress: Progress) -> None:
    """Restart parts one after the other, with the code, packages and settings of now.

    Args:
        system: which is running.
        chosen: services, each with all its processes, or other parts; all services if empty.
        progress: what is shown meanwhile.
    """
    refuse_earlier(system)
    found = find_programs()
    wanted = system.describe(found)
    processes = system.processes_of_services()
    chosen = list(chosen) or list(processes)
    if unknown := [name for name in chosen if name not in wanted]:
        raise Failure(f"there is no part called {', '.join(unknown)}; ./gym status shows them")
    names = [name for part in chosen for name in processes.get(part, [part])]
    # services need their servers, and the broker's users and definitions of now
    _replace(system, [name for name in names if name in SERVERS], wanted, progress)
    system.load_definitions(found, progress)
    _migrate(system, names, progress)
    _replace(system, [name for name in names if name not in SERVERS], wanted, progress)


def refuse_earlier(system: System) -> None:
    """Refuse what an earlier version started, whose supervisor can't replace a single part."""
    if not system.supervisor.knows_parts_one_by_one():
        raise Failure("this was started by an earlier version; use ./gym up")


def _migrate(system: System, names: list[str], progress: Progress) -> None:
    # what serves survives the next version's migrations, but not the other way round
    concerned = [
        service
        for service, processes in system.processes_of_services().items()
        if service in DATABASE_OF and not set(names).isdisjoint(processes)
    ]
    if concerned:
        with progress.step("Migrating the databases") as step:
            for service in concerned:
                step.tick(f"of {service}")
                system.migrate(service, step)


def _replace(
    system: System, names: list[str], wanted: Mapping[str, Program], progress: Progress
) -> None:
    for name in names:
        with progress.step(f"Restarting {name}") as step:
            system.renew(name, wanted, step)
