"""The timer that has one for each cell."""

import eventlet
import pytest

from services.notifications.cell_timer import cell_timer
from services.process.container import Container
from services.process.settings import SETTINGS_KEY, Settings

SECONDS = 5


@pytest.fixture
def begin():
    """Start a service that notes for which cells its timer runs, and does as it is told then."""
    containers = []

    def start(cells, then=lambda cell: None):
        ran = []

        class Service:
            name = "service"

            @cell_timer(interval=0.01, eager=True)
            def look(self, cell):
                ran.append(cell)
                then(cell)

        config = {SETTINGS_KEY: Settings.from_environment({"CELLS": cells}), "max_workers": 10}
        containers.append(Container(Service, config))
        containers[-1].start()
        return ran

    yield start
    for container in containers:
        container.stop()


def wait(condition):
    with eventlet.Timeout(SECONDS):
        while not condition():
            eventlet.sleep(0.01)


def test_where_there_is_one_cell_it_runs_for_that(begin):
    ran = begin("")
    wait(lambda: len(ran) > 3)
    assert {*ran} == {""}


def test_it_runs_for_each_cell(begin):
    ran = begin("b,c")
    wait(lambda: all(ran.count(cell) > 3 for cell in ("", "b", "c")))


def test_a_cell_that_takes_long_holds_up_no_other(begin):
    answered = eventlet.event.Event()
    ran = begin("b,c", lambda cell: cell == "b" and answered.wait())
    wait(lambda: ran.count("c") > 3 and ran.count("") > 3)
    assert ran.count("b") == 1
    answered.send()
    wait(lambda: ran.count("b") > 3)


def test_a_cell_whose_run_fails_runs_again(begin):
    def fail(cell):
        if cell == "b":
            raise ValueError

    ran = begin("b", fail)
    wait(lambda: ran.count("b") > 3)
