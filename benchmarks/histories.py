"""How long histories take to come in, to be counted, to be taken out again and to go out.

Usage: ``.venv/bin/python -m benchmarks.histories [workouts]`` (5000)

Starts a system of its own and imports files of so many workouts, as Strong writes them, with twelve
sets of two exercises each: for a lifter with nothing, behind the same again, and 500 for another.
Somebody else reads meanwhile, one request after the other, mostly from no cache. Prints seconds,
workouts a second, and what the imports make of the other's 99th percentile.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from http.client import HTTPConnection
from itertools import cycle
from statistics import quantiles
from threading import Event, Thread
from urllib.parse import urlsplit

from benchmarks.crowd import Lifter, gather, register
from benchmarks.quick import IN_EARNEST
from stack.demo import Api
from stack.system import System
from stack.testing import running_system

WORKOUTS = 5000
FEW = 500
SETS = 12
HEADER = (
    "Date,Workout Name,Duration,Exercise Name,Set Order,Weight,Reps,Distance,Seconds,"
    "Notes,Workout Notes,RPE"
)
FIRST = datetime(1995, 1, 1, 10)
REST_SECONDS = 8
LONGEST_SECONDS = 300
CHUNK = 65_536
QUERY = "/api/imports?weight_unit=kg&time_zone=UTC"


def history(workouts: int, first: int = 0) -> bytes:
    """Return a file of Strong with a workout a day.

    Args:
        workouts: how many.
        first: how many days after the first one of all.
    """
    rows = [HEADER]
    for number in range(first, first + workouts):
        start = FIRST + timedelta(days=number)
        for place in range(SETS):
            name = "Squat (Barbell)" if place < SETS / 2 else "Bench Press (Barbell)"
            weight, order = 60 + number % 50, place % (SETS // 2) + 1
            rows.append(f"{start},Legs,1h,{name},{order},{weight},5,0,0,,,")
    return "\n".join([*rows, ""]).encode()


class Person:
    """A lifter whose history comes in and goes out."""

    def __init__(self, system: System, api: Api, number: int):
        self._url = urlsplit(system.url)
        self._api = api
        self._lifter = register(api, number)

    def send(self, file: bytes) -> int:
        """Send a file, wait for its preview, and return the import's id."""
        import_id: int = self._request("POST", QUERY, file)["id"]
        self._wait(import_id, "preview")
        return import_id

    def apply(self, import_id: int) -> None:
        """Apply an import to its end."""
        self._request("POST", f"/api/imports/{import_id}/apply", b"{}")
        self._wait(import_id, "applied")

    def undo(self, import_id: int) -> None:
        """Undo an import to its end."""
        self._request("POST", f"/api/imports/{import_id}/undo", b"{}")
        self._wait(import_id, "undone")

    def wait_until_counted(self, workouts: int) -> None:
        """Wait until the history of the squat has so many workouts."""
        self._until(lambda: self._counted() == workouts)

    def export(self, form: str) -> int:
        """Export everything, and return how many bytes that are."""
        with self._answered("GET", f"/api/exports/workouts?format={form}", None) as answer:
            return sum(len(chunk) for chunk in iter(lambda: answer.read(CHUNK), b""))

    def _counted(self) -> int:
        self._api.token = self._lifter.token
        [found] = self._api.call("GET", "/api/exercises?search=barbell%20squat&limit=1")[1]["data"]
        history = self._api.get(f"/api/stats/exercise/{found['id']}/history")
        counted: int = history["stats"]["lifetime_workouts"]
        return counted

    def _wait(self, import_id: int, status: str) -> None:
        def is_there() -> bool:
            found = self._request("GET", f"/api/imports/{import_id}", None)["status"]
            assert found != "failed"
            return bool(found == status)

        self._until(is_there)

    def _until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LONGEST_SECONDS
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def _request(self, method: str, path: str, body: bytes | None) -> dict:
        with self._answered(method, path, body) as answer:
            envelope = json.loads(answer.read())
        assert answer.status < 300, envelope
        found: dict = envelope["data"][0]
        return found

    @contextmanager
    def _answered(self, method: str, path: str, body: bytes | None) -> Iterator:
        kind = "text/csv" if body and not body.startswith(b"{") else "application/json"
        headers = {"Authorization": f"Bearer {self._lifter.token}", "Content-Type": kind}
        connection = HTTPConnection(
            self._url.hostname or "", self._url.port, timeout=LONGEST_SECONDS
        )
        with closing(connection):
            connection.request(method, path, body, headers)
            yield connection.getresponse()


class Reader:
    """Somebody who reads all the time, and how long each request takes."""

    def __init__(self, url: str, lifter: Lifter):
        self._url = url
        self._lifter = lifter
        self._seconds: list[float] = []

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read in a thread meanwhile."""
        ended = Event()
        thread = Thread(target=self._read, args=(ended,))
        self._seconds = []
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def p99(self) -> float:
        """Return the 99th percentile of the last reading in milliseconds."""
        return quantiles(self._seconds, n=100)[98] * 1000

    def _read(self, ended: Event) -> None:
        page = cycle(range(1, 9))
        with closing(Api(self._url)) as api:
            api.token = self._lifter.token
            while not ended.is_set():
                begun = time.monotonic()
                api.call("GET", f"/api/workouts?limit={next(page)}")
                api.get("/api/stats/personal-records")
                self._seconds.append((time.monotonic() - begun) / 2)
                time.sleep(0.005)


def timed(what: str, work: Callable[[], object], workouts: int = 0) -> None:
    """Do something, and print how long it took."""
    begun = time.monotonic()
    work()
    seconds = time.monotonic() - begun
    rate = f"{workouts / seconds:8,.0f} workouts/s" if workouts else ""
    print(f"{what:52} {seconds:8.2f} s {rate}", flush=True)


def main(workouts: int) -> None:
    """Measure with files of so many workouts."""
    with (
        running_system(settings=IN_EARNEST, throwaway=False) as system,
        closing(Api(system.url)) as api,
    ):
        reader = Reader(system.url, gather(system.url, 1).readers[0])
        with reader.reading():
            time.sleep(REST_SECONDS)
        at_rest = reader.p99()
        many, few = Person(system, api, 1001), Person(system, api, 1002)
        imports = []

        def bring(first: int) -> None:
            imports.append(many.send(history(workouts, first)))
            many.apply(imports[-1])

        with reader.reading():
            timed("first file, until it is applied", lambda: bring(0), workouts)
        meanwhile = reader.p99()
        timed("  and counted", lambda: many.wait_until_counted(workouts))
        timed("second file, until it is applied", lambda: bring(workouts), workouts)
        timed("  and counted", lambda: many.wait_until_counted(2 * workouts))
        for form in ("json", "strong", "hevy"):
            timed(f"export of both, {form}", lambda form=form: many.export(form), 2 * workouts)
        timed("undo of the second, until its end", lambda: many.undo(imports[1]), workouts)
        timed("  and counted", lambda: many.wait_until_counted(workouts))
        import_id = few.send(history(FEW))
        timed(f"{FEW} for another, from the preview", lambda: few.apply(import_id), FEW)
        timed("  and counted", lambda: few.wait_until_counted(FEW))
        print(f"somebody else's p99 at rest {at_rest:.1f} ms, during the first file ", end="")
        print(f"{meanwhile:.1f} ms: {meanwhile / at_rest:.2f} times")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else WORKOUTS)
