"""Which words in the column ``Set Order`` of Strong stand for a rest."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.workouts.imports.reading.numbers import is_given, whole
from services.workouts.imports.reading.set_types import NOTE, REST, SET_TYPES, plain

SHORTEST = 2
"""Letters of a word; a single one is a kind of set."""

_KNOWN = re.compile(
    r"rest(?: time)?$|"
    # German, French, Spanish, Italian, Portuguese, Dutch and Nordic, Polish, Turkish, Russian
    r".*\b(?:ruhe|paus|erholung|repos|récup|descans|recuper|riposo|intervalo|rust|vila|hvile|"
    r"odpocz|przerw|dinlen|отдых|пауз)|"
    r".*(?:休憩|レスト|インターバル|休息|휴식)"
)
"""How words for a rest begin; ``Minuteur de repos`` has them, too."""

_OTHERS = ("weight", "reps", "distance", "rpe")
_MOST_WORDS = 100
_MOST_EXERCISES = 10_000
"""Of those that are gathered: a file may have a new one in each row."""


def means_rest(word: str) -> bool:
    """Return whether a word, lower case, is known to mean a rest if it has nothing but seconds."""
    return _KNOWN.match(word) is not None


@dataclass
class RestWords:
    """Finds the words of one file that mean rests in a language that is not known.

    Such a word has never anything but seconds, and most exercises that it stands in, two at least,
    have sets of repetitions without seconds. Otherwise the seconds may be those of a set.
    """

    exercises_of: dict[str, set[str]] = field(default_factory=dict)
    kinds_of_sets: set[str] = field(default_factory=set)
    counted: set[str] = field(default_factory=set)
    timed: set[str] = field(default_factory=set)

    def note(self, cells: Mapping[str, str]) -> None:
        """Gather what a row of Strong shows, given its cells by what they mean."""
        word = cells["order"].strip().casefold()
        exercise = cells["exercise"].strip()
        has_seconds = is_given(cells.get("seconds", ""))
        if whole(word) is not None or SET_TYPES.get(plain(word)) not in (None, REST, NOTE):
            exercises = self.timed if has_seconds else self.counted
            if has_seconds or is_given(cells["reps"]):
                _add(exercises, exercise)
        elif len(self.exercises_of) < _MOST_WORDS or word in self.exercises_of:
            found = self.exercises_of.setdefault(word, set())
            if any(is_given(cells.get(name, "")) for name in _OTHERS):
                self.kinds_of_sets.add(word)
            elif has_seconds:
                _add(found, exercise)

    def found(self) -> frozenset[str]:
        """Return the words, lower case."""
        return frozenset(word for word in self.exercises_of if self._is_rest(word))

    def _is_rest(self, word: str) -> bool:
        exercises = self.exercises_of[word]
        of_repetitions = exercises & (self.counted - self.timed)
        return (
            word not in self.kinds_of_sets
            and len(word) >= SHORTEST
            and len(exercises) > 1
            and len(of_repetitions) > len(exercises) / 2
        )


def _add(exercises: set[str], exercise: str) -> None:
    if len(exercises) < _MOST_EXERCISES:
        exercises.add(exercise)
