"""What users ask of their imports: mapping names, applying, undoing, deleting."""

import json
from typing import Any

from schemas.constraints import truncate
from schemas.errors import (
    BusinessRuleViolation,
    Conflict,
    ValidationFailed,
    fault,
)
from services.transport.postgres.statements import Fetch, Statement
from services.workouts.imports import names, needed, records
from services.workouts.imports.records import Import
from services.workouts.imports.tools import Tools

_NAMED = Statement(
    """
    SELECT name FROM import_names WHERE import_id = :id AND name = ANY(CAST(:names AS text[]))
    """
)
_APPLY = Statement(
    f"""
    UPDATE imports SET status = '{records.APPLYING}', options = :options, error = NULL,
        done = 0, position = 0, failures = 0, total = (counts ->> 'workouts')::integer,
        queued_at = clock_timestamp(), changed_at = now()
    WHERE id = :id
    """
)
_UNDO = Statement(
    f"""
    UPDATE imports SET status = '{records.UNDOING}', options = :options, error = NULL,
        done = 0, position = 0, kept = 0, failures = 0, queued_at = clock_timestamp(),
        changed_at = now(),
        total = (SELECT count(*) FROM imported_workouts WHERE import_id = :id)
            + (SELECT count(*) FROM import_updates WHERE import_id = :id)
    WHERE id = :id
    """
)
_TOUCH = Statement("UPDATE imports SET changed_at = changed_at WHERE id = :id")
_DELETE = Statement("DELETE FROM imports WHERE id = :id")
_HAS_MADE = Statement(
    """
    SELECT EXISTS (
        SELECT FROM import_names WHERE import_id = :id AND is_made AND exercise_id IS NOT NULL)
    """
)

DELETABLE = (records.RECEIVING, records.PREVIEW, records.FAILED)


def show(fetch: Fetch, user_id: int, import_id: int) -> dict[str, Any]:
    """Return all that a client sees of an import.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    found = records.find(fetch, user_id, import_id)
    return found.shown_whole(names.listed(fetch, import_id))


def set_mapping(tools: Tools, user_id: int, import_id: int, mapping: object) -> None:
    """Map names of an import to exercises.

    Raises:
        ValidationFailed: it is no mapping, or a name is not in the file.
        BusinessRuleViolation: an exercise does not exist.
        Conflict: the import is not at its preview.
    """
    given = names.checked_mapping(mapping)
    rows = names.chosen_rows(tools, user_id, given)
    with tools.database.together() as transaction:
        found = records.lock(transaction.fetch, user_id, import_id)
        _check_status(found, records.PREVIEW)
        named = {name for (name,) in transaction.fetch(_NAMED, id=import_id, names=[*given])}
        unknown = [name for name in given if name not in named]
        if unknown:
            message = "The file has no exercise of this name"
            raise ValidationFailed.of(
                *(fault(str(truncate(name)), message, "unknown_field") for name in unknown)
            )
        names.set_mapping(transaction.send, user_id, import_id, rows)


def apply(tools: Tools, user_id: int, import_id: int, options: dict[str, Any]) -> str:
    """Have an import applied, and return its status; nothing changes if it is already.

    Args:
        tools: what is needed of the service.
        user_id: whose it is.
        import_id: its id.
        options: as :class:`schemas.imports.ApplyImport` loads them.

    Raises:
        BusinessRuleViolation: something is missing, or there are faults.
        Conflict: the import is not at its preview.
    """
    with tools.database.together() as transaction:
        found = records.lock(transaction.fetch, user_id, import_id)
        if found.status in (records.APPLYING, records.APPLIED):
            return found.status
        _check_status(found, records.PREVIEW)
        found = found._replace(options=found.options | _given(options))
        needed.check_decided(transaction.fetch, found)
        _check_given(found)
        _check_faults(found)
        transaction.send(_APPLY, id=import_id, options=json.dumps(found.options))
    return records.APPLYING


def undo(tools: Tools, user_id: int, import_id: int, force: bool) -> str:
    """Have an import undone, and return its status; nothing changes if it is already.

    Raises:
        Conflict: the import was not applied.
    """
    with tools.database.together() as transaction:
        found = records.lock(transaction.fetch, user_id, import_id)
        if found.status == records.UNDOING or (found.status == records.UNDONE and not force):
            return found.status
        allowed = [records.APPLIED, records.UNDONE]
        if _has_brought(transaction.fetch, found):
            allowed += [records.PREVIEW, records.FAILED]
        _check_status(found, *allowed)
        options = json.dumps(found.options | {"force": force})
        transaction.send(_UNDO, id=import_id, options=options)
    return records.UNDOING


def delete(tools: Tools, user_id: int, import_id: int) -> None:
    """Delete an import that has brought nothing.

    Raises:
        Conflict: it has, or it is being worked on.
    """
    with tools.database.together() as transaction:
        found = records.lock(transaction.fetch, user_id, import_id)
        _check_status(found, *DELETABLE)
        if _has_brought(transaction.fetch, found):
            raise Conflict("The import has brought workouts or exercises; undo it first")
        # deleting is allowed to jobs in any state of the user's bucket, changing is not
        transaction.send(_TOUCH, id=import_id)
        transaction.send(_DELETE, id=import_id)


def _has_brought(fetch: Fetch, found: Import) -> bool:
    """Return whether an import has written workouts, or made exercises."""
    if found.added or found.updated:
        return True
    [(has_made,)] = fetch(_HAS_MADE, id=found.id)
    return bool(has_made)


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Return options without those that were left out, which are as they were said before."""
    return {key: value for key, value in options.items() if value is not None}


def _check_status(found: Import, *allowed: str) -> None:
    if found.status not in allowed:
        details = {"status": found.status, "allowed": [*allowed]}
        message = f"The import is {found.status}, and must be {' or '.join(allowed)}"
        raise Conflict(message, json.dumps(details))


def _check_given(found: Import) -> None:
    for name in found.missing:
        label = name.replace("_", " ").capitalize()
        message = f"{label} is required, as the file does not tell it"
        raise BusinessRuleViolation.of(name, message, "required", missing=found.missing)


def _check_faults(found: Import) -> None:
    count = (found.findings or {})["faults"]["count"]
    if count and found.options["faulty"] != "skip":
        message = f"{count} lines have faults; leave them out with faulty=skip"
        raise BusinessRuleViolation.of("faulty", message, "one_of", allowed=["skip"], faults=count)
