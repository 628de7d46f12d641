"""What the databases of a cell have to have before anything is moved: triggers, and ids apart.

Both can stay for good, and do nothing while all buckets are where they were.

The triggers of the database of workouts refuse to write rows of users whose bucket is not here, or
is being moved. Each takes the lock of the bucket, which it shares, before it looks. Tables without
one: ``workout_exercises`` and ``exercise_sets`` are only written together with their workout,
``import_workouts`` and ``import_updates`` only while the import is worked on, and no bucket leaves
meanwhile. Rows of other tables than workouts and measurements may be deleted wherever the bucket
is, as jobs delete old ones of everybody; and an erasure deletes all.

In the database of analytics a trigger leaves out summaries of weeks of users who are not here. So
only one cell makes each, and tells of it.
"""

from services.dependencies.cells.states import BEING_MOVED, ELSEWHERE, FUNCTIONS, LOCK
from services.moving import noting, states
from services.moving.addresses import CannotMove, Cell
from services.moving.connecting import Side, lock, opened
from services.process import cells
from services.transport.postgres.unpooled import Connection, run, run_when_free, transaction

APART = 10**13
"""Ids of the cell with number 1 are above it, those of the next one above twice as much."""

TRIGGER = "moved_users_stay_away"
_WRITES = "INSERT OR UPDATE"
_ALL_WRITES = "INSERT OR UPDATE OR DELETE"
_OWN, _OF_IMPORTS, _SUMMARIES, _STATE_OF_BUCKET = FUNCTIONS

FENCED = {
    "workouts": (_ALL_WRITES, _OWN),
    "measurements": (_ALL_WRITES, _OWN),
    "client_ids": (_WRITES, _OWN),
    "idempotency_keys": (_WRITES, _OWN),
    "imports": (_WRITES, _OWN),
    "imported_workouts": (_WRITES, _OWN),
    "learned_names": (_WRITES, _OWN),
    "exercise_merges": (_WRITES, _OWN),
    "import_pieces": (_WRITES, _OF_IMPORTS),
    "import_names": (_WRITES, _OF_IMPORTS),
}
"""By table of the database of workouts, which writes are refused, and the trigger's function."""

# a function of its own for each way to find the user, and one state for all
_STATE = f"""
    CREATE OR REPLACE FUNCTION {_STATE_OF_BUCKET}(
        owner bigint, OUT bucket_state text, OUT other text)
    LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock_shared({LOCK}, mod(owner, {cells.BUCKETS})::integer);
        -- a statement of its own, so that it sees what was committed before the lock was given
        SELECT state, cell INTO bucket_state, other
        FROM bucket_states WHERE bucket = mod(owner, {cells.BUCKETS});
        IF NOT FOUND THEN
            bucket_state := '{{default}}';
            other := '';
        END IF;
    END $$
"""
_REFUSE = f"""
    CREATE OR REPLACE FUNCTION {{function}}() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        owner bigint;
        found record;
    BEGIN
        IF current_setting('gym.moving', true) = 'on' THEN
            RETURN NULL;
        END IF;
        {{find}}
        found := {_STATE_OF_BUCKET}(owner);
        IF owner IS NULL OR found.bucket_state = '{cells.HERE}' THEN
            RETURN NULL;
        END IF;
        IF TG_OP = 'DELETE' AND EXISTS (SELECT FROM erased_users WHERE user_id = owner) THEN
            RETURN NULL;
        END IF;
        IF found.bucket_state IN ('{cells.LEAVING}', '{cells.ARRIVED}') THEN
            RAISE EXCEPTION 'the bucket is being moved'
                USING ERRCODE = '{BEING_MOVED}', DETAIL = found.other;
        END IF;
        RAISE EXCEPTION 'the bucket is in another cell'
            USING ERRCODE = '{ELSEWHERE}', DETAIL = found.other;
    END $$
"""
_FIND = {
    _OWN: "IF TG_OP = 'DELETE' THEN owner := OLD.user_id; ELSE owner := NEW.user_id; END IF;",
    _OF_IMPORTS: "SELECT user_id INTO owner FROM imports WHERE id = NEW.import_id;",
}
_LEAVE_OUT = f"""
    CREATE OR REPLACE FUNCTION {_SUMMARIES}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF coalesce(current_setting('gym.moving', true), '') <> 'on'
            AND ({_STATE_OF_BUCKET}(NEW.user_id)).bucket_state <> '{cells.HERE}' THEN
            RETURN NULL;
        END IF;
        RETURN NEW;
    END $$
"""
_AFTER = """
    CREATE OR REPLACE TRIGGER {trigger} AFTER {writes} ON {table}
    FOR EACH ROW EXECUTE FUNCTION {function}()
"""
_BEFORE = f"""
    CREATE OR REPLACE TRIGGER {TRIGGER} BEFORE INSERT ON weekly_summaries
    FOR EACH ROW EXECUTE FUNCTION {_SUMMARIES}()
"""
_FENCED = """
    SELECT tgrelid::regclass::text FROM pg_trigger
    WHERE tgname = %s AND tgparentid = 0 AND tgenabled <> 'D'
"""
_DEFAULT = f"SELECT prosrc FROM pg_proc WHERE proname = '{_STATE_OF_BUCKET}'"
# whoever gets an id between the two has a lower one, which is as good
_MOVE_IDS = """
    SELECT setval(format('%%I.%%I', schemaname, sequencename)::regclass, %s)
    FROM pg_sequences
    WHERE schemaname = 'public' AND data_type = 'bigint'::regtype AND coalesce(last_value, 0) < %s
"""
# but that of a move under way, whose ids are known in this database alone
_OUT_OF_PLACE = f"""
    SELECT sequencename::text FROM pg_sequences
    WHERE schemaname = 'public' AND data_type = 'bigint'::regtype
      AND sequencename <> '{noting.NOTES}_id_seq'
      AND NOT coalesce(last_value, start_value) BETWEEN %s AND %s
"""
_HAS_STATES = "SELECT to_regclass('public.bucket_states') IS NOT NULL"


def prepare(cell: Cell) -> None:
    """Prepare the databases of a cell, unless they are; everything may run meanwhile.

    Raises:
        CannotMove: one can't be reached, is not migrated, or is being prepared already.
    """
    with opened(cell) as side:
        lock(side)
        check_migrated(side)
        for connection in side.databases.values():
            run(connection, _STATE.format(default=states.default(cell)))
            if cell.number:
                run(connection, _MOVE_IDS, cell.number * APART, cell.number * APART)
        _fence_workouts(side.workouts)
        with transaction(side.analytics):
            run(side.analytics, _LEAVE_OUT)
        if "weekly_summaries" not in _fenced(side.analytics):
            run_when_free(side.analytics, _BEFORE)


def check_migrated(side: Side) -> None:
    """Check whether the databases of a cell have the table of states.

    Raises:
        CannotMove: they have not.
    """
    for service, connection in side.databases.items():
        if run(connection, _HAS_STATES) != [(True,)]:
            name = side.cell.databases[service].name
            raise CannotMove(f"{name} of {side.cell} has no table bucket_states: migrate first")


def check(side: Side) -> None:
    """Check whether the databases of a cell are prepared.

    Raises:
        CannotMove: they are not.
    """
    if reason := whats_missing(side):
        raise CannotMove(f"{side.cell} is not prepared ({reason}): run ./gym cells prepare")


def whats_missing(side: Side) -> str | None:
    """Return what a cell that is not prepared lacks, or None."""
    missing = sorted(FENCED.keys() - _fenced(side.workouts))
    if missing:
        return f"{missing[0]} has no trigger"
    if "weekly_summaries" not in _fenced(side.analytics):
        return "weekly_summaries has no trigger"
    least = side.cell.number * APART
    for connection in side.databases.values():
        [(source,)] = run(connection, _DEFAULT)
        if f":= '{states.default(side.cell)}'" not in source:
            return "it was prepared as another cell"
        out_of_place = run(connection, _OUT_OF_PLACE, least, least + APART - 1)
        if out_of_place:
            return f"the ids of {out_of_place[0][0]} are not its own"
    return None


def _fence_workouts(connection: Connection) -> None:
    for function, find in _FIND.items():
        run(connection, _REFUSE.format(function=function, find=find))
    fenced = _fenced(connection)
    for table, (writes, function) in FENCED.items():
        if table not in fenced:
            names = {"trigger": TRIGGER, "table": table}
            run_when_free(connection, _AFTER.format(writes=writes, function=function, **names))


def _fenced(connection: Connection) -> set[str]:
    return {table for (table,) in run(connection, _FENCED, TRIGGER)}
