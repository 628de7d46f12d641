"""The event ``import_completed``: one for each import that was applied or undone, to its end."""

from services.dependencies.outbox import Outbox
from services.transport.postgres.statements import Send, Statement

IMPORT_COMPLETED = "import_completed"

OUTBOX = Outbox("outbox")

_WRITE = Statement(
    f"""
    INSERT INTO outbox (event_type, user_id, payload)
    SELECT '{IMPORT_COMPLETED}', user_id, json_build_object(
        'user_id', user_id, 'import_id', id, 'status', status,
        'source', recognised ->> 'source', 'counts', counts,
        'added', added, 'updated', updated, 'kept', kept)
    FROM imports WHERE id = :id
    """
)


def write(send: Send, import_id: int) -> None:
    """Write the event of an import into the outbox.

    Args:
        send: runs a statement inside the transaction that ends the import, after its status is
            written.
        import_id: which one.
    """
    send(_WRITE, id=import_id)
