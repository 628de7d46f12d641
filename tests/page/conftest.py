"""A real Chromium in front of a running system."""

import shutil

import pytest

from tests.page.page import Page

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
ARGUMENTS = (
    *("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--lang=en"),
    # nothing of what a browser does for its maker's sake
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@pytest.fixture(scope="package")
def driver():
    """Open one browser for all tests; each begins as if it had never been here."""
    if not (CHROMIUM and DRIVER):
        pytest.skip("needs Debian's chromium and chromium-driver")
    # takes a while to import, and is of no use without a browser
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ARGUMENTS:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(executable_path=DRIVER)
    driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()


@pytest.fixture
def page(driver, system):
    """The page of a fresh browser; at the end its console must be empty."""
    page = Page(driver, system.url)
    page.forget()
    yield page
    page.check_console()


@pytest.fixture
def signed_in(page):
    """The page, with somebody who has just registered."""
    page.join()
    return page
