"""``gym up``: from any state to a running system, step by step."""

import os
from collections.abc import Mapping
from pathlib import Path

from stack import copies, ports, processes, servers, state, upgrading
from stack.environment import given_from_outside, given_servers
from stack.failures import Failure
from stack.layout import INNER_PORTS, PORTS, SERVICES, address_variable
from stack.programs import LOGS
from stack.progress import Progress
from stack.system import System

BROKER_PORTS = ("rabbitmq", "rabbitmq-ui", "rabbitmq-metrics", "rabbitmq-nodes", "epmd")


def bring_up(directory: Path, progress: Progress) -> tuple[System, bool]:
    """Start the parts that are down, restart outdated ones, and wait until all are ready.

    Each step is idempotent and leaves its result complete or not at all. So an interrupted ``gym
    up`` is continued by the next one.

    Args:
        directory: of the system, such as ``.run``.
        progress: shows the steps.

    Returns:
        The system, and whether anything was changed.
    """
    system = System.open(directory)
    if system and system.is_running() and not system.supervisor.knows_parts_one_by_one():
        with progress.step("Stopping what an earlier version started") as step:
            system.shut_down(step.tick)
    if not (system and system.is_running()):
        processes.end_all(directory)
        before = system.state if system else None
        system = System(choose(directory, given_from_outside(os.environ), before))
    found = servers.find_or_install(system.own_servers, directory / LOGS / "packages.log", progress)
    changed = system.start_servers(found, progress)
    return system, upgrading.bring_services(system, found, progress) or changed


def choose(directory: Path, given: Mapping[str, str], before: state.State | None) -> state.State:
    """Choose ports, and secrets if there are none yet.

    Args:
        directory: of the system.
        given: environment variables set from outside.
        before: the previous choice; its ports are used again if they are free.
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
        secrets=copies.secrets_of(directory, before.secrets) if before else state.make_secrets(),
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
