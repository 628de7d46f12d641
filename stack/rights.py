"""Checks whether the user of ``gym`` may use the files of the checkout."""

import os
import pwd
import shlex
import shutil
from pathlib import Path

from stack.failures import Failure

RUN = ".run"
ENVIRONMENTS = (".venv", ".venvs")
SHOWN = 10
LEVELS = 2
"""Levels of directories that are checked; deeper files have the owner of their directory."""


def check(checkout: Path, installing: bool = False, starting: bool = False) -> None:
    """Refuse to begin what would fail halfway.

    Args:
        checkout: the project's directory.
        installing: whether an environment is to be made.
        starting: whether parts are to be started or restarted.

    Raises:
        Failure: files of another user are in the way; the message names them, and the commands
            that help.
    """
    if os.geteuid() == 0:
        if starting:
            _leave_to_its_owner(checkout)
        return
    names = (RUN, *ENVIRONMENTS) if installing else (RUN,)
    there = [checkout / name for name in names if os.path.lexists(checkout / name)]
    foreign = [found for path in there for found in _foreign(path, LEVELS)]
    if len(there) < len(names) and not os.access(checkout, os.W_OK | os.X_OK):
        foreign.append(checkout)
    if foreign:
        raise Failure(_explain(checkout, foreign))


def user_name(uid: int) -> str:
    """Return a user's name, or the id if it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def as_administrator(command: str) -> str:
    """Return a shell command as an administrator has to type it."""
    if not shutil.which("sudo"):
        return f"as root: {command}"
    return f"sudo sh -c {shlex.quote(command)}"


def _foreign(path: Path, levels: int) -> list[Path]:
    """Return the paths of another user: a directory itself, or files in it."""
    try:
        if path.lstat().st_uid != os.geteuid():
            return [path]
        if levels == 0 or path.is_symlink() or not path.is_dir():
            return []
        return [found for entry in sorted(path.iterdir()) for found in _foreign(entry, levels - 1)]
    except FileNotFoundError:
        # deleted meanwhile
        return []


def _leave_to_its_owner(checkout: Path) -> None:
    state = checkout / RUN / "state.json"
    if state.exists() and (owner := state.stat().st_uid) != 0:
        name = user_name(owner)
        raise Failure(
            f"what is in {checkout / RUN} was started by {name}, who could not use it any more if "
            f"root went on with it: sudo -u {name} ./gym up"
        )


def _explain(checkout: Path, foreign: list[Path]) -> str:
    me = user_name(os.geteuid())
    # "user:" means the user's login group; a user without a name has none
    owner = me if me.isdecimal() else f"{me}:"
    lines = [f"  {user_name(path.lstat().st_uid):<10} {path}" for path in foreign[:SHOWN]]
    if len(foreign) > SHOWN:
        lines.append(f"  and {len(foreign) - SHOWN} more")
    if foreign == [checkout]:
        advice = [
            "Use a checkout of your own, or have this one given to you:",
            f"  {as_administrator(f'chown -R {owner} {shlex.quote(str(checkout))}')}",
        ]
    else:
        names = " ".join(name for name in (RUN, *ENVIRONMENTS) if os.path.lexists(checkout / name))
        hand_over = f"cd {shlex.quote(str(checkout))} && ./gym down && chown -hR {owner} {names}"
        advice = [
            "Have it stopped and given to you, with its data:",
            f"  {as_administrator(hand_over)}",
            "or go on as its owner.",
        ]
    owners = " and ".join(sorted({user_name(path.lstat().st_uid) for path in foreign}))
    return "\n".join([f"{me} can't use what belongs to {owners}:", *lines, *advice])
