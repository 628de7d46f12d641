"""Refresh tokens of web pages, in a cookie that no script can read."""

from http.cookies import SimpleCookie

import pytest
import requests

from tests.api.http_client import Client

LOGIN, REFRESH = "/api/users/login", "/api/users/token/refresh"


class Browser(Client):
    """A page of the server itself, with the browser's cookies."""

    def request(self, method, path, *, headers=None, **options):
        given = {"X-Refresh-Token": "cookie", "Origin": self.base_url, **(headers or {})}
        return super().request(method, path, headers=given, **options)

    def sign_in(self, user, **options):
        return self.post(LOGIN, {"email": user.email, "password": user.password}, **options)


@pytest.fixture
def browser(http):
    with requests.Session() as session:
        yield Browser(http.base_url, session, http.check)


def one(answer, status=200):
    assert answer.status_code == status, answer.text
    [data] = answer.json()["data"]
    return data


def cookie_of(answer):
    [(name, morsel)] = SimpleCookie(answer.headers["Set-Cookie"]).items()
    assert name == "gym_refresh_token"
    return morsel


def test_the_token_is_where_only_the_server_reads_it(browser, new_user):
    answer = browser.sign_in(new_user())
    data = one(answer)
    assert data["token"]
    assert data["refresh_token"] is None
    cookie = cookie_of(answer)
    assert len(cookie.value) > 20
    assert cookie.value not in answer.text
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Strict"
    assert cookie["path"] == "/api/users/token/"
    assert cookie["max-age"] == str(60 * 24 * 3600)
    assert not cookie["secure"]
    assert not cookie["domain"]


def test_a_registration_has_one_too(browser):
    body = {"email": f"{id(browser)}@example.com", "password": "correct horse battery"}
    answer = browser.post("/api/users/register", body)
    assert one(answer, 201)["refresh_token"] is None
    assert cookie_of(answer).value


def test_behind_tls_it_goes_over_nothing_else(browser, new_user):
    origin = browser.base_url.replace("http:", "https:")
    answer = browser.sign_in(new_user(), headers={"Origin": origin})
    assert cookie_of(answer)["secure"] is True


def test_a_page_stays_signed_in(browser, new_user, http):
    first = one(browser.sign_in(new_user()))["token"]
    tokens = {first}
    for _ in range(3):
        answer = browser.post(REFRESH, {})
        data = one(answer)
        assert data["refresh_token"] is None
        assert cookie_of(answer).value not in answer.text
        tokens.add(data["token"])
    assert len(tokens) == 4
    assert http.get("/api/users/me", token=data["token"]).status_code == 200


def test_signing_out_takes_it_away(browser, new_user):
    token = one(browser.sign_in(new_user()))["token"]
    kept = browser.session.cookies.copy()
    answer = browser.post("/api/users/logout", token=token)
    assert answer.status_code == 200
    cookie = cookie_of(answer)
    assert (cookie.value, cookie["max-age"], cookie["path"]) == ("", "0", "/api/users/token/")
    browser.session.cookies = kept
    answer = browser.post(REFRESH, {})
    assert answer.status_code == 401
    # one that is good for nothing is taken away
    assert cookie_of(answer)["max-age"] == "0"
    assert not browser.session.cookies


def test_without_a_cookie_nobody_is_signed_in(browser):
    answer = browser.post(REFRESH, {})
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["code"] == "UNAUTHORIZED"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", None, "http://127.0.0.1"])
def test_a_page_of_somebody_else_can_do_nothing_with_it(browser, new_user, origin):
    user = new_user()
    browser.sign_in(user)
    for path, body in (
        (REFRESH, {}),
        (LOGIN, {"email": user.email, "password": user.password}),
    ):
        answer = browser.post(path, body, headers={"Origin": origin})
        assert answer.status_code == 403
        assert answer.json()["errors"][0]["code"] == "FORBIDDEN"
        assert "Set-Cookie" not in answer.headers


def test_a_page_of_somebody_else_is_refused_before_all_that_is_wrong_otherwise(browser):
    foreign = {"Origin": "https://evil.example"}
    for path, options in (
        (REFRESH, {"data": "{}", "headers": {**foreign, "Content-Type": "text/plain"}}),
        (f"{REFRESH}?unknown=1", {"json": {}, "headers": foreign}),
        (REFRESH, {"data": "{", "headers": {**foreign, "Content-Type": "application/json"}}),
    ):
        assert browser.request("POST", path, **options).status_code == 403


def test_a_cookie_counts_only_with_the_header_that_other_sites_cannot_send(browser, new_user, http):
    browser.sign_in(new_user())
    [cookie] = browser.session.cookies
    sent = {"Cookie": f"{cookie.name}={cookie.value}"}
    answer = http.post(REFRESH, {}, headers=sent)
    assert answer.status_code == 400
    preflight = http.request(
        "OPTIONS", REFRESH, headers={"Origin": "https://evil.example"}
    ).headers.get("Access-Control-Allow-Headers", "")
    assert "X-Refresh-Token" not in preflight


def test_the_header_has_one_value(browser, new_user):
    answer = browser.sign_in(new_user(), headers={"X-Refresh-Token": "body"})
    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert error["field"] == "X-Refresh-Token"
    assert error["details"]["constraint"] == "one_of"


def test_other_programs_get_it_in_the_body_as_ever(http, new_user):
    user = new_user()
    answer = http.post(LOGIN, {"email": user.email, "password": user.password})
    assert len(one(answer)["refresh_token"]) > 20
    assert "Set-Cookie" not in answer.headers
