"""``gym up``: from whatever is there to a system that is ready, step by step."""

import os
from collections.abc import Mapping
from pathlib import Path

from stack import ports, processes, servers, state
from stack.environment import given_from_outside, given_servers
from stack.failures import Failure
from stack.layout import INNER_PORTS, PORTS, SERVERS, SERVICES, address_variable
from stack.programs import LOGS
from stack.progress import Progress
from stack.supervision import HELD_UP
from stack.system import SERVERS_SECONDS, SERVICES_SECONDS, System

BROKER_PORTS = ("rabbitmq", "rabbitmq-ui", "rabbitmq-metrics", "rabbitmq-nodes", "epmd")


def bring_up(directory: Path, progress: Progress) -> tuple[System, bool]:
    """Start what does not run yet, and wait until all of it is ready.

    Args:
        directory: where everything lies.
        progress: what is shown meanwhile.

    Returns:
        The system, and whether anything had to be done.
    """
    system = System.open(directory)
    if system and system.is_running():
        return system, repair(system, progress)
    processes.end_all(directory)
    given = given_from_outside(os.environ)
    found = servers.find_or_install(
        [name for name in SERVERS if name not in given_servers(given)],
        directory / LOGS / "packages.log",
        progress,
    )
    system = System(choose(directory, given, system.state if system else None))
    system.start_servers(found, progress)
    system.start_services(progress=progress)
    return system, True


def repair(system: System, progress: Progress) -> bool:
    """Start the parts that are down; tell whether there was anything to do."""
    own = [*system.own_servers, *SERVICES]
    known = system.supervisor.parts()
    down = [name for name, info in known.items() if info["statename"] in HELD_UP]
    unready = [name for name in own if name in down or not system.check(name).ready]
    if not down and not unready:
        return False
    with progress.step("Bringing back what is down") as step:
        for name in down:
            system.supervisor.start_part(name)
        system.wait_ready([n for n in unready if n not in SERVICES], SERVERS_SECONDS, step)
        system.wait_ready([n for n in unready if n in SERVICES], SERVICES_SECONDS, step)
    return True


def choose(directory: Path, given: Mapping[str, str], before: state.State | None) -> state.State:
    """Choose ports, and secrets if there are none yet.

    Args:
        directory: where everything lies.
        given: the variables that were set from outside.
        before: what was chosen the last time; its ports are taken again if they are free.
    """
    used_elsewhere = given_servers(given)
    wanted = {
        name: port
        for name, port in (PORTS | INNER_PORTS).items()
        if name not in used_elsewhere
        and not ("rabbitmq" in used_elsewhere and name in BROKER_PORTS)
        and not (name in SERVICES and address_variable(name) in given)
    }
    fixed = [_fixed_port(name, given) for name in SERVICES if address_variable(name) in given]
    remembered = before.ports if before else {}
    chosen = ports.choose({n: remembered.get(n, port) for n, port in wanted.items()}, fixed)
    return state.State(
        directory=directory,
        ports=chosen,
        secrets=before.secrets if before else state.make_secrets(),
        given=dict(given),
        replaced={n: PORTS[n] for n, port in chosen.items() if n in PORTS and PORTS[n] != port},
    )


def _fixed_port(service: str, given: Mapping[str, str]) -> int:
    variable = address_variable(service)
    port = given[variable].rpartition(":")[2]
    if not port.isdecimal():
        raise Failure(f"{variable} must be host:port, as in 127.0.0.1:{PORTS[service]}")
    if not ports.is_free(int(port)):
        raise Failure(f"port {port} of {variable} is taken")
    return int(port)
