"""Which exercises the workouts of an import need that are going to be written."""

from services.transport.postgres.statements import Fetch, Statement
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


def names(fetch: Fetch, of: Import) -> set[str]:
    """Return the names in the file of the exercises in workouts that are going to be written."""
    states = [
        state for state in planning.STATES if planning.action(state, of.options) != planning.SKIP
    ]
    return {name for (name,) in fetch(_NAMES, id=of.id, states=states)}
