"""What is rendered from templates, whatever is filled in."""

import pytest
from jinja2 import UndefinedError

from services.dependencies.mail.texts import Texts

NASTY = "<script>alert(1)</script>\r\nBcc: all@example.com\u2028{{ other }} & more"
ONE_LINE = "<script>alert(1)</script> Bcc: all@example.com {{ other }} & more"


@pytest.fixture
def texts(tmp_path):
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "some.txt").write_text(
        "Subject: It is {{ name }}\n\nHello {{ name }},\n\nx\n"
    )
    (tmp_path / "en" / "some.html").write_text('<p title="{{ name }}">{{ name }}</p>\n')
    (tmp_path / "de").mkdir()
    (tmp_path / "de" / "some.txt").write_text("Subject: Hier ist {{ name }}\n\nHallo\n")
    (tmp_path / "de" / "some.html").write_text("<p>Hallo</p>\n")
    return Texts(tmp_path)


def test_what_is_filled_in_stays_in_its_line_and_is_escaped_in_html(texts):
    text = texts.render("some", name=NASTY)
    assert text.subject == f"It is {ONE_LINE}"
    assert text.plain == f"Hello {ONE_LINE},\n\nx\n"
    safe = "&lt;script&gt;alert(1)&lt;/script&gt; Bcc: all@example.com {{ other }} &amp; more"
    assert text.html == f'<p title="{safe}">{safe}</p>\n'


def test_quotes_end_no_attribute(texts):
    assert texts.render("some", name="\" onload='x'").html.startswith(
        '<p title="&#34; onload=&#39;'
    )


def test_numbers_are_written_as_they_are(texts):
    assert texts.render("some", name=12.5).subject == "It is 12.5"


@pytest.mark.parametrize("locale", ["de", "de-AT", "DE_ch"])
def test_a_language_with_texts_has_its_own(texts, locale):
    assert texts.render("some", locale, name="Ann").subject == "Hier ist Ann"


@pytest.mark.parametrize("locale", [None, "en", "tlh", "", "../en"])
def test_any_other_is_english(texts, locale):
    assert texts.render("some", locale, name="Ann").subject == "It is Ann"


def test_a_value_that_is_missing_is_no_half_mail(texts):
    with pytest.raises(UndefinedError):
        texts.render("some", title="Ann")
