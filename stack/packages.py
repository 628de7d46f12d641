"""Installs Debian packages, without letting them start servers of the machine's own."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from stack.failures import Failure
from stack.progress import Progress
from stack.running import run

# 101 is Debian's answer for "do not start it" (invoke-rc.d(8)); one that is already there, as in
# most containers, is somebody's decision and stays.
SCRIPT = """
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\\nexit 101\\n' > "$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -o DPkg::Lock::Timeout=120 update
apt-get -o DPkg::Lock::Timeout=120 install --yes --no-install-recommends "$@"
"""


def install(packages: Sequence[str], log: Path, progress: Progress, otherwise: str) -> None:
    """Install packages with apt.

    Args:
        packages: their names.
        log: the file that apt's output is added to.
        progress: what is shown meanwhile.
        otherwise: what a person can do if this can't be done here; ends the message.

    Raises:
        Failure: this is no Debian, or there is no right to install, or apt failed.
    """
    names = " ".join(packages)
    if not shutil.which("apt-get"):
        raise Failure(f"missing: {names}, and there is no apt to install them; {otherwise}")
    rights = become_root()
    if rights is None:
        raise Failure(
            f"missing: {names}; install them (apt-get install {names}) or run this as root, "
            f"{otherwise}"
        )
    with progress.step(f"Installing {names}") as step:
        run([*rights, "sh", "-c", SCRIPT, "install", *packages], log, step)


def become_root() -> list[str] | None:
    """Return what to put before a command so that it runs as root, or None if that can't be."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode:
        return None
    return [sudo, "-n"] if sudo else None
