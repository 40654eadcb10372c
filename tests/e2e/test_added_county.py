"""A sixth county is a profile, its regions and its contacts, as docs/how-to/add-a-county.md says: no Python changes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bidui.pipeline.check import faults
from bidui.policy.loading import load
from bidui.synth import make
from demo.office import REPOSITORY
from demo.verify import files, lines, post, work
from tests.counties import Found
from tests.e2e.county import PERIODS, County, policy_copy

pytestmark = pytest.mark.slow

_FILE = re.compile(r"^```\w+ include/(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def added(include: Path) -> str:
    """Write what the how-to shows, into new files or to the end of old ones; the new profile's id."""
    shown = _FILE.findall((REPOSITORY / "docs" / "how-to" / "add-a-county.md").read_text(encoding="utf-8"))
    for name, text in shown:
        with (include / name).open("a", encoding="utf-8") as file:
            file.write(text)
    (profile,) = [Path(name).stem for name, _ in shown if name.startswith("profiles/")]
    return profile


@pytest.fixture(scope="module")
def county(found: Found, tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    folder = tmp_path_factory.mktemp("sixth")
    include = policy_copy(folder / "include")
    profile = added(include)
    make(include, profile, folder / "synth", seed=1, scale=0.3, periods=PERIODS[:1])
    with found(include, folder / "synth", profile) as county:
        county.play.first_month(PERIODS[0])
        yield county


def test_the_policy_of_the_new_county_is_without_fault(county):
    assert faults(load(county.hub.include, county.hub.profile)) == []


def test_a_month_in_the_new_county_finds_what_is_true(county):
    checks = [check for part in (lines, files, work, post) for check in part.checks(county.scene)]
    assert len(checks) > 20
    assert {check.name: (check.expected, check.seen) for check in checks if not check.ok} == {}
