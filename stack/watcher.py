"""``python -m stack.watcher DIRECTORY``: cleans up after the process that started it.

It waits until the other end of its standard input is closed, which happens even if that process is
killed. Then it kills all remaining processes of the directory, and deletes it.
"""

import shutil
import sys
from pathlib import Path

from stack.processes import end_all
from stack.system import System


def main(directory: Path) -> None:
    """Wait, then clean up."""
    sys.stdin.buffer.read()
    if system := System.open(directory):
        system.destroy()
    end_all(directory)
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
