"""The texts of mails: files, one pair for each mail and language."""

from dataclasses import dataclass
from functools import cache, cached_property
from html import escape
from pathlib import Path
from string import Template

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


class Texts:
    """The texts of a service.

    Args:
        directory: has a directory of templates for each language.
    """

    def __init__(self, directory: Path):
        self.directory = directory

    def render(self, name: str, locale: str | None = None, **values: str) -> Text:
        """Return the text of a mail.

        Args:
            name: of its template, such as ``password_reset``.
            locale: the recipient's, such as ``de-AT``; English where there is no such translation.
            values: what the template has places for. Nothing that a user has written should be
                among them: mails go to addresses that nobody has confirmed.
        """
        language = self._language(locale)
        head, _, plain = self._read(language, f"{name}.txt").partition("\n\n")
        escaped = {key: escape(value) for key, value in values.items()}
        return Text(
            subject=Template(head.removeprefix(_SUBJECT)).substitute(values),
            plain=Template(plain).substitute(values),
            html=Template(self._read(language, f"{name}.html")).substitute(escaped),
        )

    def _language(self, locale: str | None) -> str:
        language = (locale or ENGLISH).replace("_", "-").partition("-")[0].lower()
        return language if language in self._languages else ENGLISH

    @cached_property
    def _languages(self) -> frozenset[str]:
        return frozenset(path.name for path in self.directory.iterdir() if path.is_dir())

    def _read(self, language: str, file: str) -> str:
        return _read(self.directory / language / file)


@cache
def _read(path: Path) -> str:
    return path.read_text("utf-8")
