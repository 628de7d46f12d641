"""Whether whoever runs ``gym`` may use what is in the checkout, and what to do if not."""

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
"""So deep is looked. What lies deeper, the databases' files, has the owner of what it lies in."""


def check(checkout: Path, installing: bool = False, starting: bool = False) -> None:
    """Refuse to go on where it could only end in the middle.

    Args:
        checkout: where the project is.
        installing: an environment is to be made.
        starting: parts are to be started or restarted.

    Raises:
        Failure: somebody else's files are in the way; the message names them, and the commands
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
    """Return a user's name, or the number of one that has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def as_administrator(command: str) -> str:
    """Return how somebody with the right to do so runs a command of the shell."""
    if not shutil.which("sudo"):
        return f"as root: {command}"
    return f"sudo sh -c {shlex.quote(command)}"


def _foreign(path: Path, levels: int) -> list[Path]:
    """Return what is another user's: a directory itself, or what lies in it."""
    try:
        if path.lstat().st_uid != os.geteuid():
            return [path]
        if levels == 0 or path.is_symlink() or not path.is_dir():
            return []
        return [found for entry in sorted(path.iterdir()) for found in _foreign(entry, levels - 1)]
    except FileNotFoundError:
        # gone meanwhile
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
    # with the user's own group, which one without a name has not
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
