"""The numbers of the contract's section 6, counted by hand.

Everything that analytics answers is counted here from a user's workouts as they are in the end:
slowly, in fractions, and without a line of the services.
"""

from calendar import monthrange
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from itertools import groupby
from math import floor

from tests.services import muscle_recount

POUND = Fraction(45359237, 100_000_000)
RANGES = {"1month": 1, "3months": 3, "6months": 6, "1year": 12, "all": None}
UNITS = ["day", "week", "month"]
PERIODS = {"weekly": "week", "monthly": "month"}
REP_UNITS = {"count": "reps", "time": "seconds", "distance": "meters"}
SEED_REP_TYPES = {1: "count", 2: "count", 3: "count", 4: "count", 5: "distance", 6: "time"}


class Recount:
    """A user's numbers.

    Args:
        workouts: all of the user's workouts, whole.
        rep_types: how the repetitions of each exercise count now.
        today: the day of the question.
        logged: how they counted when a workout was logged, by workout and exercise; as now, if it
            is not said.
        names: what exercises are called now, if not as in the workouts.
    """

    def __init__(self, workouts, rep_types, today, logged=None, names=None):
        self.workouts = sorted(workouts, key=lambda workout: (workout["date"], workout["id"]))
        self.rep_types = rep_types
        self.today = today
        self.logged = logged or {}
        self.names = {}
        for workout in self.workouts:
            for exercise in workout["exercises"]:
                self.names[exercise["exercise_id"]] = exercise["exercise_name"]
        self.names |= {key: name for key, name in (names or {}).items() if key in self.names}
        # asked for each point of a history
        self._shown_kind = cache(self._find_shown_kind)

    # what analytics answers

    def personal_records(self):
        listed = []
        for exercise_id in sorted(self.names):
            records = {
                "max_weight": self._heaviest(exercise_id),
                "max_reps": self._most_reps(exercise_id),
                "max_volume": self._most_volume(exercise_id),
                **self._of_sets(exercise_id),
            }
            existing = {kind: record for kind, record in records.items() if record is not None}
            if existing:
                name = self.names[exercise_id]
                listed.append({"exercise_id": exercise_id, "exercise_name": name, **existing})
        return {"records": listed}

    def exercise_history(self, exercise_id, range_name="3months", unit="day", name=None):
        return {
            "exercise_id": exercise_id,
            "exercise_name": self.names.get(exercise_id, name),
            "range": range_name,
            "unit": unit,
            "data_points": self._points(exercise_id, range_name, unit),
            "stats": self._stats(exercise_id),
        }

    def progress(self, period="weekly", count=12):
        unit = PERIODS[period]
        first, last = _around(self.today, unit)
        listed = []
        for _ in range(count):
            listed.insert(0, self._period(unit, first, last))
            first, last = _around(first - timedelta(days=1), unit)
        return {"period": period, f"{unit}s": listed}

    def calendar(self, year):
        days = []
        inside = [workout for workout in self.workouts if _day(workout).year == year]
        for day, group in groupby(inside, key=lambda workout: workout["date"]):
            workouts = list(group)
            minutes = [one["duration_minutes"] for one in workouts if one["duration_minutes"]]
            timed = any(one["duration_minutes"] is not None for one in workouts)
            days.append(
                {
                    "date": day,
                    "workouts": len(workouts),
                    "sets": self._sets(workouts),
                    "minutes": sum(minutes) if timed else None,
                }
            )
        return {"year": year, "days": days}

    def streak(self, goal=1):
        monday = _around(self.today, "week")[0]
        current, longest = self._streak(monday, goal, is_running=True)
        done = len(self._of_week(monday))
        return {
            "weekly_goal": goal,
            "current": len(current),
            "current_since": _week_name(min(current)) if current else None,
            "longest": len(longest),
            "longest_since": _week_name(min(longest)) if longest else None,
            "this_week": {
                "week": _week_name(monday),
                "workouts": done,
                "is_met": done >= goal,
            },
        }

    def weekly_summary(self, monday, muscles_of, goal=1):
        """Return the summary of a week, or None if there is none.

        Args:
            monday: the week's.
            muscles_of: primary and secondary muscles of each exercise.
            goal: workouts a week.
        """
        is_running = monday == _around(self.today, "week")[0]
        if not is_running and not self._of_week(monday):
            return None
        weeks = [self._of_week(monday - timedelta(weeks=back)) for back in range(5)]
        current, longest = self._streak(monday, goal, is_running)
        done = _beside([len(workouts) for workouts in weeks])
        return {
            "week": _week_name(monday),
            "start": monday.isoformat(),
            "end": (monday + timedelta(days=6)).isoformat(),
            "is_running": is_running,
            "workouts": {**done, "goal": goal, "is_met": done["value"] >= goal},
            "volume": _beside([sum(self._volume_in_all(one) for one in week) for week in weeks]),
            "sets": _beside([self._sets(week) for week in weeks]),
            "minutes": _beside(
                [sum(one["duration_minutes"] or 0 for one in week) for week in weeks]
            ),
            "muscles": self._muscles_of_week(monday, muscles_of),
            "records": self._records_of_week(monday),
            "streak": {"current": len(current), "longest": len(longest)},
        }

    def volume(self, workout):
        return _shown(
            sum(
                _volume(one, self._kind(workout, exercise["exercise_id"]))
                for exercise in workout["exercises"]
                for one in exercise["sets"]
            )
        )

    # weeks

    def _of_week(self, monday):
        days = {monday + timedelta(days=number) for number in range(7)}
        return [workout for workout in self.workouts if _day(workout) in days]

    def _streak(self, monday, goal, is_running):
        """Return the Mondays of the streak up to a week, and of the longest until then."""
        best, run = [], []
        day = min([_around(_day(workout), "week")[0] for workout in self.workouts] or [monday])
        while day <= monday:
            if len(self._of_week(day)) >= goal:
                run = [*run, day]
            elif not (is_running and day == monday):
                run = []
            best = run if len(run) > len(best) else best
            day += timedelta(weeks=1)
        return run, best

    def _muscles_of_week(self, monday, muscles_of):
        (week,) = muscle_recount.recount(self.workouts, muscles_of, 1, monday)["weeks"]
        return [
            {name: _shown(value) if type(value) is float else value for name, value in one.items()}
            for one in week["muscles"]
        ]

    def _records_of_week(self, monday):
        days = {(monday + timedelta(days=number)).isoformat() for number in range(7)}
        return [
            {
                "exercise_id": exercise["exercise_id"],
                "exercise_name": exercise["exercise_name"],
                "kind": kind,
                **{name: value for name, value in exercise[kind].items() if name != "previous"},
            }
            for exercise in self.personal_records()["records"]
            for kind in RECORD_ORDER
            if kind in exercise and exercise[kind]["achieved_date"] in days
        ]

    def _volume_in_all(self, workout):
        return sum(self._volume_of(workout, exercise_id) for exercise_id in self.names)

    def _sets(self, workouts):
        return sum(len(_working_sets(one, key)) for one in workouts for key in self.names)

    # records

    def _heaviest(self, exercise_id):
        record, best, unit = None, Fraction(0), None
        for workout in self.workouts:
            before = best
            for one in _working_sets(workout, exercise_id):
                if one["reps"] >= 1 and _kilograms(one) > best:
                    best, unit = _kilograms(one), one["unit"]
                    beaten = before / POUND if unit == "lb" else before
                    record = _record(workout, one["weight"], unit, beaten)
        return record

    def _most_reps(self, exercise_id):
        record, best = None, Fraction(0)
        kind = self._shown_kind(exercise_id)
        for workout in self._with(exercise_id, kind):
            before = best
            for one in _working_sets(workout, exercise_id):
                if _exact(one["reps"]) > best:
                    best = _exact(one["reps"])
                    unit = REP_UNITS[kind]
                    record = _record(workout, one["reps"], unit, before)
        return record

    def _most_volume(self, exercise_id):
        record, best = None, Fraction(0)
        for workout in self.workouts:
            volume = self._volume_of(workout, exercise_id)
            if volume > best:
                record = _record(workout, volume, "kg", best)
                best = volume
        return record

    def _of_sets(self, exercise_id):
        return {
            name: self._best_set(exercise_id, kind, size, unit)
            for name, (kind, size, unit) in RECORDS_OF_SETS[self._shown_kind(exercise_id)].items()
        }

    def _best_set(self, exercise_id, kind, size, unit):
        record, best = None, Fraction(0)
        for workout in self._with(exercise_id, kind):
            before = best
            for one in _working_sets(workout, exercise_id):
                if size(one) > best:
                    best = size(one)
                    own = unit or one["unit"]
                    factor = POUND if own == "lb" else 1
                    record = _record(workout, best / factor, own, before / factor)
        return record

    # history

    def _points(self, exercise_id, range_name, unit):
        since = date.min.isoformat()
        if RANGES[range_name] is not None:
            since = _months_ago(self.today, RANGES[range_name]).isoformat()
        wanted = [workout for workout in self._with(exercise_id) if workout["date"] >= since]
        points = []
        for start, group in groupby(wanted, key=lambda workout: _around(_day(workout), unit)[0]):
            points.append({"date": start.isoformat(), **self._point(list(group), exercise_id)})
        return points

    def _point(self, workouts, exercise_id):
        sets = [one for workout in workouts for one in _working_sets(workout, exercise_id)]
        kind = self._shown_kind(exercise_id)
        counted = [
            one
            for workout in workouts
            if self._kind(workout, exercise_id) == kind
            for one in _working_sets(workout, exercise_id)
        ]
        rated = [_exact(one["rpe"]) for one in sets if one["rpe"] is not None]
        return {
            "max_weight": _shown(_max_weight(sets)),
            "total_volume": _shown(sum(self._volume_of(row, exercise_id) for row in workouts)),
            "total_sets": len(sets),
            "total_reps": _shown(sum(_exact(one["reps"]) for one in counted)),
            "avg_rpe": _shown(_mean(rated)),
            "best_e1rm": _shown(max(self._sizes(workouts, exercise_id, "count", _e1rm)) or None),
            "total_duration_seconds": _shown(
                sum(self._sizes(workouts, exercise_id, "time", _counted)) or None
            ),
            "total_distance_m": _shown(
                sum(self._sizes(workouts, exercise_id, "distance", _counted)) or None
            ),
        }

    def _sizes(self, workouts, exercise_id, kind, size):
        return [Fraction(0)] + [
            size(one)
            for workout in workouts
            if self._kind(workout, exercise_id) == kind
            for one in _working_sets(workout, exercise_id)
        ]

    def _stats(self, exercise_id):
        workouts = self._with(exercise_id)
        whole = self._point(workouts, exercise_id)
        return {
            "current_max_weight": whole["max_weight"],
            "lifetime_volume": whole["total_volume"],
            "lifetime_sets": whole["total_sets"],
            "lifetime_workouts": len(workouts),
            "last_performed_date": workouts[-1]["date"] if workouts else None,
            "trend_30d": self._trend(exercise_id),
        }

    def _trend(self, exercise_id):
        windows = []
        for newest in (0, 30):
            days = {(self.today - timedelta(days=newest + back)).isoformat() for back in range(30)}
            windows.append([row for row in self._with(exercise_id) if row["date"] in days])
        weights, reps = [], []
        kind = self._shown_kind(exercise_id)
        for window in windows:
            sets = [_working_sets(workout, exercise_id) for workout in window]
            weights.append([_max_weight(row) for row in sets if _max_weight(row) is not None])
            rows = [row for row in window if row in self._with(exercise_id, kind)]
            sets = [_working_sets(workout, exercise_id) for workout in rows]
            reps.append([sum(_exact(one["reps"]) for one in row) for row in sets])
        recent, earlier = map(_mean, weights if weights[0] or weights[1] else reps)
        if recent is None or earlier is None:
            return None
        if recent * 1000 > earlier * 1025:
            return "improving"
        return "declining" if recent * 1000 < earlier * 975 else "stable"

    # progress

    def _period(self, unit, first, last):
        inside = [workout for workout in self.workouts if first <= _day(workout) <= last]
        minutes = [
            Fraction(workout["duration_minutes"])
            for workout in inside
            if workout["duration_minutes"] is not None
        ]
        trained = [
            (exercise_id, workout)
            for workout in inside
            for exercise_id in self.names
            if _working_sets(workout, exercise_id)
        ]
        return {
            f"{unit}_start": first.isoformat(),
            f"{unit}_end": last.isoformat(),
            "total_workouts": len(inside),
            "total_volume": _shown(sum(self._volume_of(row, key) for key, row in trained)),
            "total_sets": sum(len(_working_sets(row, key)) for key, row in trained),
            "total_exercises": len({exercise_id for exercise_id, _ in trained}),
            "avg_workout_duration": floor(_mean(minutes) + Fraction(1, 2)) if minutes else None,
        }

    # kinds

    def _kind(self, workout, exercise_id):
        return self.logged.get((workout["id"], exercise_id), self.rep_types[exercise_id])

    def _find_shown_kind(self, exercise_id):
        kinds = [self._kind(workout, exercise_id) for workout in self._with(exercise_id)]
        now = self.rep_types[exercise_id]
        return now if now in kinds or not kinds else kinds[-1]

    def _with(self, exercise_id, kind=None):
        return [
            workout
            for workout in self.workouts
            if _working_sets(workout, exercise_id)
            and kind in (None, self._kind(workout, exercise_id))
        ]

    def _volume_of(self, workout, exercise_id):
        kind = self._kind(workout, exercise_id)
        sets = _working_sets(workout, exercise_id)
        return sum((_volume(one, kind) for one in sets), Fraction(0))


def _working_sets(workout, exercise_id):
    return [
        one
        for exercise in workout["exercises"]
        if exercise["exercise_id"] == exercise_id
        for one in exercise["sets"]
        if one["set_type"] != "warmup"
    ]


def _exact(number):
    return number if isinstance(number, Fraction) else Fraction(str(number))


def _kilograms(one):
    if one["weight"] is None:
        return Fraction(0)
    return _exact(one["weight"]) * (POUND if one["unit"] == "lb" else 1)


def _volume(one, rep_type):
    if rep_type != "count" or one["set_type"] == "warmup":
        return Fraction(0)
    return _kilograms(one) * _exact(one["reps"])


def _max_weight(sets):
    lifted = [_kilograms(one) for one in sets if one["reps"] >= 1]
    return max(lifted, default=0) or None


def _e1rm(one):
    """Return the estimate by Epley's formula; 0 for none."""
    reps = _exact(one["reps"])
    if reps not in range(1, 13):
        return Fraction(0)
    return _kilograms(one) * (1 if reps == 1 else 1 + reps / 30)


def _set_volume(one):
    return _kilograms(one) * _exact(one["reps"])


def _counted(one):
    return _exact(one["reps"])


RECORDS_OF_SETS = {
    "count": {
        "best_e1rm": ("count", _e1rm, None),
        "best_set_volume": ("count", _set_volume, "kg"),
    },
    "time": {"longest": ("time", _counted, "seconds")},
    # a run has a duration, too: that of sets that counted seconds before a correction
    "distance": {
        "farthest": ("distance", _counted, "meters"),
        "longest": ("time", _counted, "seconds"),
    },
}
"""By what is shown: the kind of the sets that make a record, their sizes and the unit."""


RECORD_ORDER = [
    *("max_weight", "max_reps", "max_volume", "best_e1rm", "best_set_volume"),
    *("longest", "farthest"),
]


def _beside(numbers):
    """Return a number of a week beside those of the four weeks before."""
    value, *before = map(Fraction, numbers)
    return {
        "value": _shown(value),
        "previous": _shown(before[0]),
        "mean_of_four": _shown(sum(before) / 4),
    }


def _week_name(monday):
    year, number, _ = monday.isocalendar()
    return f"{year}-W{number:02}"


def _mean(numbers):
    return sum(numbers) / len(numbers) if numbers else None


def _record(workout, value, unit, previous):
    return {
        "value": _shown(_exact(value)),
        "unit": unit,
        "achieved_date": workout["date"],
        "workout_id": workout["id"],
        "previous": _shown(previous or None),
    }


def _shown(number):
    if number is None:
        return None
    hundredths = floor(number * 100 + Fraction(1, 2))
    return hundredths // 100 if hundredths % 100 == 0 else hundredths / 100


def _day(workout):
    return date.fromisoformat(workout["date"])


def _around(day, unit):
    """Return the first and the last day of the day, week or month that a day is in."""
    if unit == "day":
        return day, day
    if unit == "week":
        monday = day - timedelta(days=day.isoweekday() - 1)
        return monday, monday + timedelta(days=6)
    last = monthrange(day.year, day.month)[1]
    return day.replace(day=1), day.replace(day=last)


def _months_ago(day, months):
    first = day.replace(day=1)
    for _ in range(months):
        first = (first - timedelta(days=1)).replace(day=1)
    return first.replace(day=min(day.day, monthrange(first.year, first.month)[1]))
