"""The texts of mails: templates of Jinja, one pair for each mail and language."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

ENGLISH = "en"
_SUBJECT = "Subject: "

# whatever any mail program may take for the end of a line, with other control characters
_LINE_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


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

    What is filled in is escaped in HTML, and never begins another line: users have written some of
    it, and in a text a line of theirs would look like one of ours.

    Args:
        directory: has a directory for each language, with a ``.txt`` and a ``.html`` for each mail.
            The first line of the text is the subject.
    """

    def __init__(self, directory: Path):
        self.directory = directory
        self._templates = Environment(
            loader=FileSystemLoader(directory),
            autoescape=lambda name: name is not None and name.endswith(".html"),
            undefined=StrictUndefined,
            finalize=_in_one_line,
            keep_trailing_newline=True,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )

    def render(self, name: str, locale: str | None = None, /, **values: Any) -> Text:
        """Return the text of a mail.

        Args:
            name: of its template, such as ``password_reset``.
            locale: the recipient's, such as ``de-AT``; English where there is no such translation.
            values: what the template has places for. Nothing that a user has written should be
                among them where the address is not confirmed.
        """
        file = f"{self._language(locale)}/{name}"
        head, _, plain = self._render(f"{file}.txt", values).partition("\n\n")
        return Text(head.removeprefix(_SUBJECT), plain, self._render(f"{file}.html", values))

    def _render(self, file: str, values: dict[str, Any]) -> str:
        return self._templates.get_template(file).render(values)

    def _language(self, locale: str | None) -> str:
        language = (locale or ENGLISH).replace("_", "-").partition("-")[0].lower()
        return language if language in self._languages else ENGLISH

    @cached_property
    def _languages(self) -> frozenset[str]:
        return frozenset(path.name for path in self.directory.iterdir() if path.is_dir())


def _in_one_line(value: Any) -> Any:
    # not of Markup, which a template itself has made
    return _LINE_BREAKS.sub(" ", value) if type(value) is str else value
