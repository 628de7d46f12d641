"""How often an event has failed, by a header that anybody may have written."""

from types import SimpleNamespace

import pytest

from services.process import budgets
from services.transport.amqp import dead_letters

MOST = len(budgets.EVENT_RETRY_SECONDS)


@pytest.mark.parametrize(
    ("written", "count"), [(None, 0), (3, 3), (-6, 0), (2**62, MOST), ("2", 0), (1.5, 0)]
)
def test_no_header_counts_for_less_than_none_or_more_than_all(written, count):
    headers = {} if written is None else {dead_letters.ATTEMPT_HEADER: written}
    assert dead_letters.failed_attempts(SimpleNamespace(headers=headers)) == count
