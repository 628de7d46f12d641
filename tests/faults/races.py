"""A writer and a reader of one workout, at the same time."""

import threading

from tests.faults.lifters import Lifter


class Race(threading.Thread):
    """One writer, and one reader who must never see less than was acknowledged before it asked."""

    def __init__(self, system, writer, rounds):
        super().__init__(daemon=True)
        self.writer = writer
        self.rounds = rounds
        self.problems = []
        self._acknowledged = 0
        self._enough = threading.Event()
        # the same user with a connection of its own
        self._reader = Lifter(system)
        self._reader.session.headers.update(writer.session.headers)

    def run(self):
        workout_id = self.writer.create()["id"]
        self._path = f"/api/workouts/{workout_id}"
        self._acknowledged = 1
        reader = threading.Thread(target=self._guarded, args=(self._read,), daemon=True)
        reader.start()
        self._guarded(self._write)
        self._enough.set()
        reader.join()

    def _guarded(self, work):
        try:
            work()
        except BaseException as problem:
            self.problems.append(problem)

    def _write(self):
        for number in range(self.rounds):
            change = {"name": f"round {number}"}
            _, (workout,) = self.writer.insist("edit", "PUT", self._path, change)
            self._acknowledged = workout["version"]
            self.writer.workouts[workout["id"]] = workout
            self._look()

    def _read(self):
        while not self._enough.is_set():
            self._look(self._reader)

    def _look(self, who=None):
        who = who or self.writer
        least = self._acknowledged
        status, (workout,) = who.ask("read", "GET", self._path)
        assert status == 200, workout
        assert workout["version"] >= least, f"{workout['version']} after {least}"
