"""The steps by which a bucket moves from one cell to another, in their order."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

import psycopg2

from services.moving import checking, copying, deleting, feeding, noting, preparing, states
from services.moving.addresses import FIRST, AlreadyThere, CannotMove, Cell
from services.moving.connecting import Side, lock, opened
from services.process import cells
from services.process.failpoints import failpoint
from services.process.settings import DatabaseAddress
from services.transport.postgres.unpooled import run

Tell = Callable[[str], None]

FEW_USERS = 5
"""So many, at most, are left to be copied when the bucket begins to leave."""

MOST_ROUNDS = 20
"""After which it begins to leave, however many are written again and again."""

FENCE_SECONDS = 20
"""After which a bucket whose users can't be written is given back, if analytics don't follow."""

LEASE_SECONDS = cells.LEASE_SECONDS + 0.5
"""After which every process knows that the bucket is gone; the longest pause between two looks at
the clock of a process is in it."""

AT_WORK = "waiting for imports and merges of the bucket's users"
NOTIFICATIONS_SECONDS = 60
COPIES_SECONDS = 15
"""For which is waited until the services of the other cell have followed what others follow."""

POLL_SECONDS = 0.1
TELL_SECONDS = 10


@dataclass(frozen=True)
class Move:
    """A bucket that moves.

    Attributes:
        bucket: which.
        source: the cell that it leaves.
        target: the one that it moves to.
        notifications: the address of the database of notifications.
        tell: is told what is done, a line at a time.
    """

    bucket: int
    source: Side
    target: Side
    notifications: DatabaseAddress
    tell: Tell


def move(
    every: Mapping[str, Cell], bucket: int, name: str, notifications: DatabaseAddress, tell: Tell
) -> None:
    """Move a bucket to a cell; what was broken off goes on where it was.

    Args:
        every: all cells by their names.
        bucket: which.
        name: of the cell that it moves to.
        notifications: the address of the database of notifications, which follow the feeds of all
            cells.
        tell: is told what is done, a line at a time.

    Raises:
        AlreadyThere: the bucket is in that cell, and nothing is left to be done.
        CannotMove: something is not as it has to be.
    """
    with _chosen(every, bucket, name, notifications, tell) as chosen:
        if not _is_there(chosen):
            _check(chosen)
            _bring(chosen)
        _switch(chosen)
        _clean_up(chosen)


def abandon(
    every: Mapping[str, Cell], bucket: int, name: str, notifications: DatabaseAddress, tell: Tell
) -> None:
    """Take back what an unfinished move has done; see :func:`move`.

    Raises:
        CannotMove: the bucket is in the other cell already, or there is no such move.
    """
    with _chosen(every, bucket, name, notifications, tell) as chosen:
        if _is_there(chosen):
            raise CannotMove(
                f"bucket {bucket} is in {chosen.target.cell} already: finish the move, and move it "
                "back"
            )
        if states.read(chosen.target, bucket).state != cells.ARRIVING:
            raise CannotMove(f"bucket {bucket} is not being moved to {chosen.target.cell}")
        _give_back(chosen)
        noting.end(chosen.source)
        deleting.delete(chosen.target, bucket)
        states.write(chosen.target, bucket, cells.GONE, chosen.source.cell)
    tell(f"bucket {bucket} stays in {chosen.source.cell}")


@contextmanager
def _chosen(
    every: Mapping[str, Cell], bucket: int, name: str, notifications: DatabaseAddress, tell: Tell
) -> Iterator[Move]:
    if name not in every:
        known = ", ".join(filter(None, every)) or "none"
        raise CannotMove(f"there is no cell {name}; beside the {FIRST} one CELLS names {known}")
    with ExitStack() as stack:
        sides = {key: stack.enter_context(opened(cell)) for key, cell in every.items()}
        target = sides[name]
        source = _source(sides, target, bucket)
        for side in (source, target):
            lock(side)
        under_way = noting.unfinished(source)
        if under_way not in (None, (bucket, name)):
            raise CannotMove(
                f"bucket {under_way[0]} is being moved from {source.cell} to "
                f"{under_way[1] or FIRST}: finish that, or abandon it"
            )
        yield Move(bucket, source, target, notifications, tell)


def _source(sides: Mapping[str, Side], target: Side, bucket: int) -> Side:
    """Return the cell that a bucket moves from."""
    found = states.read(target, bucket)
    if found.cell not in sides:
        raise CannotMove(f"bucket {bucket} is moved to or from {found.cell}, which CELLS lacks")
    before = sides[found.cell]
    if found.state in (cells.ARRIVING, cells.ARRIVED):
        return before
    if found.state in (cells.HERE, cells.LEAVING):
        if before is not target and noting.unfinished(before) == (bucket, target.cell.name):
            return before
        raise AlreadyThere(f"bucket {bucket} is in {target.cell} already")
    for side in sides.values():
        if states.read(side, bucket).state in (cells.HERE, cells.LEAVING):
            return side
    raise CannotMove(f"bucket {bucket} is in no cell of CELLS")


def _is_there(chosen: Move) -> bool:
    """Return whether the bucket can only be moved back, as the other cell serves it."""
    return states.read(chosen.target, chosen.bucket).state in (cells.ARRIVED, cells.HERE)


def _check(chosen: Move) -> None:
    source, target = chosen.source, chosen.target
    for side in (source, target):
        preparing.check(side)
    checking.check_revisions(source, target)
    if not _is_so_within(COPIES_SECONDS, lambda: not checking.lacks_copies(source, target)):
        raise CannotMove(
            f"{target.cell} does not know all exercises that {source.cell} knows: are its services "
            "running?"
        )


def _bring(chosen: Move) -> None:
    """Copy a bucket, and have the other cell serve it."""
    source, target, bucket = chosen.source, chosen.target, chosen.bucket
    if noting.unfinished(source) is None:
        _begin(chosen)
    if states.read(source, bucket).state != cells.LEAVING:
        _copy_until_it_leaves(chosen)
    begun = time.monotonic()
    try:
        failpoint("moving.after_fence")
        states.write(source, bucket, cells.LEAVING, target.cell)
        users = _copy_the_rest(chosen)
        checking.check_revisions(source, target)
    except BaseException:
        with suppress(psycopg2.Error):
            _give_back(chosen)
        raise
    failpoint("moving.before_arrival")
    states.write(target, bucket, cells.ARRIVED, source.cell)
    seconds = time.monotonic() - begun
    chosen.tell(f"all of {users} users is in {target.cell}, after {seconds:.1f} s without writes")


def _begin(chosen: Move) -> None:
    source, target, bucket = chosen.source, chosen.target, chosen.bucket
    states.write(target, bucket, cells.ARRIVING, source.cell)
    failpoint("moving.after_arriving")
    if deleted := deleting.delete(target, bucket):
        chosen.tell(f"deleted {deleted} rows that {target.cell} had of an earlier move")
    users = noting.begin(source, bucket, target.cell.name)
    chosen.tell(f"bucket {bucket}: {users} users move from {source.cell} to {target.cell}")
    failpoint("moving.after_begin")


def _copy_until_it_leaves(chosen: Move) -> None:
    """Copy users while they are written, until few are left and nobody may write any more."""
    source, bucket = chosen.source, chosen.bucket
    begun, copied, rounds = time.monotonic(), 0, 0
    is_fenced = False
    while not is_fenced:
        copied += _copy_noted(chosen)
        rounds += 1
        if noting.count(source.workouts) <= FEW_USERS or rounds >= MOST_ROUNDS:
            _wait(
                chosen,
                feeding.analytics_have_followed(source),
                f"waiting for analytics of {source.cell} to follow the change feed",
            )
            is_fenced = states.write_when_free(
                source.workouts, bucket, cells.LEAVING, chosen.target.cell, unless=noting.AT_WORK
            )
        if not is_fenced:
            _wait(chosen, lambda: not run(source.workouts, noting.AT_WORK, bucket), AT_WORK)
    chosen.tell(f"copied {copied} users in {time.monotonic() - begun:.1f} s")


def _copy_noted(chosen: Move) -> int:
    """Copy the users who are noted, while they are written; return how many."""
    source, target = chosen.source, chosen.target
    copying.copy_retired(source, target)
    copied = copying.copy_workouts(source, target, chosen.bucket, rests=True)
    failpoint("moving.after_workouts")
    copying.copy_analytics(source, target, rests=True)
    failpoint("moving.after_analytics")
    feeding.tell(source, target)
    failpoint("moving.after_feed")
    return copied


def _copy_the_rest(chosen: Move) -> int:
    """Copy what was written since, with what analytics make of it, and compare."""
    source, target = chosen.source, chosen.target
    copying.copy_workouts(source, target, chosen.bucket, rests=False)
    have_followed = feeding.analytics_have_followed(source)
    if not _is_so_within(FENCE_SECONDS, have_followed):
        raise CannotMove(
            f"analytics of {source.cell} do not follow the change feed; bucket {chosen.bucket} was "
            "given back: run this again, or with --abandon"
        )
    for _ in range(MOST_ROUNDS):
        if not copying.copy_analytics(source, target, rests=False):
            break
    feeding.tell(source, target)
    return checking.compare(source, target, chosen.bucket)


def _give_back(chosen: Move) -> None:
    """Have the bucket be written where it is, again."""
    if states.read(chosen.source, chosen.bucket).state == cells.LEAVING:
        # analytics there may be read already
        states.write(chosen.target, chosen.bucket, cells.ARRIVING, chosen.source.cell)
        states.write(chosen.source, chosen.bucket, cells.HERE, chosen.target.cell)


def _switch(chosen: Move) -> None:
    """Have the other cell serve the bucket alone."""
    source, target, bucket = chosen.source, chosen.target, chosen.bucket
    if states.read(target, bucket).state == cells.HERE:
        return
    failpoint("moving.after_arrival")
    states.write(source, bucket, cells.GONE, target.cell)
    failpoint("moving.after_gone")
    time.sleep(LEASE_SECONDS)
    # whoever was served until now may have deleted a private exercise
    copying.copy_retired(source, target)
    states.write(target, bucket, cells.HERE, source.cell)
    chosen.tell(f"bucket {bucket} is in {target.cell}")
    failpoint("moving.after_switch")


def _clean_up(chosen: Move) -> None:
    """Delete what is left in the cell that the bucket was in."""
    source, bucket = chosen.source, chosen.bucket
    have_followed = feeding.notifications_have_followed(source, bucket, chosen.notifications)
    if not _is_so_within(NOTIFICATIONS_SECONDS, have_followed):
        raise CannotMove(
            f"bucket {bucket} was moved, but notifications have not read all changes in "
            f"{source.cell}: run this again to delete what is left there"
        )
    noting.stop(source)
    failpoint("moving.before_deletion")
    deleted = deleting.delete(source, bucket)
    noting.end(source)
    chosen.tell(f"deleted {deleted} rows in {source.cell}")


def _wait(chosen: Move, is_so: Callable[[], bool], reason: str) -> None:
    told = time.monotonic()
    while not is_so():
        if time.monotonic() - told > TELL_SECONDS:
            chosen.tell(reason)
            told = time.monotonic()
        time.sleep(POLL_SECONDS)


def _is_so_within(seconds: float, is_so: Callable[[], bool]) -> bool:
    until = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > until:
            return False
        time.sleep(POLL_SECONDS)
    return True
