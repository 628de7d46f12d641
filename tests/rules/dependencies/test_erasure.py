"""What is erased, as far as that can be said without a running system."""

import fnmatch
import importlib
from types import SimpleNamespace

import pytest

from services.dependencies import cache_generations
from services.dependencies.erasure.eraser import is_about
from services.dependencies.redis_keys import CACHE, FAMILIES
from services.process.settings import SETTINGS_KEY, Settings
from services.users.erasure.records import SERVICES, expected
from services.workouts.erasing import make_eraser

USER = 4711


@pytest.mark.parametrize(
    "family", [each.key for each in FAMILIES if "user:{number}" in each.key and each.store == CACHE]
)
def test_every_key_of_a_user_is_deleted_by_a_service(family):
    key = family.replace("{number}", str(USER), 1).replace("{number}", "5")
    patterns = [
        # of the users service
        cache_generations.pattern_of_account(USER),
        *(
            pattern.format(USER)
            for service in SERVICES
            for pattern in importlib.import_module(f"services.{service}.erasing").make_eraser().keys
        ),
    ]
    assert [each for each in patterns if fnmatch.fnmatch(key, each)]
    assert not [each for each in patterns if fnmatch.fnmatch(key.replace("4711", "47110"), each)]


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        (b'{"workout_id": 1, "user_id": 4711}', {}, True),
        (b'{"user_id":4711,"more":1}', {}, True),
        # the beginning of a long one, as a dead letter has it
        (b'{"user_id":4711,"workout":{"exerc', {}, True),
        (b'{"user_id": 47110}', {}, False),
        (b'{"user_id": 14711}', {}, False),
        (b'{"workout_id": 4711, "user_id": 1}', {}, False),
        (b"\xff\x00", {}, False),
        (b"{}", {"nameko.user_id": USER}, True),
        (b"{}", {"nameko.user_id": str(USER)}, True),
        (b"{}", {"nameko.user_id": [USER]}, False),
    ],
)
def test_whether_a_message_is_about_a_user(body, headers, expected):
    assert is_about(USER, body, headers) is expected


@pytest.mark.parametrize(("cell", "expected"), [("", {}), ("b", {"cell": "b"})])
def test_who_has_erased_says_in_which_cell(cell, expected):
    eraser, announced = make_eraser(), []
    settings = Settings.from_environment({"CELLS": "b", "CELL": cell})
    config = {SETTINGS_KEY: settings}
    eraser.container = SimpleNamespace(service_name="workouts", config=config)
    dispatcher = SimpleNamespace(announce=lambda *event: announced.append(event))
    eraser.announce(dispatcher, USER)
    assert announced == [("user_erased", {"user_id": USER, **expected})]


def test_a_receipt_of_each_service_of_each_cell_is_expected():
    assert expected(()) == [*SERVICES]
    of_cells = ["workouts_b", "workouts_c", "analytics_b", "analytics_c"]
    assert {*expected(["b", "c"])} == {*SERVICES, *of_cells}
    assert all("_" not in service for service in SERVICES)
