"""The texts of mails."""

import pytest

from services.users.mail.relay import TEXTS

LINK = "http://127.0.0.1:8080/reset-password#token=a&b"
NAMES = sorted({path.stem for path in (TEXTS.directory / "en").iterdir()})


@pytest.mark.parametrize("name", NAMES)
def test_every_mail_has_a_subject_and_two_bodies(name):
    sign_in = {"time": "2026-11-28 12:00 (UTC)", "device": "an app", "address": "192.0.2.1"}
    text = TEXTS.render(name, link=LINK, **sign_in)
    assert text.subject
    assert "Subject" not in text.subject + text.plain
    assert "\n" not in text.subject
    assert all(len(line) < 80 for line in text.plain.splitlines() if LINK not in line)
    assert "{" not in text.plain + text.html
    assert ("#token=" in text.plain) == ("#token=" in text.html)


def test_what_is_filled_in_is_escaped_in_html_alone():
    text = TEXTS.render("password_reset", link=LINK)
    assert f"\n{LINK}\n" in text.plain
    assert LINK not in text.html
    assert LINK.replace("&", "&amp;") in text.html
