"""What is wrong with a file, by its lines."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from schemas.imports import MOST_SETS

MOST = 100
"""Findings of a kind that are listed; the rest are counted."""

LONGEST = 100
"""Characters of a cell that are quoted."""


class Finding(NamedTuple):
    """Something about one line.

    ``field`` is what the column means, such as ``weight``; empty for the line as a whole.
    ``constraint`` is the rule, as in errors of the API, and ``received`` the cell.
    """

    line: int
    field: str
    message: str
    constraint: str
    received: str = ""

    def described(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return self._asdict() | {"received": self.received[:LONGEST]}


class Unreadable(Exception):
    """The file can't be read at all.

    Args:
        finding: why not; of line 0 if it is about the whole file.
    """

    def __init__(self, finding: Finding):
        super().__init__(finding.message)
        self.finding = finding


def check_count(sets: int, line: int) -> None:
    """Refuse a file of too many sets.

    Raises:
        Unreadable: there are more than an import may have.
    """
    if sets > MOST_SETS:
        message = f"There are more than {MOST_SETS} sets; split the file"
        raise Unreadable(Finding(line, "sets", message, "max_items"))


@dataclass
class Findings:
    """All that was found: ``faults`` are lines that can't be taken, ``warnings`` all else.

    A line with a warning is taken, with the doubtful value left out or changed as the message says.
    """

    faults: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    fault_count: int = 0
    warning_count: int = 0

    def refuse(self, *findings: Finding) -> None:
        """Note a line that can't be taken, and why: one fault, whatever is wrong with it."""
        self.fault_count += 1
        self.faults.extend(findings[: MOST - len(self.faults)])

    def warn(self, finding: Finding) -> None:
        """Note a doubtful value."""
        self.warning_count += 1
        if len(self.warnings) < MOST:
            self.warnings.append(finding)
