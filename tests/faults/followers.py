"""Followers: apps that keep a copy of what a user has, by ``/api/changes`` alone."""

import random
import threading
import time

from tests.faults.checking import fetch
from tests.faults.lifters import AFTER_FAILURE_SECONDS, BROKEN, DONE, EXERCISES, Lifter

AWAY = (BROKEN, 503, 504)
LIMITS = (1, 10, 100)
PAUSE_SECONDS = 0.1
PAGE = 100
ACCOUNT = {"id", "email", "name", "role", "created_at"}
"""What of a profile is no setting."""


class Follower:
    """An app that reads changes from the beginning on, while things break.

    Args:
        system: the running system.
        user_id: whose changes it reads.

    Attributes:
        copy: what there is by kind and id, and its version.
    """

    def __init__(self, system, user_id):
        self.client = Lifter(system, user_id=user_id)
        self.copy = {}
        self._cursor = "0"

    def held(self, kind):
        """Return what the copy has of a kind, by id."""
        return {key: data for (each, key), (_, data) in self.copy.items() if each == kind}

    def catch_up(self):
        """Take changes until there are none."""
        while self.take_some():
            pass

    def take_some(self):
        """Take some changes, and return whether there may be more."""
        path = f"/api/changes?after={self._cursor}&limit={random.choice(LIMITS)}"
        status, changes = self.client.ask("changes", "GET", path)
        if status in AWAY:
            time.sleep(AFTER_FAILURE_SECONDS)
            return True
        assert status in DONE, changes
        # as an app that is stopped before it has kept them all
        for change in changes[: random.randint(1, 2 * max(LIMITS))]:
            self._take(change)
        return bool(changes)

    def _take(self, change):
        self._cursor = change["cursor"]
        key = change["kind"], change["id"]
        if change["op"] == "delete":
            self.copy.pop(key, None)
            return
        version, _ = self.copy.get(key, (0, None))
        assert change["version"] >= version, f"{change} after version {version}"
        self.copy[key] = change["version"], change["data"]


class Followers:
    """Followers at work, each in a thread of its own.

    Args:
        system: the running system.
        user_ids: whose changes they read.
    """

    def __init__(self, system, user_ids):
        self.all = {user_id: Follower(system, user_id) for user_id in user_ids}
        self.problems = []
        self._enough = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=(follower,), daemon=True)
            for follower in self.all.values()
        ]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *problem):
        self._enough.set()
        for thread in self._threads:
            thread.join()
        if problem[0] is None:
            assert not self.problems, self.problems[0]

    def _work(self, follower):
        try:
            while not self._enough.is_set():
                follower.catch_up()
                self._enough.wait(PAUSE_SECONDS)
            follower.catch_up()
        except BaseException as problem:
            self.problems.append(problem)


def listed(path, query=""):
    """Return what reads all of a list from the API, each thing whole, by id.

    Args:
        path: of the list, which is also that of its things.
        query: what the list is asked for.
    """

    def read(client):
        found, page = [], 1
        while len(found) == (page - 1) * PAGE:
            found += _data(client, f"{path}?limit={PAGE}&page={page}&{query}")
            page += 1
        return {item["id"]: _data(client, f"{path}/{item['id']}")[0] for item in found}

    return read


def details(client):
    """Read what a user has noted of the exercises of the catalogue, by their ids."""
    found = {key: _data(client, f"/api/exercises/{key}")[0]["mine"] for key in EXERCISES}
    return {key: mine for key, mine in found.items() if mine is not None}


def settings(client):
    """Read a user's settings, by the user's id."""
    [profile] = _data(client, "/api/users/me")
    return {profile["id"]: {name: profile[name] for name in profile.keys() - ACCOUNT}}


def _data(client, path):
    status, data = fetch(client, path)
    assert status in DONE, data
    return data
