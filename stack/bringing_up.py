"""``gym up``: from any state to a running system, step by step."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from stack import copies, ports, processes, servers, state, upgrading
from stack.environment import given_from_outside, given_servers, variables_of
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
    elif has_new_parts(system.state):
        system = System(with_new_parts(system.state, given_from_outside(os.environ)))
        system.state.save()
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
    wanted = _own_ports(given)
    fixed = [_fixed_port(name, given) for name in SERVICES if address_variable(name) in given]
    remembered = before.ports if before else {}
    chosen = ports.choose({n: remembered.get(n, port) for n, port in wanted.items()}, fixed)
    return state.State(
        directory=directory,
        ports=chosen,
        secrets=_secrets_of(directory, before) if before else state.make_secrets(),
        given=dict(given),
        replaced=_replaced(chosen),
    )


def has_new_parts(kept: state.State) -> bool:
    """Return whether a running system has less parts than this version."""
    return not _own_ports(kept.given).keys() <= kept.ports.keys()


def with_new_parts(kept: state.State, given: Mapping[str, str]) -> state.State:
    """Choose ports and secrets of parts that the version which was started did not have.

    Args:
        kept: the choices for all others, which stay as they are.
        given: environment variables set from outside; those of the new parts count.
    """
    new = _own_ports(kept.given).keys() - kept.ports.keys()
    names = [name for part in sorted(new - INNER_PORTS.keys()) for name in variables_of(part)]
    outside = {name: given[name] for name in names if name in given} | dict(kept.given)
    wanted = {name: port for name, port in _own_ports(outside).items() if name in new}
    chosen = ports.choose(wanted, [*kept.ports.values()])
    return replace(
        kept,
        ports={**kept.ports, **chosen},
        secrets=state.complete(kept.secrets),
        given=outside,
        replaced={**kept.replaced, **_replaced(chosen)},
    )


def _own_ports(given: Mapping[str, str]) -> dict[str, int]:
    """Return the preferred ports of all that is not given from outside."""
    used_elsewhere = given_servers(given)
    return {
        name: port
        for name, port in (PORTS | INNER_PORTS).items()
        if name not in used_elsewhere
        and not ("rabbitmq" in used_elsewhere and name in BROKER_PORTS)
        and not (name in SERVICES and address_variable(name) in given)
    }


def _replaced(chosen: Mapping[str, int]) -> dict[str, int]:
    return {n: PORTS[n] for n, port in chosen.items() if n in PORTS and PORTS[n] != port}


def _secrets_of(directory: Path, before: state.State) -> Mapping[str, str]:
    return state.complete(copies.secrets_of(directory, before.secrets))


def _fixed_port(service: str, given: Mapping[str, str]) -> int:
    variable = address_variable(service)
    port = given[variable].rpartition(":")[2]
    if not port.isdecimal():
        raise Failure(f"{variable} must be host:port, as in 127.0.0.1:{PORTS[service]}")
    if not ports.is_free(int(port)):
        raise Failure(f"port {port} of {variable} is taken")
    return int(port)
