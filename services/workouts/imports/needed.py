"""Which exercises the workouts of an import need that are going to be written."""

from schemas.errors import MOST_FAULTS, BusinessRuleViolation
from services.transport.postgres.statements import Fetch, Statement
from services.workouts.imports.names import ASK
from services.workouts.imports.records import Import
from services.workouts.imports.rules import planning

_NAMES = Statement(
    """
    SELECT DISTINCT exercise ->> 'name'
    FROM import_workouts s
    CROSS JOIN LATERAL json_array_elements(CAST(s.document AS json) -> 'exercises') AS exercise
    WHERE s.import_id = :id AND s.state = ANY(CAST(:states AS text[]))
    """
)

_TO_ASK = Statement(
    f"SELECT name FROM import_names WHERE import_id = :id AND why = '{ASK}' ORDER BY name"
)


def names(fetch: Fetch, of: Import) -> set[str]:
    """Return the names in the file of the exercises in workouts that are going to be written."""
    states = [
        state for state in planning.STATES if planning.action(state, of.options) != planning.SKIP
    ]
    return {name for (name,) in fetch(_NAMES, id=of.id, states=states)}


def check_decided(fetch: Fetch, of: Import, used: set[str] | None = None) -> None:
    """Check that nobody has to be asked what the exercises of these workouts are.

    Args:
        fetch: runs a statement.
        of: the import.
        used: what :func:`names` has returned, if it was called.

    Raises:
        BusinessRuleViolation: some names must be mapped.
    """
    asked = [name for (name,) in fetch(_TO_ASK, id=of.id)]
    if asked:
        used = names(fetch, of) if used is None else used
        asked = [name for name in asked if name in used]
    if asked:
        message = f"{len(asked)} names of exercises must be mapped first"
        raise BusinessRuleViolation.of(
            "mapping", message, "required", names=asked[:MOST_FAULTS], received=len(asked)
        )
