"""``python stack/supervising.py DIRECTORY``: runs the supervisor of a directory.

It is a subreaper: orphaned processes become its children. So none outlives it, or stays a zombie
where the init process does not reap, as in many containers.
"""

import ctypes
import os
import sys

from supervisor import supervisord

PR_SET_CHILD_SUBREAPER = 36
CONFIGURATION = "supervisord.conf"


def main(directory: str) -> None:
    """Run supervisord in the foreground."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    os.chdir(directory)
    supervisord.main(["--nodaemon", "--silent", "--configuration", CONFIGURATION])


if __name__ == "__main__":
    main(sys.argv[1])
