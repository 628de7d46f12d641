"""``gym import-wger``: starts an import in the exercises service and shows its progress."""

import sys
import time
from collections.abc import Callable
from typing import Any, TextIO

from stack import progress
from stack.calls import Services
from stack.failures import Failure

LOOK_SECONDS = 0.3
MOST_STARTS = 5
"""Maximum number of starts: an interrupted import is started again, and continues."""

REASONS = {
    "no_english_name": "without an English name",
    "name_of_manual_exercise": "named like one of our own exercises",
    "duplicate": "sent twice",
    "malformed": "unreadable",
}
UNDER_WAY = ("reading", "writing")


def main(amqp_uri: str, stream: TextIO = sys.stderr) -> None:
    """Import, show the progress, and print the report.

    Args:
        amqp_uri: of the broker.
        stream: output of the progress.

    Raises:
        Failure: the import did not succeed.
    """
    with Services(amqp_uri) as services:
        report = follow(services, Meter(stream))
    print(as_text(report))


class Meter:
    """Shows how far an import is."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic):
        self._meter = progress.Meter(stream, clock)

    def show(self, status: dict[str, Any]) -> None:
        """Show a status; rate-limited."""
        done, total = status["done"] or 0, status["total"]
        instead = "" if total else "Asking wger"
        if status["state"] == "writing":
            instead = f"Putting {done} entries into use"
        self._meter.show(done, total, instead)

    def end(self, outcome: str) -> None:
        """Show the outcome as the last line."""
        self._meter.end(outcome)


def follow(services: Services, meter: Meter) -> dict[str, Any]:
    """Start an import, or join a running one; return its report when it is done.

    Args:
        services: among them exercises.
        meter: shows the progress.

    Raises:
        Failure: the import failed, or the service is unavailable for too long.
    """
    for _ in range(MOST_STARTS):
        begun = services.call("exercises", "import_from_wger", wait=False)
        if not begun["started"]:
            meter.end("An import is running already; this is how far it is.")
        status = _watch(services, meter, begun)
        if status["state"] == "done":
            meter.end(f"Read {status['done']} entries")
            return status["report"]
        if status["state"] == "failed":
            again = "" if not status["done"] else "; the next import goes on from there"
            meter.end(f"Stopped after {status['done']} entries{again}")
            raise Failure(f"the import failed: {status['error']}")
        meter.end("Interrupted, going on")
    raise Failure(f"the import was interrupted {MOST_STARTS} times; look at ./gym logs exercises")


def as_text(report: dict[str, Any]) -> str:
    """Return a report as text."""
    skipped = sum(item["count"] for item in report["skipped"])
    counts = [f"{report[name]} {name}" for name in ("added", "changed", "unchanged", "deactivated")]
    lines = [
        f"Read {report['read']} entries in {report['seconds']} s: "
        f"{', '.join(counts)}, {skipped} skipped."
    ]
    for item in report["skipped"]:
        found = [entry["name"] for entry in item["examples"] if entry.get("name")]
        more = ", ..." if found and item["count"] > len(found) else ""
        shown = f": {', '.join(found)}{more}" if found else ""
        lines.append(f"  {item['count']} {REASONS.get(item['reason'], item['reason'])}{shown}")
    if not report["complete"]:
        lines.append("wger's list changed meanwhile, so nothing was deactivated; import again.")
    return "\n".join(lines)


def _watch(services: Services, meter: Meter, status: dict[str, Any]) -> dict[str, Any]:
    run = status["run"]
    while status["state"] in UNDER_WAY and status["run"] == run:
        meter.show(status)
        time.sleep(LOOK_SECONDS)
        status = services.call("exercises", "import_status")
    return status
