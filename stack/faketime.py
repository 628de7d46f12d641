"""libfaketime: gives a process another clock, for the tests alone."""

import glob
import sys
from pathlib import Path

from stack import packages
from stack.failures import Failure
from stack.progress import Progress

PACKAGE = "libfaketime"
# several threads are no trouble to it; the other library of the package is for older programs
PLACES = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/lib*/faketime/libfaketime.so.1")
OTHERWISE = "the tests that need it are skipped"


def find() -> Path | None:
    """Return the library, if it is installed."""
    found = sorted(path for place in PLACES for path in glob.glob(place))
    return Path(found[0]) if found else None


def find_or_install(log: Path, progress: Progress) -> None:
    """Install the library if possible; otherwise report that it is missing.

    Args:
        log: file for the output of the package tools.
        progress: shows the step.
    """
    if find():
        return
    try:
        packages.install([PACKAGE], log, progress, OTHERWISE)
    except Failure as failure:
        print(f"gym: {failure}", file=sys.stderr)
