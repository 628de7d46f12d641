"""Whoever can't see or point uses the page as well: axe-core, and the keyboard alone."""

import shutil
import subprocess

import pytest
from selenium.webdriver import ActionChains, Keys

from tests.page.filled import fill
from tests.page.page import PASSWORD
from tests.waiting import eventually

pytestmark = pytest.mark.slow

AXE = "axe-core@4.14.1"
SCREENS = [
    *("overview", "log", "history", "exercises", "exercises/1", "body", "muscles", "transfer"),
    *("settings", "more"),
]
MOST_STOPS = 60
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    """Return the script of axe-core."""
    if not shutil.which("npm"):
        pytest.skip("needs Debian's npm (and a registry to install axe-core from)")
    directory = tmp_path_factory.mktemp("axe")
    done = subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", AXE],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"npm could not install {AXE}: {done.stderr[-300:]}")
    return (directory / "node_modules" / "axe-core" / "axe.min.js").read_text()


def findings(page, axe):
    page.driver.execute_script(axe)
    found = page.driver.execute_async_script(
        "const done = arguments[1];"
        "axe.run(document, {runOnly: arguments[0]}).then((result) => done(result.violations));",
        RULES,
    )
    return [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in found]


@pytest.fixture
def media(page):
    """Pretend a preference of the user, which is forgotten at the end."""

    def prefer(**features):
        given = [{"name": name.replace("_", "-"), "value": features[name]} for name in features]
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": given})

    yield prefer
    prefer()


def show_each_screen(page, screens):
    """Open screens with something on them, everything that is folded as well."""
    for day in ("2026-11-02", "2026-11-04"):
        sets = [{"reps": 5, "weight": 80, "rpe": 8, "set_type": "top"}]
        exercises = [{"exercise_id": 1, "superset": 1, "sets": sets}]
        page.api("POST", "/api/workouts", {"date": day, "exercises": exercises})
        measured = {"kind": "weight", "value": 80, "unit": "kg", "measured_at": f"{day}T07:00:00Z"}
        page.api("POST", "/api/measurements", measured)
    for screen in screens:
        page.open(screen)
        if screen == "log":
            page.add_exercise("Barbell Bench Press")
            page.press("Done")
        page.has_loaded()
        page.open_all()
        yield screen


def test_axe_finds_nothing(signed_in, rpc, axe, media):
    page = signed_in
    for screen in show_each_screen(page, [*SCREENS, *fill(page, rpc)]):
        for scheme in ("light", "dark"):
            # colours that change slowly would be seen on their way
            media(prefers_color_scheme=scheme, prefers_reduced_motion="reduce")
            assert findings(page, axe) == [], (screen, scheme)


def test_twice_as_large_text_fits_on_a_phone(signed_in):
    page = signed_in
    page.set_size(360, 740)
    for screen in show_each_screen(page, SCREENS):
        page.driver.execute_script("document.documentElement.style.fontSize = '200%'")
        assert beyond_the_edge(page) == [], screen


def beyond_the_edge(page):
    """Return what sticks out sideways or is cut off; tables and charts may scroll by themselves."""
    return page.driver.execute_script(
        """
        const scrolling = ".scrolls, .chart-frame, .panel-body table, .unseen, .skip";
        const sticksOut = (element) => {
          const { left, right, width } = element.getBoundingClientRect();
          return width > 0 && (left < -1 || right > document.documentElement.clientWidth + 1);
        };
        const isCut = (element) => element.scrollWidth > element.clientWidth + 1
          && getComputedStyle(element).overflowX === "hidden";
        return [...document.querySelectorAll("body, body *")]
          .filter((element) => !element.closest(scrolling))
          .filter((element) => sticksOut(element) || isCut(element))
          .map((element) => element.outerHTML.slice(0, 150));
        """
    )


def test_whoever_wants_no_motion_gets_none(signed_in, media):
    moving = """
        return [...document.querySelectorAll("body *")].filter((element) => {
          const { transitionDuration, animationName, scrollBehavior } = getComputedStyle(element);
          return transitionDuration !== "0s" || animationName !== "none"
            || scrollBehavior === "smooth";
        }).length;
    """
    page = signed_in
    assert page.driver.execute_script(moving) > 0
    media(prefers_reduced_motion="reduce")
    assert page.driver.execute_script(moving) == 0


def test_axe_finds_nothing_before_one_signs_in(page, axe):
    page.open()
    assert findings(page, axe) == []
    page.press("Open an account")
    assert findings(page, axe) == []


class Keyboard:
    """Nothing but keys, sent to whatever has the focus, which must be seen."""

    def __init__(self, page):
        self.page = page

    def press(self, *keys):
        ActionChains(self.page.driver).send_keys(*keys).perform()

    def go_back(self):
        chain = ActionChains(self.page.driver)
        chain.key_down(Keys.SHIFT).send_keys(Keys.TAB).key_up(Keys.SHIFT).perform()

    def go_to(self, selector, label="", is_before=False):
        """Press Tab until something has the focus, or Shift and Tab if it is before."""
        for _ in range(MOST_STOPS):
            if is_before:
                self.go_back()
            else:
                self.press(Keys.TAB)
            outline, fits, where = self.page.driver.execute_script(
                """
                const element = document.activeElement;
                const { outlineStyle, outlineWidth } = getComputedStyle(element);
                const name = element.getAttribute("aria-label") ?? element.innerText;
                return [`${outlineStyle} ${outlineWidth}`,
                  element.matches(arguments[0]) && name.includes(arguments[1]),
                  element.outerHTML.slice(0, 200)];
                """,
                selector,
                label,
            )
            assert outline == "solid 3px", where
            if fits:
                return
        raise AssertionError(f"Tab does not reach {selector} {label}")

    def is_on(self, selector):
        def is_there():
            script = "return document.activeElement.matches(arguments[0])"
            return self.page.driver.execute_script(script, selector)

        return eventually(is_there)


def test_the_keyboard_is_enough(page):
    page.make_account()
    page.forget()
    page.open()
    keyboard = Keyboard(page)
    keyboard.go_to("#signin-email")
    keyboard.press(page.email, Keys.TAB, PASSWORD, Keys.ENTER)
    page.is_at("Overview")
    keyboard.is_on("h1")
    keyboard.go_to("nav a[href='#/log']", is_before=True)
    keyboard.press(Keys.ENTER)
    page.is_at("Log a workout")
    keyboard.is_on("h1")
    keyboard.go_to("#search")
    keyboard.press("Barbell Bench Press")
    eventually(lambda: page.texts(".found button")[:1] == ["Barbell Bench Press"])
    keyboard.go_to(".found button", "Barbell Bench Press")
    keyboard.press(Keys.ENTER)
    page.find(".exercise")
    keyboard.is_on(".done")
    keyboard.go_to("[id^='weight-']", is_before=True)
    do_a_set(keyboard, "100", "5")
    keyboard.go_to("button", "Add a set")
    keyboard.press(Keys.ENTER)
    keyboard.is_on(".sets > li:nth-child(2) [id^='weight-']")
    do_a_set(keyboard, "105", "3")
    keyboard.go_to("button", "Finish the workout")
    keyboard.press(Keys.ENTER)
    page.says("The workout is saved")
    keyboard.is_on("h1")
    page.shows("5 × 100 kg", "3 × 105 kg")


def do_a_set(keyboard, weight, reps):
    keyboard.press(weight, Keys.TAB, reps)
    keyboard.go_to(".done")
    keyboard.press(Keys.SPACE)
    keyboard.is_on(".done[aria-pressed='true']")
