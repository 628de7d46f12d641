"""Takes the pictures of the web app from what ``./gym up`` started.

    ./gym up && ./gym demo && .venv/bin/python docs/images/page.py

Needs Debian's chromium and chromium-driver. Each screen is taken on a desk and on a phone, and
left in ``.run/pictures``; the three of the README are replaced.
"""

import shutil
import time
from pathlib import Path

from selenium import webdriver

from stack.demo import ACCOUNT
from stack.layout import RUN_DIRECTORY
from stack.system import System

PICTURES = Path(__file__).parent
DESK, PHONE = (1000, 1100), (390, 844)
SCREENS = ("overview", "log", "history", "exercises/1", "body", "muscles", "transfer", "settings")
IN_README = {
    ("overview", DESK): "page-overview.png",
    ("exercises/1", DESK): "page-exercise.png",
    ("log", PHONE): "page-log.png",
}
SETTLE_SECONDS = 2


def open_browser() -> webdriver.Chrome:
    """Return a browser that shows nothing on the screen."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in ("--headless=new", "--no-sandbox", "--hide-scrollbars", "--lang=en"):
        options.add_argument(argument)
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    return webdriver.Chrome(options=options, service=service)


def sign_in(browser: webdriver.Chrome, url: str) -> None:
    """Sign in as the lifter of the demo."""
    browser.get(url)
    browser.implicitly_wait(SETTLE_SECONDS)
    browser.find_element("id", "signin-email").send_keys(ACCOUNT["email"])
    browser.find_element("id", "signin-password").send_keys(ACCOUNT["password"])
    browser.find_element("css selector", "form button[type='submit']").click()
    time.sleep(SETTLE_SECONDS)


def begin_workout(browser: webdriver.Chrome) -> None:
    """Add an exercise whose last sets are known, and do the first."""
    browser.find_element("id", "search").send_keys("barbell bench press")
    time.sleep(SETTLE_SECONDS)
    found = "//button[text()='Barbell Bench Press']"
    browser.find_element("xpath", found).click()
    time.sleep(SETTLE_SECONDS)
    browser.find_element("css selector", ".done").click()
    browser.find_element("css selector", ".exercise .buttons button").click()


def take(browser: webdriver.Chrome, url: str, screen: str, size: tuple[int, int]) -> None:
    """Take a picture of a screen."""
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get(f"{url}/#/{screen}")
    time.sleep(SETTLE_SECONDS)
    if screen == "log" and not browser.find_elements("css selector", ".exercise"):
        begin_workout(browser)
        time.sleep(SETTLE_SECONDS)
    taken = RUN_DIRECTORY / "pictures" / f"{screen.replace('/', '-')}-{width}.png"
    taken.parent.mkdir(exist_ok=True)
    browser.save_screenshot(str(taken))
    if (screen, size) in IN_README:
        shutil.copyfile(taken, PICTURES / IN_README[screen, size])


def main() -> None:
    """Take all pictures."""
    url = System.open(RUN_DIRECTORY).url
    browser = open_browser()
    try:
        sign_in(browser, url)
        for size in (DESK, PHONE):
            for screen in SCREENS:
                take(browser, url, screen, size)
    finally:
        browser.quit()


if __name__ == "__main__":
    main()
