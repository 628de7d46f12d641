"""The commonest passwords."""

import subprocess
import sys

import pytest

from services.users.common_passwords import as_compared, read_common_passwords

MODULES = """
import sys
from services.users.common_passwords import read_common_passwords
assert read_common_passwords()
print([name for name in sys.modules if name.startswith("zxcvbn")])
"""


@pytest.fixture(scope="module")
def common():
    return read_common_passwords()


@pytest.mark.parametrize(
    "password",
    ["password", "Password123", "QWERTYUIOP", "ｔｒｕｓｔｎｏ１", "ILoveYou"],
)
def test_capitals_and_widths_make_no_other(common, password):
    assert as_compared(password) in common


@pytest.mark.parametrize("password", ["correct horse battery", "eight888", "password of mine"])
def test_others_are_none(common, password):
    assert as_compared(password) not in common


def test_those_that_nobody_can_choose_are_not_kept(common):
    assert 3000 < len(common) < 10_000
    assert min(map(len, common)) == 8


def test_the_package_with_its_other_lists_is_not_imported():
    told = subprocess.run(
        [sys.executable, "-c", MODULES], capture_output=True, text=True, check=True
    )
    assert told.stdout == "[]\n"
