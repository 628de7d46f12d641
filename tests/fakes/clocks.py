"""Processes whose clock is wrong."""

from pathlib import Path

SLEEP = Path(__file__).parent / "clock"


def shifted_by(seconds: int, library: Path) -> dict[str, str]:
    """Return the variables of a process whose clock is wrong by some seconds.

    Only its clock is: what measures durations goes on as ever, as when somebody sets the clock of
    a machine.

    Args:
        seconds: by how many.
        library: libfaketime.
    """
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME": f"{seconds:+d}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
        "PYTHONPATH": str(SLEEP),
    }
