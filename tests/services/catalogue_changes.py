"""Exercises of a test's own in the running system's catalogue, which change as upstream's do."""

import itertools
import random

from nameko.standalone.events import event_dispatcher
from redis import Redis
from sqlalchemy import create_engine, text

from services.dependencies.cache_generations import CATALOGUE, CATALOGUE_CHANGED
from services.process.settings import Settings

UNITS = {"count": "reps", "time": "seconds", "distance": "meters"}

_INSERT = text(
    """
    INSERT INTO exercises (name, slug, category, rep_type, unit, external_source,
        name_key, alias_keys, name_words, title_words, search_words)
    VALUES (:name, :slug, 'strength', :rep_type, :unit, 'test', :name, '{}', '', '', '')
    RETURNING id
    """
)
_numbers = itertools.count(random.randrange(10**9))


class OwnExercises:
    """Exercises that no other test uses; they are gone when the block ends."""

    def __init__(self, system):
        address = Settings.from_environment(system.environment).databases["exercises"]
        self.engine = create_engine(address.url)
        place = system.environment["REDIS_HOST"], int(system.environment["REDIS_PORT"])
        self._redis = Redis(*place)
        self._dispatch = event_dispatcher({"AMQP_URI": system.environment["AMQP_URI"]})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.forget("test")
        self.engine.dispose()
        self._redis.close()

    def add(self, name, rep_type="count"):
        """Add an exercise, tell of it, and return its id."""
        with self.engine.begin() as connection:
            slug = f"test-{next(_numbers)}"
            values = {"name": name, "slug": slug, "rep_type": rep_type, "unit": UNITS[rep_type]}
            exercise_id = connection.execute(_INSERT, values).scalar_one()
        self.tell()
        return exercise_id

    def change(self, exercise_id, tell=True, **columns):
        """Change columns of an exercise, and tell of it if that is wanted."""
        changes = ", ".join(f"{name} = :{name}" for name in columns)
        with self.engine.begin() as connection:
            statement = text(f"UPDATE exercises SET {changes} WHERE id = :id")
            connection.execute(statement, {**columns, "id": exercise_id})
        if tell:
            self.tell()

    def forget(self, source):
        """Take all exercises of a source out of the catalogue."""
        with self.engine.begin() as connection:
            statement = text("DELETE FROM exercises WHERE external_source = :source")
            connection.execute(statement, {"source": source})
        self.tell()

    def tell(self):
        """Do what the exercises service does after a change."""
        self._redis.delete(CATALOGUE)
        self._dispatch("exercises", CATALOGUE_CHANGED, {})
