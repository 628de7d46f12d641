"""The texts of mails: files, one pair for each mail and language."""

from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from string import Template

TEMPLATES = Path(__file__).parent / "templates"
ENGLISH = "en"
_SUBJECT = "Subject: "


@dataclass(frozen=True)
class Text:
    """What a mail says.

    Args:
        subject: one line.
        plain: the body.
        html: the body again.
    """

    subject: str
    plain: str
    html: str


def render(name: str, locale: str | None = None, **values: str) -> Text:
    """Return the text of a mail.

    Args:
        name: of its template, such as ``password_reset``.
        locale: the recipient's, such as ``de-AT``; English where there is no such translation.
        values: what the template has places for. Nothing that a user has written should be among
            them: mails go to addresses that nobody has confirmed.
    """
    language = _language(locale)
    head, _, plain = _read(language, f"{name}.txt").partition("\n\n")
    escaped = {key: escape(value) for key, value in values.items()}
    return Text(
        subject=Template(head.removeprefix(_SUBJECT)).substitute(values),
        plain=Template(plain).substitute(values),
        html=Template(_read(language, f"{name}.html")).substitute(escaped),
    )


def _language(locale: str | None) -> str:
    language = (locale or ENGLISH).replace("_", "-").partition("-")[0].lower()
    return language if language in _languages() else ENGLISH


@cache
def _languages() -> frozenset[str]:
    return frozenset(path.name for path in TEMPLATES.iterdir() if path.is_dir())


@cache
def _read(language: str, file: str) -> str:
    return (TEMPLATES / language / file).read_text("utf-8")
