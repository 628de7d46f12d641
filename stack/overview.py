"""The table of ``gym up`` and ``gym status``: each part, its address and its state."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

from stack.environment import OPERATOR, server_addresses
from stack.layout import DATABASES, REDIS, SERVERS, SERVICES
from stack.supervision import HELD_UP
from stack.system import System

ORDER = ("gateway", *(name for name in SERVICES if name != "gateway"), "rabbitmq", *DATABASES)
READY = "ready"
MANAGEMENT = "rabbitmq-ui"


@dataclass(frozen=True)
class Row:
    """One part.

    Attributes:
        part: its name.
        url: its address.
        state: ``ready``, ``starting``, ``restarting``, ``not ready`` or ``stopped``.
        detail: a remark.
        pid: its process id, if it was started here.
        restarts: how often it died and was restarted.
    """

    part: str
    url: str
    state: str
    detail: str = ""
    pid: int | None = None
    restarts: int = 0

    @property
    def is_ready(self) -> bool:
        """Whether it can do its work."""
        return self.state == READY


def look(system: System) -> list[Row]:
    """Check all parts in parallel."""
    names = [*ORDER, *REDIS]
    running = system.is_running()
    known = system.supervisor.parts() if running else {}
    restarts = system.supervisor.restarts() if running else {}
    # an added process of a service
    names += [name for name in known if name in system.state.ports and name not in (*names, "epmd")]
    with ThreadPoolExecutor(len(names)) as pool:
        rows = list(
            pool.map(lambda name: _row(system, name, known.get(name), restarts.get(name, 0)), names)
        )
    if MANAGEMENT in system.state.ports:
        rows.insert(len(SERVICES) + 1, _management_row(system, rows[len(SERVICES)]))
    return rows


def as_table(rows: Iterable[Row]) -> str:
    """Return the rows as a table for people."""
    lines = [("PART", "URL", "STATE")]
    for row in rows:
        state = ", ".join(word for word in (row.state, row.detail, _times(row.restarts)) if word)
        lines.append((row.part, row.url, state))
    widths = [max(len(line[column]) for line in lines) for column in range(2)]
    return "\n".join(
        f"{part:<{widths[0]}}  {url:<{widths[1]}}  {state}" for part, url, state in lines
    )


def as_data(system: System, rows: Iterable[Row]) -> dict:
    """Return the rows as JSON values."""
    return {
        "running": system.is_running(),
        "url": system.url,
        "parts": [asdict(row) for row in rows],
    }


def _row(system: System, name: str, info: dict | None, restarts: int) -> Row:
    url = _url(system, name)
    given = name in SERVERS and name not in system.own_servers
    if info is None and not given:
        return Row(name, url, "stopped")
    readiness = system.check(name)
    details = [readiness.detail, "given from outside" if given else "", _replaced(system, name)]
    return Row(
        part=name,
        url=url,
        state=READY if readiness.ready else _state(info),
        detail=", ".join(filter(None, details)),
        pid=(info or {}).get("pid") or None,
        restarts=restarts,
    )


def _state(info: dict | None) -> str:
    if info is None:
        return "not ready"
    words = {"BACKOFF": "restarting", "EXITED": "restarting", "STARTING": "starting"}
    if info["statename"] in HELD_UP and info["statename"] not in words:
        return "stopped"
    return words.get(info["statename"], "not ready")


def _management_row(system: System, broker: Row) -> Row:
    detail = ", ".join(filter(None, [f"user {OPERATOR}", _replaced(system, MANAGEMENT)]))
    return Row(MANAGEMENT, system.management_url, broker.state, detail)


def _replaced(system: System, name: str) -> str:
    port = system.state.replaced.get(name)
    return f"port {port} was taken" if port else ""


def _times(restarts: int) -> str:
    return f"restarted {restarts} times" if restarts > 1 else "restarted once" if restarts else ""


def _url(system: System, name: str) -> str:
    environment = system.environment
    if name == "rabbitmq":
        # without the password
        scheme, _, rest = environment["AMQP_URI"].partition("://")
        return f"{scheme}://{rest.rpartition('@')[2]}"
    if name in SERVERS:
        places = ",".join(f"{host}:{port}" for host, port in server_addresses(name, environment))
        if name in REDIS:
            return f"redis://{places}"
        return f"postgresql://{places}/{DATABASES[name].name}"
    if name in SERVICES:
        return f"http://{system.address(name)}"
    return f"http://127.0.0.1:{system.state.ports[name]}"
