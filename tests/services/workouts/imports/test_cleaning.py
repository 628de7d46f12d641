"""What imports leave behind is removed in time."""

import pytest
from sqlalchemy import NullPool, create_engine, text

from schemas.errors import NotFound
from services.dependencies.database import Database
from services.workouts.imports import cleaning
from tests.services.databases import address_of
from tests.services.workouts.imports.files import GIVEN, strong, text_of

FILE = text_of(strong("2025-03-01 10:00:00", ("Plank", 0, 0, 60)))


@pytest.fixture
def engine(system):
    return create_engine(address_of(system, "workouts").url, poolclass=NullPool)


@pytest.fixture
def run(engine):
    """Run a statement in the database of the workouts service."""

    def run(statement, **values):
        with engine.begin() as connection:
            return connection.execute(text(statement), values).all()

    return run


@pytest.fixture
def clean(engine):
    database = Database("workouts")
    database.engine = engine
    return lambda: cleaning.clean(database.fetch)


def age(run, import_id, days):
    run(
        "UPDATE imports SET changed_at = now() - make_interval(days => :days) WHERE id = :id "
        "RETURNING id",
        id=import_id,
        days=days,
    )


def staged(run, import_id):
    return [
        run(f"SELECT count(*) FROM {table} WHERE import_id = :id", id=import_id)[0][0]
        for table in ("import_pieces", "import_workouts", "import_names")
    ]


def test_of_an_applied_one_only_what_an_undo_needs_stays(imports, run, clean):
    applied = imports.bring(FILE)["id"]
    preview = imports.read(FILE, **GIVEN)["id"]
    clean()
    assert staged(run, applied) == [0, 0, 1]
    assert staged(run, preview) == [0, 1, 1]


def test_unfinished_ones_are_deleted_when_they_are_old(imports, run, clean):
    receiving, preview = imports.begin(), imports.read(FILE)["id"]
    old_receiving, old_preview = imports.begin(), imports.read(FILE)["id"]
    for import_id, days in ((receiving, 0), (preview, 29), (old_receiving, 2), (old_preview, 31)):
        age(run, import_id, days)
    clean()
    left = [each["id"] for each in imports.rpc.list_imports(imports.user_id)["items"]]
    assert left == [preview, receiving]
    with pytest.raises(NotFound):
        imports.get(old_preview)
    assert staged(run, old_preview) == [0, 0, 0]


def test_what_has_made_exercises_is_kept(imports, run, clean, rpc):
    sets = [("Gorilla Row", 24, 10), ("Plank", 0, 0, 60)]
    import_id = imports.read(text_of(strong("2025-03-01 10:00:00", *sets)), **GIVEN)["id"]
    own = {"name": "Mine", "measure": "duration"}
    gone = rpc.exercises.create(imports.user_id, own)["id"]
    imports.map(import_id, Plank=gone)
    rpc.exercises.delete(imports.user_id, gone)
    assert imports.apply(import_id)["status"] == "preview"
    age(run, import_id, 31)
    clean()
    assert imports.undo(import_id)["status"] == "undone"


def test_applied_ones_are_kept(imports, run, clean):
    import_id = imports.bring(FILE)["id"]
    age(run, import_id, 400)
    clean()
    assert imports.undo(import_id)["status"] == "undone"
