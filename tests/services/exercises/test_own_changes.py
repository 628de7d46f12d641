"""What clients that keep a copy of private exercises and notes are told of them, over RPC."""

import pytest
from sqlalchemy import NullPool, create_engine, text

from schemas.errors import BusinessRuleViolation, Conflict, InvalidParameter, NotFound
from services import migrate
from tests.services.clients import all_fine, at_once
from tests.services.databases import address_of, empty_database
from tests.services.following import follow, held
from tests.services.logbook import ago, body, lift, one
from tests.services.workouts.imports.files import Imports, strong, text_of
from tests.waiting import eventually

BENCH, SQUAT = 1, 2
ROW = {"name": "Gorilla Row", "measure": "weight_reps"}
NOTES = {"primary_muscles": ["triceps"], "secondary_muscles": None, "notes": "Slowly"}


class Owner:
    """Somebody with exercises of their own."""

    def __init__(self, rpc, user_id):
        self.rpc = rpc
        self.id = user_id

    def make(self, name="Gorilla Row", **more):
        return self.rpc.exercises.create(self.id, ROW | {"name": name} | more)["id"]

    def get(self, exercise_id):
        return self.rpc.exercises.get(exercise_id, user_id=self.id)

    def set_mine(self, exercise_id, **values):
        return self.rpc.exercises.set_mine(self.id, exercise_id, values)

    def changes(self, **options):
        return self.rpc.exercises.own_changes(self.id, **options)

    @property
    def position(self):
        return self.rpc.exercises.own_position(self.id)["position"]

    def told(self, after=0):
        """Return kind, id, what was done and version of the changes after a position."""
        return [
            (change["kind"], change["id"], change["op"], change["version"])
            for change in self.changes(after=after)
        ]

    def shown(self, *exercise_ids):
        """Return what there is of these, by what it is called in a copy."""
        found = {}
        for exercise_id in exercise_ids:
            try:
                exercise = self.get(exercise_id)
            except NotFound:
                continue
            if exercise["owner"] == "me":
                found["exercise", exercise_id] = exercise
            elif exercise["mine"] is not None:
                found["exercise_details", exercise_id] = exercise["mine"]
        return found

    def copy(self, **options):
        return held(follow(self.changes, **options)[0])


@pytest.fixture
def owner(rpc, fresh_user):
    return Owner(rpc, fresh_user)


@pytest.fixture
def engine(system):
    engine = create_engine(address_of(system, "exercises").url, poolclass=NullPool)
    yield engine
    engine.dispose()


@pytest.fixture
def run(engine):
    def run(statement, **values):
        with engine.begin() as connection:
            connection.execute(text(statement), values)

    return run


def test_nothing_has_changed_of_who_has_nothing(owner):
    assert owner.changes() == []
    assert owner.position == 0


# private exercises


def test_a_new_exercise_as_it_is(owner):
    made = owner.make(notes="Hinge", equipment="kettlebell", primary_muscles=["lats"])
    [change] = owner.changes()
    assert change.pop("position") == owner.position > 0
    assert change == {
        "kind": "exercise",
        "id": made,
        "op": "put",
        "version": 1,
        "data": owner.get(made),
    }


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "Gorilla Rows"},
        {"measure": "reps"},
        {"category": "cardio"},
        {"primary_muscles": ["lats"]},
        {"secondary_muscles": ["biceps"]},
        {"equipment": "kettlebell"},
        {"notes": "Hinge"},
    ],
)
def test_each_field_is_told_when_it_changes(owner, changed):
    made = owner.make()
    position = owner.position
    owner.rpc.exercises.update(owner.id, made, changed)
    [change] = owner.changes(after=position)
    assert (change["version"], change["data"]) == (2, owner.get(made))
    # what stays as it was is not told
    owner.rpc.exercises.update(owner.id, made, changed)
    assert owner.changes() == [change]


def test_archiving_and_restoring(owner):
    made = owner.make()
    for call, is_active in (
        (owner.rpc.exercises.archive, False),
        (owner.rpc.exercises.restore, True),
    ):
        position = owner.position
        call(owner.id, made)
        call(owner.id, made)
        [change] = owner.changes(after=position)
        assert change["data"] == owner.get(made)
        assert change["data"]["is_active"] == is_active


def test_a_deleted_exercise_leaves_a_deletion(owner):
    made = owner.make()
    position = owner.position
    owner.rpc.exercises.delete(owner.id, made)
    assert owner.told(position) == owner.told() == [("exercise", made, "delete", 2)]
    assert owner.changes()[0]["data"] is None
    # one with the same name is another one
    again = owner.make()
    assert owner.told() == [("exercise", made, "delete", 2), ("exercise", again, "put", 1)]


def test_a_deletion_that_is_refused_is_not_told(owner):
    made = owner.make()
    owner.rpc.workouts.create(owner.id, body(ago(0), lift(made, one(5, 24))))
    told = owner.told()
    with pytest.raises(BusinessRuleViolation, match="archive it instead"):
        owner.rpc.exercises.delete(owner.id, made)
    assert owner.told() == told


def test_a_merged_exercise_says_into_what_until_that_is_deleted(owner):
    source, target = owner.make(), owner.make("Silverback Row")
    position = owner.position
    owner.rpc.exercises.merge(owner.id, source, target)
    assert owner.copy() == owner.shown(source, target)
    [change] = owner.changes(after=position)
    assert (change["id"], change["data"]["merged_into"]) == (source, target)

    owner.rpc.exercises.merge(owner.id, target, BENCH)
    assert owner.copy() == owner.shown(source, target)
    assert owner.copy()["exercise", source]["merged_into"] == BENCH

    position = owner.position
    owner.rpc.exercises.delete(owner.id, target)
    assert [change[1:3] for change in owner.told(position)] == [(target, "delete")]
    assert owner.copy() == owner.shown(source, target)


def test_what_was_merged_into_a_deleted_one_is_deleted_with_it(owner):
    source, target = owner.make(), owner.make("Silverback Row")
    owner.rpc.exercises.merge(owner.id, source, target)
    position = owner.position
    owner.rpc.exercises.delete(owner.id, target)
    assert {change[1:3] for change in owner.told(position)} == {
        (source, "delete"),
        (target, "delete"),
    }
    assert owner.copy() == {}


def test_exercises_that_an_import_made_and_its_undoing_deletes(owner):
    imports = Imports(owner.rpc, owner.id)
    done = imports.bring(text_of(strong("2025-03-01 10:00:00", ("Gorilla Row", 24, 10))))
    [made] = [each["exercise_id"] for each in done["names"]]
    assert owner.copy() == owner.shown(made)
    assert [*owner.copy()] == [("exercise", made)]
    imports.undo(done["id"])
    assert owner.copy() == {}
    assert owner.told()[0][:3] == ("exercise", made, "delete")


# notes on exercises of the catalogue


def test_what_is_noted_as_it_is(owner):
    owner.set_mine(BENCH, **NOTES)
    [change] = owner.changes()
    assert change.pop("position") == owner.position > 0
    assert change == {
        "kind": "exercise_details",
        "id": BENCH,
        "op": "put",
        "version": 1,
        "data": NOTES,
    }
    assert owner.copy() == owner.shown(BENCH)


@pytest.mark.parametrize(
    "changed",
    [{"primary_muscles": ["chest"]}, {"secondary_muscles": []}, {"notes": "Fast"}, {"notes": None}],
)
def test_each_note_is_told_when_it_changes(owner, changed):
    owner.set_mine(BENCH, **NOTES)
    position = owner.position
    owner.set_mine(BENCH, **changed)
    [change] = owner.changes(after=position)
    assert (change["version"], change["data"]) == (2, NOTES | changed)
    owner.set_mine(BENCH, **changed)
    assert owner.changes() == [change]


def test_notes_that_are_emptied_and_made_again(owner):
    owner.set_mine(BENCH, **NOTES)
    owner.set_mine(BENCH, **dict.fromkeys(NOTES))
    assert owner.told() == [("exercise_details", BENCH, "delete", 2)]
    owner.set_mine(BENCH, notes="Again")
    assert owner.told() == [("exercise_details", BENCH, "put", 3)]
    assert owner.copy() == owner.shown(BENCH)


# both


def test_a_copy_goes_on_where_it_was(owner):
    made = [owner.make(f"Row {number}") for number in range(4)]
    for exercise_id in (BENCH, SQUAT):
        owner.set_mine(exercise_id, **NOTES)
    copy, position = follow(owner.changes, limit=2)
    assert [key[1] for key in copy] == [*made, BENCH, SQUAT]
    assert held(copy) == owner.shown(*made, BENCH, SQUAT)
    assert owner.changes(after=position) == []
    owner.rpc.exercises.delete(owner.id, made[0])
    owner.set_mine(BENCH, notes="Fast")
    assert [change[:2] for change in owner.told(position)] == [
        ("exercise", made[0]),
        ("exercise_details", BENCH),
    ]


def test_others_are_not_told(owner):
    other = Owner(owner.rpc, owner.id + 2**31)
    other.make()
    other.set_mine(BENCH, **NOTES)
    assert owner.changes() == []
    assert owner.position == 0


def test_a_position_that_never_was_has_expired(owner):
    owner.make()
    with pytest.raises(Conflict, match="The cursor has expired: read the changes from 0"):
        owner.changes(after=owner.position + 1)


@pytest.mark.parametrize("options", [{"after": -1}, {"limit": 0}, {"limit": 101}, {"after": "x"}])
def test_bad_positions(owner, options):
    with pytest.raises(InvalidParameter):
        owner.changes(**options)


def test_whatever_writes_them_can_not_forget_it(owner, run):
    """The version before does not know the feed."""
    made = owner.make()
    position = owner.position
    run("UPDATE private_exercises SET notes = 'Hinge' WHERE id = :id", id=made)
    run("INSERT INTO own_details VALUES (:owner, 1, NULL, NULL, 'Slowly')", owner=owner.id)
    assert [change[:3] for change in owner.told(position)] == [
        ("exercise", made, "put"),
        ("exercise_details", BENCH, "put"),
    ]
    assert owner.copy() == owner.shown(made, BENCH)
    run("DELETE FROM private_exercises WHERE id = :id", id=made)
    run("DELETE FROM own_details WHERE owner_id = :owner", owner=owner.id)
    assert owner.copy() == {}


def test_a_slow_transaction_hides_no_change(owner, engine, system):
    """A position that is taken is waited for by whoever would get a higher one."""
    with engine.connect() as slow:
        insert = text("INSERT INTO own_details VALUES (:owner, 1, NULL, NULL, 'Slowly')")
        slow.execute(insert, {"owner": owner.id})
        slow.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))

        def create(rpc):
            return Owner(rpc, owner.id).make()

        def read_and_let_go(rpc):
            waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            eventually(lambda: slow.execute(text(waiting)).scalar() > 0)
            early = rpc.exercises.own_changes(owner.id)
            slow.commit()
            return early

        made, early = all_fine(at_once(system, create, read_and_let_go))
    assert early == []
    assert [change[:2] for change in owner.told()] == [
        ("exercise_details", BENCH),
        ("exercise", made),
    ]


def test_those_of_an_erased_user_go(owner, run):
    made = owner.make()
    owner.make("Silverback Row")
    owner.set_mine(BENCH, **NOTES)
    owner.rpc.exercises.delete(owner.id, made)
    run("INSERT INTO erased_users (user_id) VALUES (:id)", id=owner.id)
    eventually(lambda: owner.changes() == [], seconds=20)


def test_what_was_there_before_the_feed_is_in_it(system):
    insert = """
        INSERT INTO private_exercises (owner_id, name, unique_name, slug, measure, rep_type,
            category, primary_muscles, secondary_muscles, name_key, title_keys, name_words,
            title_words, search_words)
        VALUES (:owner, :name, :name, :name, 'reps', 'count', 'strength', '{}', '{}', '', '{}',
            '', '', '') RETURNING id
    """
    with empty_database(address_of(system, "exercises")) as address:
        migrate.migrate("exercises", address)
        migrate.downgrade("exercises", address, "0014")
        engine = create_engine(address.url)
        with engine.begin() as connection:
            made = [
                connection.execute(text(insert), {"owner": owner, "name": name}).scalar()
                for owner, name in ((7, "a"), (8, "b"), (7, "c"))
            ]
            connection.execute(text("INSERT INTO own_details VALUES (7, 1), (7, 2), (8, 1)"))
            connection.execute(text("INSERT INTO erased_users (user_id) VALUES (8)"))
        migrate.migrate("exercises", address)
        feed = "SELECT kind, exercise_id, version FROM own_exercise_changes ORDER BY position"
        with engine.begin() as connection:
            assert connection.execute(text(feed)).all() == [
                ("exercise", made[0], 1),
                ("exercise", made[2], 1),
                ("exercise_details", 1, 1),
                ("exercise_details", 2, 1),
            ]
        engine.dispose()
