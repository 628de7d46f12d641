import re

import pytest

from services import revisions
from services.migrate import NAMES

NAMED = re.compile(r"^(revision|down_revision) = (.+)$", re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_a_migration_s_file_begins_with_its_revision_and_follows_the_one_before(name):
    before = None
    for path in sorted(revisions.directory(name).glob("[0-9]*.py")):
        said = dict(NAMED.findall(path.read_text()))
        assert said["revision"].strip('"') == path.name.partition("_")[0]
        assert said["down_revision"].strip('"') == str(before)
        before = said["revision"].strip('"')
    assert revisions.latest(name) == before
