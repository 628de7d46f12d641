"""All that the API shows of an account."""

from tests.api.http_client import Client
from tests.api.whole_account import Account

LISTS = (
    "/api/users/me",
    "/api/users/me/tokens",
    "/api/workouts?limit=100&sort=created_at",
    "/api/measurements?limit=100",
    "/api/exercises?mine=true&limit=100",
    "/api/exercises/last?ids=1,2,3,5",
    "/api/imports",
    "/api/webhooks",
    "/api/changes",
    "/api/exports/workouts?format=json",
    "/api/stats/personal-records",
    "/api/stats/progress?period=weekly",
    "/api/stats/progress?period=monthly",
    "/api/stats/muscles",
    "/api/stats/calendar?year=2025",
    "/api/stats/streak",
    "/api/stats/weekly-summary",
)
OF_EXERCISES = ("history?range=all", "records", "rep-maxes")
SECONDS = 30


class Shown(Account):
    """An account of which everything is read.

    Args:
        system: the running system.
        token: of the owner.
    """

    def __init__(self, system, token):
        self.http = Client(system.url)
        self.token = token

    def everything(self):
        """Return all that is shown, by path."""
        paths = [*LISTS]
        paths += [f"/api/workouts/{workout['id']}" for workout in self.ask("GET", LISTS[2])]
        paths += [
            f"/api/stats/exercise/{exercise_id}/{what}"
            for exercise_id in sorted({*self.exercises().values()})
            for what in OF_EXERCISES
        ]
        return {path: self.content(path) for path in paths}

    def content(self, path):
        answer = self.http.get(path, token=self.token)
        assert answer.status_code == 200, (path, answer.text)
        if "/exports/" in path:
            return answer.content
        found = answer.json()
        return found["data"], {key: found["meta"].get(key) for key in ("total", "pagination")}

    def all_changes(self):
        """Return all that ``/api/changes`` tells, and the last cursor."""
        found, cursor = [], "0"
        while page := self.ask("GET", f"/api/changes?after={cursor}"):
            found, cursor = found + page, page[-1]["cursor"]
        return found, cursor
