"""What is changed elsewhere is shown without a reload."""

import datetime

import pytest

from tests.waiting import eventually

pytestmark = pytest.mark.slow

COUNT_STREAMS = """
window.streams = {asked: 0, open: 0};
const real = window.fetch;
window.fetch = (path, options) => {
  if (path !== "/api/events") {
    return real(path, options);
  }
  window.streams.asked += 1;
  window.streams.open += 1;
  options.signal.addEventListener("abort", () => { window.streams.open -= 1; });
  return window.isBroken ? Promise.reject(new TypeError("broken")) : real(path, options);
};
"""
SEE = """
Object.defineProperty(document, "visibilityState", {value: arguments[0], configurable: true});
document.dispatchEvent(new Event("visibilitychange"));
"""


def log(page, weight=100, name="Elsewhere"):
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    exercises = [{"exercise_id": 1, "sets": [{"reps": 5, "weight": weight}]}]
    [made] = page.api("POST", "/api/workouts", {"date": day, "name": name, "exercises": exercises})
    return made


def test_the_overview_follows(signed_in):
    page = signed_in
    page.shows("Nothing was logged in this time", "There are no records yet", "0 / ")
    log(page)
    page.shows("1 / ", "Barbell Bench Press", "116.67 kg")


def test_an_exercise_follows_and_stays_at_what_was_chosen(signed_in):
    page = signed_in
    page.open("exercises/1")
    page.shows("You have not logged it yet")
    log(page)
    page.shows("116.67 kg")
    choice = "//label[normalize-space()='Repetitions']/input"
    page.driver.find_element("xpath", choice).click()
    page.find("figure summary").click()
    eventually(lambda: len(page.all("figure tbody tr")) == 1)
    log(page, 120)
    page.shows("140 kg")
    eventually(lambda: "10 Repetitions" in page.texts("figure tbody td"))
    assert page.driver.find_element("xpath", choice).is_selected()


def test_the_history_follows(signed_in):
    page = signed_in
    page.expected_problems = ["404"]
    page.open("history")
    page.shows("No workouts yet")
    made = log(page)
    page.shows("Elsewhere")
    page.find("main .list a").click()
    page.is_at("Elsewhere")
    page.api("PUT", f"/api/workouts/{made['id']}", {"name": "Renamed", "notes": "On the phone"})
    page.is_at("Renamed")
    page.shows("On the phone")
    page.api("DELETE", f"/api/workouts/{made['id']}")
    page.is_at("History")
    page.shows("No workouts yet")


def test_what_was_missed_is_shown_when_the_network_is_back(signed_in):
    page = signed_in
    page.expected_problems = ["ERR_INTERNET_DISCONNECTED", "ERR_NETWORK"]
    page.shows("0 / ")
    log(page)
    page.shows("1 / ")
    page.set_offline(True)
    try:
        log(page, name="Another")
    finally:
        page.set_offline(False)
    page.shows("2 / ")


@pytest.fixture
def counted(signed_in):
    """The page, which counts its streams."""
    page = signed_in
    loaded = {"source": COUNT_STREAMS}
    script = page.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", loaded)
    page.driver.refresh()
    page.is_at("Overview")
    yield page
    page.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)


def streams(page):
    return page.driver.execute_script("return window.streams")


def test_a_tab_that_is_not_seen_has_no_stream(counted):
    page = counted
    eventually(lambda: streams(page)["open"] == 1)
    page.driver.execute_script(SEE, "hidden")
    assert streams(page)["open"] == 0
    log(page)
    page.driver.execute_script(SEE, "visible")
    assert streams(page)["open"] == 1
    page.shows("1 / ")


def test_a_stream_that_breaks_is_asked_for_ever_less_often(counted):
    page = counted
    eventually(lambda: streams(page)["open"] == 1)
    moments = page.driver.execute_async_script(
        """
        const done = arguments[0];
        const pauses = [];
        const real = window.setTimeout;
        // a pause of the streams is the only one of two seconds and more
        window.setTimeout = (work, pause, ...more) => {
          if (pause < 2000) {
            return real(work, pause, ...more);
          }
          pauses.push(pause);
          if (pauses.length === 8) {
            window.setTimeout = real;
            done(pauses);
          }
          return real(work, 0, ...more);
        };
        window.isBroken = true;
        document.dispatchEvent(new Event("visibilitychange"));
        """
    )
    assert moments[0] < 4000
    assert moments[3] > moments[1] > moments[0]
    assert moments[-1] >= 120_000
    page.driver.execute_script("window.isBroken = false")
    log(page)
    page.driver.execute_script(SEE, "visible")
    page.shows("1 / ")
