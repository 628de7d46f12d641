"""A real Chromium in front of a running system."""

import shutil

import pytest

from tests.page.page import Page

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--lang=en")


@pytest.fixture(scope="package")
def drivers():
    """Open browsers of a size, in a language; each keeps nothing of the others."""
    if not (CHROMIUM and DRIVER):
        pytest.skip("needs Debian's chromium and chromium-driver")
    # takes a while to import, and is of no use without a browser
    from selenium import webdriver

    opened = []

    def make(language="en"):
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for argument in ARGUMENTS:
            options.add_argument(argument)
        options.add_experimental_option("prefs", {"intl.accept_languages": language})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = webdriver.ChromeService(executable_path=DRIVER)
        opened.append(webdriver.Chrome(options=options, service=service))
        return opened[-1]

    yield make
    for driver in opened:
        driver.quit()


@pytest.fixture(scope="package")
def driver(drivers):
    return drivers()


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
