"""The likely measure of an exercise, by what its sets in a file hold."""

from dataclasses import dataclass
from typing import Any

from schemas.units import ASSISTED


@dataclass
class NameSummary:
    """What the sets of an exercise hold: how many have which numbers.

    Our own exports also tell its measure (``said``; the last, as it may have changed) and whether
    it is a private one.
    """

    sets: int = 0
    assisted: int = 0
    repetitions: int = 0
    weighted_repetitions: int = 0
    seconds: int = 0
    weighted_seconds: int = 0
    distances: int = 0
    weighted_distances: int = 0
    said: str | None = None
    is_own: bool = False

    def add(self, exercise: dict[str, Any]) -> None:
        """Add the sets of an exercise of a document."""
        self.said = exercise.get("measure", self.said)
        self.is_own = exercise.get("own", self.is_own)
        for each in exercise["sets"]:
            weighted = "weight" in each
            self.sets += 1
            self.assisted += bool(exercise.get("assisted"))
            if "distance" in each:
                self.distances += 1
                self.weighted_distances += weighted and "seconds" not in each
            elif "seconds" in each and each.get("reps", "0") == "0":
                self.seconds += 1
                self.weighted_seconds += weighted
            else:
                self.repetitions += 1
                self.weighted_repetitions += weighted

    @property
    def measure(self) -> str | None:
        """The measure that is told, or that most sets have; None without sets."""
        if self.said:
            return self.said
        if not self.sets:
            return None
        if self.assisted:
            return ASSISTED
        most = max(self.repetitions, self.seconds, self.distances)
        if self.repetitions == most:
            return "weight_reps" if self.weighted_repetitions else "reps"
        if self.seconds == most:
            return "weight_duration" if self.weighted_seconds else "duration"
        return "weight_distance" if self.weighted_distances else "distance_duration"


def summarised(names: dict[str, NameSummary], exercises: list[dict[str, Any]]) -> None:
    """Add the exercises of a document to the summaries of their names."""
    for exercise in exercises:
        names.setdefault(exercise["name"], NameSummary()).add(exercise)
