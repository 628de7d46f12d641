"""``python -m stack.watcher DIRECTORY``: clears up after the process that started it.

It waits until the other end of its standard input is closed, which the kernel sees to even when
that process is killed. Then it ends whatever still runs for the directory, and deletes it.
"""

import shutil
import sys
from pathlib import Path

from stack.processes import end_all
from stack.system import System


def main(directory: Path) -> None:
    """Wait, then clear up."""
    sys.stdin.buffer.read()
    if system := System.open(directory):
        system.destroy()
    end_all(directory)
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
