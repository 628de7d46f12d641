"""docs/api.md: its table of errors has each status with its codes, and no others."""

import re

from gateway.responses.failures import FAILURES
from services.transport.http.messages import REFUSALS
from stack.layout import CHECKOUT

PAGE = (CHECKOUT / "docs" / "api.md").read_text("utf-8")


def in_table():
    """Yield status and code, for every code of the table."""
    table = PAGE.partition("| status | code |")[2].partition("\n\n")[0]
    for row in table.splitlines()[2:]:
        _, first, second, *_ = row.split("|")
        statuses = [int(status) for status in first.split(",")]
        codes = re.findall(r"`(\w+)`", second)
        # one status with several codes, or as many statuses as codes
        if len(statuses) == 1:
            statuses *= len(codes)
        yield from zip(statuses, codes, strict=True)


def test_the_table_of_errors_is_the_registry():
    registry = {(failed.status, kind.code) for failed in FAILURES for kind in failed.errors}
    listed = {failed.status for failed in FAILURES}
    registry |= {(status, code) for status, (code, _) in REFUSALS.items() if status in listed}
    assert sorted(in_table()) == sorted(registry)


def test_what_only_http_refuses_is_named_below_the_table():
    (named,) = re.findall(r"What HTTP itself refuses \(([\d, ]+)\)", PAGE)
    only = REFUSALS.keys() - {failed.status for failed in FAILURES}
    assert {int(status) for status in named.split(",")} == only
