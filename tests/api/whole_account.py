"""An account with everything that can be logged, over HTTP."""

from schemas.sets import SET_TYPES
from tests.services.logbook import body, lift, one
from tests.waiting import eventually

BENCH, SQUAT, DEADLIFT, PULL_UPS, RUNNING, PLANK = range(1, 7)
ZONE = "Europe/Berlin"
IMPORTS = "/api/imports"
JSON = {"Content-Type": "application/json"}
SECONDS = 60


def data(answer, status=200):
    assert answer.status_code == status, answer.text
    return answer.json()["data"]


class Account:
    """A user's account.

    Args:
        http: a client.
        user: the owner.
    """

    def __init__(self, http, user):
        self.http = http
        self.token = user.token

    def ask(self, method, path, status=200, **options):
        return data(self.http.request(method, path, token=self.token, **options), status)

    def make(self, name, measure="weight_reps"):
        body = {"name": name, "measure": measure}
        return self.ask("POST", "/api/exercises", 201, json=body)[0]["id"]

    def log(self, *exercises, day="2025-02-10", **more):
        return self.ask("POST", "/api/workouts", 201, json=body(day, *exercises, **more))[0]

    def log_at(self, start, *exercises, **more):
        workout = {"started_at": start, "exercises": [*exercises], **more}
        return self.ask("POST", "/api/workouts", 201, json=workout)[0]

    def change(self, workout, **changes):
        return self.ask("PUT", f"/api/workouts/{workout['id']}", json=changes)[0]

    def exported(self, file_format="json"):
        answer = self.http.get(f"/api/exports/workouts?format={file_format}", token=self.token)
        assert answer.status_code == 200
        return answer.content

    def exercises(self):
        """Return the ids of what was logged, by names."""
        found = {}
        for each in self.ask("GET", "/api/workouts?limit=100"):
            workout = self.ask("GET", f"/api/workouts/{each['id']}")[0]
            for exercise in workout["exercises"]:
                found[exercise["exercise_name"]] = exercise["exercise_id"]
        return found


class Importer(Account):
    """An account that gets the export of one."""

    def send(self, content, query="", headers=JSON, status=202):
        return self.ask("POST", IMPORTS + query, status, data=content, headers=headers)[0]["id"]

    def wait(self, import_id, *statuses):
        def is_there():
            found = self.ask("GET", f"{IMPORTS}/{import_id}")[0]
            assert found["status"] in statuses, found
            return found

        return eventually(is_there, SECONDS)

    def preview(self, content, **options):
        return self.wait(self.send(content, **options), "preview", "failed")

    def apply(self, import_id, query=""):
        self.ask("POST", f"{IMPORTS}/{import_id}/apply{query}", 202)
        return self.wait(import_id, "applied", "failed")


def fill(account):
    """Log everything, and return the account."""
    private = make_private(account)
    log_sets(account, private)
    log_times(account)
    return account


def make_private(account):
    """Make private exercises of several measures; renamed, merged and archived ones, too."""
    made = {
        "Gorilla Row": account.make("Gorilla Row"),
        # which the catalogue has by another name
        "Squat (Barbell)": account.make("Squat (Barbell)"),
        "Frog Hold": account.make("Frog Hold", "duration"),
        "Weighted Hang": account.make("Weighted Hang", "weight_duration"),
        "Yoke": account.make("Yoke", "weight_distance"),
        "Easy Dip": account.make("Easy Dip", "assisted_reps"),
        "Sit Out": account.make("Sit Out", "reps"),
        "Old Row": account.make("Old Row"),
        "Old Curl": account.make("Old Curl"),
        "Was Counted": account.make("Was Counted", "reps"),
    }
    account.log(lift(made["Old Row"], one(9, 20)), day="2025-01-02", name="Merged")
    account.log(lift(made["Old Curl"], one(12, 10)), day="2025-01-03", name="Archived")
    account.log(lift(made["Was Counted"], one(30)), day="2025-01-04", name="Measured otherwise")
    into = {"into": made["Gorilla Row"]}
    account.ask("POST", f"/api/exercises/{made['Old Row']}/merge", json=into)
    account.ask("POST", f"/api/exercises/{made['Old Curl']}/archive")
    account.ask("PUT", f"/api/exercises/{made['Yoke']}", json={"name": "Yoke Walk"})
    changed = {"measure": "duration"}
    account.ask("PUT", f"/api/exercises/{made['Was Counted']}", json=changed)
    counted = lift(made["Was Counted"], {"duration_seconds": 45})
    account.log(counted, day="2025-01-05", name="Measured otherwise")
    return made


def log_sets(account, private):
    """Log a workout with sets of all kinds."""
    types = [one(5, 60 + 2.5 * place, set_type=kind) for place, kind in enumerate(SET_TYPES)]
    account.log_at(
        "2025-02-16T18:30:15+01:00",
        lift(
            BENCH,
            *types,
            one(3, 225.25, "lb", rpe=8.5, rest_seconds=180, notes='Paused; "hard", \U0001f4aa'),
            one(4, 100, rir=1.5, rest_seconds=0),
            one(4, 100, rpe=8, rir=2),
            one(0, 0),
            one(2.5),
            one(6, None, "lb"),
            superset=0,
            notes="=SUM(1)\nclose grip",
        ),
        lift(PULL_UPS, one(8), one(6, 10), superset=0),
        lift(PULL_UPS, one(5), superset=3),
        lift(
            RUNNING,
            {"distance_m": 5000.25, "duration_seconds": 1500.5},
            {"distance_m": 400, "reps": 3},
            one(800),
        ),
        lift(PLANK, {"duration_seconds": 90, "weight": 10}, one(45), {"duration_seconds": 0}),
        lift(private["Frog Hold"], {"duration_seconds": 30, "reps": 4}),
        lift(private["Weighted Hang"], {"duration_seconds": 30, "weight": 5}),
        lift(private["Yoke"], {"distance_m": 20, "weight": 200}),
        lift(private["Easy Dip"], one(8, 25)),
        lift(private["Sit Out"], one(20), {"reps": 10, "duration_seconds": 60}),
        lift(private["Squat (Barbell)"], one(5, 140)),
        lift(SQUAT, one(5, 142.5), one(5, 312, "lb", set_type="warmup")),
        lift(private["Gorilla Row"]),
        ended_at="2025-02-16T19:40:00+01:00",
        time_zone=ZONE,
        name="+Everything, and more",
        notes="Two\nlines, \u2713",
    )
    gaps = lift(BENCH, one(5, 80, set_number=3), one(5, 82, set_number=7), order_index=4)
    account.log(gaps, lift(SQUAT, one(5, 100), order_index=9), day="2025-02-17", name="Gaps")


def log_times(account):
    """Log workouts whose times are told in all the ways there are."""
    bench = lift(BENCH, one(5, 90))
    account.log(bench, day="2025-03-01")
    account.log(lift(BENCH, one(5, 91)), day="2025-03-01", duration_minutes=45)
    account.log(lift(BENCH, one(5, 91)), day="2025-03-01", duration_minutes=45)
    account.log(bench, day="2025-03-02", name="Ends", ended_at="2025-03-02T20:00:00+01:00")
    account.log_at("2025-03-03T07:00:00Z", bench, name="UTC")
    account.log_at("2025-03-04T07:00:00-03:30", bench, name="By an offset")
    # what the clocks showed twice: the second
    account.log_at("2024-10-27T02:30:00+01:00", bench, name="Twice", time_zone=ZONE)
    account.log_at("2025-03-05T23:30:00Z", bench, name="Next day", time_zone="Asia/Tokyo")
    ends = {"ended_at": "2025-03-06T11:00:00+01:00", "name": "Cleared"}
    cleared = account.log_at("2025-03-06T10:00:00+01:00", bench, **ends)
    account.change(cleared, duration_minutes=None)
    account.log(day="2025-03-07", name="Of nothing", notes="Rested")
