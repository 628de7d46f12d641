"""``python stack/supervising.py DIRECTORY``: becomes the supervisor of a directory.

Processes whose parent has died become its children, so that none of them outlives it or stays
behind as a zombie where the machine's first process does not clear up, as in many containers.
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
