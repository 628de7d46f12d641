"""``constraints.txt``: one version of each package, for every Python that we name."""

import configparser
import re
from datetime import date, timedelta
from importlib.metadata import PackageNotFoundError, distribution

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from stack.layout import CHECKOUT

LINES = (CHECKOUT / "constraints.txt").read_text().splitlines()
PINS = [Requirement(line.split("#")[0]) for line in LINES if line and line[0] not in "# "]
PYTHONS = ["3.11.0", "3.11.9", "3.12.1", "3.13.0", "3.14.0"]
PROJECT = "gym-tracker"


def setup_file():
    content = configparser.ConfigParser()
    content.read(CHECKOUT / "setup.cfg")
    return content


def asked_for():
    content = setup_file()
    texts = [content["options"]["install_requires"], *content["options.extras_require"].values()]
    lines = [line for text in texts for line in text.splitlines()]
    return {Requirement(line) for line in lines if line and not line.startswith("#")}


def environment(python):
    version = python.rpartition(".")[0]
    return default_environment() | {"python_version": version, "python_full_version": python}


def versions(python=None):
    """Return the version of each package on a Python, on this one if not said."""
    where = default_environment() if python is None else environment(python)
    pins = [pin for pin in PINS if pin.marker is None or pin.marker.evaluate(where)]
    assert len({canonicalize_name(pin.name) for pin in pins}) == len(pins)
    return {canonicalize_name(pin.name): version_of(pin) for pin in pins}


def version_of(pin):
    (specifier,) = pin.specifier
    assert specifier.operator == "==", pin
    return specifier.version


@pytest.mark.parametrize("python", PYTHONS)
def test_all_that_setup_cfg_asks_for_has_one_version_that_it_allows(python):
    pinned = versions(python)
    for wanted in asked_for():
        assert wanted.specifier.contains(pinned[canonicalize_name(wanted.name)]), wanted


def test_all_that_is_installed_for_the_project_has_its_version():
    pinned = versions()
    found = {name: version for name, version in needed().items() if name != PROJECT}
    assert len(found) > len(asked_for())
    assert found == {name: pinned.get(name) for name in found}


def needed():
    """Return what the project's packages need, and what those need, as it is installed."""
    found, left = {}, [Requirement(f"{PROJECT}[otlp,dev]")]
    seen = set()
    while left:
        wanted = left.pop()
        try:
            package = distribution(wanted.name)
        except PackageNotFoundError:
            continue
        found[canonicalize_name(wanted.name)] = package.version
        for extra in {"", *wanted.extras}:
            if (wanted.name, extra) not in seen:
                seen.add((wanted.name, extra))
                left += required_by(package, extra)
    return found


def required_by(package, extra):
    where = default_environment() | {"extra": extra}
    wanted = map(Requirement, package.requires or [])
    return [each for each in wanted if each.marker is None or each.marker.evaluate(where)]


def test_no_version_was_younger_than_a_week():
    made, before = re.findall(r"\d{4}-\d\d-\d\d", LINES[0])
    assert date.fromisoformat(made) - date.fromisoformat(before) >= timedelta(days=7)


@pytest.mark.parametrize("name", ["gym", "Dockerfile", "docs/running-in-earnest.md"])
def test_whoever_installs_uses_it(name):
    assert re.search('--constraint(", "| )(|/.*/)constraints.txt', (CHECKOUT / name).read_text())


def test_the_pythons_that_are_named_are_those_it_is_made_for():
    content = setup_file()
    named = re.findall(r"Python :: (3\.\d+)", content["metadata"]["classifiers"])
    assert named == sorted({python.rpartition(".")[0] for python in PYTHONS})
    assert content["options"]["python_requires"] == f">={named[0]}"
