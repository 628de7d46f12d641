"""What administrators do with the accounts of others, in the page."""

import uuid

import pytest
import requests

from tests.page.page import PASSWORD
from tests.waiting import eventually

pytestmark = pytest.mark.slow


def sign_in(page, email):
    credentials = {"email": email, "password": PASSWORD}
    return requests.post(f"{page.url}/api/users/login", json=credentials, timeout=20)


@pytest.fixture
def administrator(signed_in, rpc):
    page = signed_in
    rpc.users.make_administrator(page.email)
    page.driver.refresh()
    page.is_at("Overview")
    return page


@pytest.fixture
def other(administrator):
    """The e-mail of somebody else."""
    email = f"{uuid.uuid4().hex}@example.com"
    credentials = {"email": email, "password": PASSWORD}
    url = f"{administrator.url}/api/users/register"
    assert requests.post(url, json=credentials, timeout=20).ok
    return email


def search(page, email):
    page.open("administration")
    page.is_at("Accounts")
    page.type("#q", email)
    page.press("Search")
    eventually(lambda: page.texts("main .list strong") == [email])
    page.shows("1 account")


def find(page, email):
    search(page, email)
    page.find("main .list a").click()
    page.is_at(email)


def test_an_account_is_found_disabled_and_enabled_again(administrator, other):
    page = administrator
    page.go("more")
    page.find("main a[href='#/administration']").click()
    find(page, other)
    page.find("input[name='disabled']").click()
    page.press("Save")
    page.says("Saved")
    assert sign_in(page, other).status_code == 401
    search(page, other)
    page.shows("disabled")
    page.find("main .list a").click()
    page.is_at(other)
    page.find("input[name='disabled']").click()
    page.press("Save")
    page.says("Saved")
    assert sign_in(page, other).ok


def test_a_role_is_given(administrator, other):
    page = administrator
    find(page, other)
    page.choose("select[name='role']", "admin")
    page.press("Save")
    page.says("Saved")
    assert sign_in(page, other).json()["data"][0]["user"]["role"] == "admin"


def test_an_account_is_deleted_with_ones_own_password(administrator, other):
    page = administrator
    page.expected_problems = ["403"]
    find(page, other)
    page.type("#deletion-password", "wrong horse")
    page.press("Delete the account")
    page.shows("wrong")
    page.type("#deletion-password", PASSWORD)
    page.press("Delete the account")
    page.says(f"The account of {other} is deleted")
    assert sign_in(page, other).status_code == 401


def test_others_see_nothing_of_it(signed_in):
    page = signed_in
    page.expected_problems = ["403"]
    page.go("more")
    page.is_at("More")
    assert not page.all("a[href='#/administration']")
    page.open("administration")
    page.is_at("That did not work")
