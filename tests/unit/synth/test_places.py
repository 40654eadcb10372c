"""The places of a hub: a tree whose levels the profile names."""

from __future__ import annotations

from pathlib import Path

import pytest

from bidui.synth.hub import hub
from bidui.synth.places import regions
from bidui.synth.source import SynthError
from tests.unit.synth.made import INCLUDE

CITY = ("city", "county", "town", "village")
PLACES = """\
hub,code,name,level,parent,valid_from,valid_to
h,990500,甲市,city,,2021-01-01,
h,990501,乙县,county,990500,2021-01-01,
h,990502,丙县,county,990500,2021-01-01,
h,990501101,丁镇,town,990501,2021-01-01,
h,990502101,戊镇,town,990502,2021-01-01,
h,990501101001,己村,village,990501101,2021-01-01,
h,990502101001,庚村,village,990502101,2021-01-01,
"""


def include(tmp_path: Path, places: str = PLACES) -> Path:
    (tmp_path / "dictionary").mkdir()
    (tmp_path / "dictionary" / "regions.csv").write_text(places, encoding="utf-8")
    return tmp_path


def test_a_village_lies_in_a_region_of_each_level(tmp_path: Path) -> None:
    places = regions(include(tmp_path), "h", CITY)
    assert [r.name for r in places.around("990502101001")] == ["甲市", "丙县", "戊镇", "庚村"]
    assert [places.above("990502101001", level).code for level in CITY] == [
        "990500", "990502", "990502101", "990502101001"
    ]  # fmt: skip
    assert (places.top.name, places.town("990501101001").name, places.county("990501101001").name) == (
        "甲市", "丁镇", "乙县"
    )  # fmt: skip


@pytest.mark.parametrize(("code", "name"), [("990502101", "丙县"), ("990502", "丙县"), ("990500", "甲市")])
def test_the_county_of_what_is_wider_is_the_region_itself(tmp_path: Path, code: str, name: str) -> None:
    assert regions(include(tmp_path), "h", CITY).county(code).name == name


def test_a_county_is_its_own_top() -> None:
    places = regions(INCLUDE, "demo", hub(INCLUDE, "demo").levels)
    village = places.villages[0].code
    assert places.top == places.county(village) == places.county(places.top.code)
    assert village.startswith(places.top.code)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("county,990500,", "county,,"),
        ("village,990501101,", "village,990501,"),
        ("村,village,", "村,hamlet,"),
        ("h,990500,甲市,city,,", "h,990500,甲市,province,,"),
    ],
)
def test_what_is_no_tree_of_the_levels_is_an_error(tmp_path: Path, old: str, new: str) -> None:
    with pytest.raises(SynthError) as raised:
        regions(include(tmp_path, PLACES.replace(old, new)), "h", CITY)
    assert raised.value.code == "no_region"
