"""Installs Debian packages, without letting them start servers of the machine's own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from stack.failures import Failure
from stack.progress import Progress
from stack.rights import as_administrator
from stack.running import run

SUDO = "sudo"
# policy-rc.d exits with 101 for "do not start it" (invoke-rc.d(8)). An existing one, as in most
# containers, is kept.
SCRIPT = """
policy=/usr/sbin/policy-rc.d
mark="written by gym"
# one that was killed may have left its own
if [ ! -e "$policy" ] || grep -q "$mark" "$policy"; then
    printf '#!/bin/sh\\n# %s\\nexit 101\\n' "$mark" > "$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
fi
export DEBIAN_FRONTEND=noninteractive
# what somebody broke off in the middle
dpkg --configure -a
apt-get -o DPkg::Lock::Timeout=120 update
apt-get -o DPkg::Lock::Timeout=120 install --yes --no-install-recommends "$@"
"""


def install(packages: Sequence[str], log: Path, progress: Progress, otherwise: str) -> None:
    """Install packages with apt.

    Args:
        packages: their names.
        log: the file that apt's output is added to.
        progress: shows the step.
        otherwise: what to do if this is not possible; ends the message.

    Raises:
        Failure: this is no Debian, or there is no right to install, or apt failed.
    """
    names = " ".join(packages)
    if not shutil.which("apt-get"):
        raise Failure(f"missing: {names}, and there is no apt to install them; {otherwise}")
    rights = become_root()
    if rights is None:
        command = f"apt-get update && apt-get install --yes --no-install-recommends {names}"
        raise Failure(
            f"missing: {names}; only an administrator can install that:\n"
            f"  {as_administrator(command)}\n{otherwise}"
        )
    if rights == [SUDO]:
        # sudo prompts on the terminal, where nothing else must be shown meanwhile
        print(f"To install {names}, sudo asks for your password.", file=sys.stderr)
        if subprocess.run([SUDO, "--validate"], check=False).returncode:
            raise Failure(f"without sudo nothing can be installed; {otherwise}")
    with progress.step(f"Installing {names}") as step:
        run([*rights, "sh", "-c", SCRIPT, "install", *packages], log, step)


def become_root() -> list[str] | None:
    """Return the prefix that runs a command as root, or None if that is not possible."""
    if os.geteuid() == 0:
        return []
    if not shutil.which(SUDO):
        return None
    if subprocess.run([SUDO, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [SUDO, "-n"]
    # sudo can prompt for the password
    return [SUDO] if sys.stdin.isatty() and sys.stderr.isatty() else None
