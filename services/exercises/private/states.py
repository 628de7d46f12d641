"""What has become of an exercise, and what can't be done with it for that."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from schemas.errors import BusinessRuleViolation
from services.exercises import reads as catalogue
from services.transport.postgres.statements import Fetch, Statement


class State(NamedTuple):
    """What counts of an exercise where it is changed, deleted or merged.

    Attributes:
        id: its id.
        name: its name.
        measure: what its sets hold.
        is_active: whether it can be logged.
        merged_into: what it was merged into, or is being merged; None if neither.
        is_merged: whether that is done.
        is_being_deleted: whether its deletion was begun, so that no workout may have it any more.
        merging: the ids of those that are being merged into it.
    """

    id: int
    name: str
    measure: str
    is_active: bool
    merged_into: int | None = None
    is_merged: bool = False
    is_being_deleted: bool = False
    merging: Sequence[int] = ()


# locked: the version before, which may serve during an upgrade, deletes without locking the owner
_STATE = Statement(
    """
    SELECT p.id, p.name, p.measure, p.archived_at IS NULL, p.merged_into, p.merged_at IS NOT NULL,
        p.deletion_began_at IS NOT NULL, ARRAY(
            SELECT s.id FROM private_exercises s
            WHERE s.owner_id = p.owner_id AND s.merged_into = p.id AND s.merged_at IS NULL
            ORDER BY s.id)
    FROM private_exercises p WHERE p.owner_id = :owner_id AND p.id = :exercise_id FOR UPDATE
    """
)


def lock(fetch: Fetch, owner_id: int, exercise_id: int) -> State | None:
    """Return the state of a user's exercise, which nobody changes until the transaction ends.

    Args:
        fetch: of a transaction that has locked the owner.
        owner_id: the user.
        exercise_id: the exercise; None is returned if the user has no such one.
    """
    rows = fetch(_STATE, owner_id=owner_id, exercise_id=exercise_id)
    return State(*rows[0]) if rows else None


def of_catalogue(fetch: Fetch, exercise_id: int) -> State | None:
    """Return the state of an exercise of the catalogue; None if there is no such one."""
    found = catalogue.get(fetch, exercise_id)
    if found is None:
        return None
    return State(found["id"], found["name"], found["measure"], found["is_active"])


def check_not_merged(state: State, field: str | None = None) -> None:
    """Refuse an exercise that was merged into another, or is being merged.

    Args:
        state: of the exercise.
        field: the one of the body that names it; None if the path does.

    Raises:
        BusinessRuleViolation: it is so.
    """
    into = state.merged_into
    if into is None:
        return
    if state.is_merged:
        message = f"Exercise {state.id} was merged into exercise {into}"
        raise _violation(field, message, "not_merged", merged_into=into)
    message = f"Exercise {state.id} is being merged into exercise {into}"
    raise _violation(field, message, "not_merged", merging_into=into)


def check_not_merging(state: State, field: str | None = None) -> None:
    """Refuse an exercise that others are being merged into.

    Args:
        state: of the exercise.
        field: the one of the body that can't be changed for that; None if it is no single one.

    Raises:
        BusinessRuleViolation: it is so.
    """
    if state.merging:
        message = f"Exercise {state.id} has to stay as it is while another is being merged into it"
        raise _violation(field, message, "not_merging", merging=[*state.merging])


def check_not_being_deleted(state: State, field: str | None = None) -> None:
    """Refuse an exercise whose deletion was begun; arguments as for :func:`check_not_merged`.

    Raises:
        BusinessRuleViolation: it is so.
    """
    if state.is_being_deleted:
        message = f"The deletion of exercise {state.id} was begun; repeat it first"
        raise _violation(field, message, "not_deleting")


def _violation(
    field: str | None, message: str, constraint: str, **details: object
) -> BusinessRuleViolation:
    if field is not None:
        return BusinessRuleViolation.of(field, message, constraint, **details)
    return BusinessRuleViolation(message, json.dumps({"constraint": constraint, **details}))
