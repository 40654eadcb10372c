"""How many rows make a whole file is the hub's own figure: the same three rows are whole in one hub, not in another."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.policies import changed

from .conftest import PERIOD, Roads, person, sheet

DATASET = "disabled.certificate"
HEADER = ["姓名", "残疾人证号", "残疾类别", "残疾等级", "证件状态", "发证日期", "乡镇", "村"]


@pytest.fixture
def hub_of(road: Roads, repository: Path, tmp_path: Path):
    """The roads of a hub to whose profile so many rows are a whole file; None: it says nothing of the dataset."""

    def hub(least: int | None) -> Roads:
        include = shutil.copytree(repository / "include", tmp_path / "include")
        profile = include / "profiles" / "demo.yaml"
        (said,) = re.findall(rf"(?m)^  {DATASET}: .*\n", profile.read_text(encoding="utf-8"))
        stated = f"  {DATASET}: {{values: {{2026-01-01: {least}}}, source: 本县人口规模}}\n" if least else ""
        changed(profile, (said, stated))
        return Roads(replace(road.office, include=include), now=road.now)

    return hub


@pytest.mark.parametrize(("least", "whole"), [(3, True), (4, False), (None, True)])
def test_a_file_is_whole_from_so_many_rows_on(road, hub_of, places, least, whole):
    _, town, village = places(0)
    about = ["肢体", "二级", "有效", "2026-10-15", town, village]
    rows = [[f"张{n}", f"{person(serial=f'{n:03d}')}42", *about] for n in (least or 1, 11, 12)]
    hub = hub_of(least)
    made = hub.folder("disabled", "certificate", f"持证残疾人_{PERIOD}.xlsx", sheet(HEADER, *rows))
    road.now = hub.now
    assert (made.outcome, made.facts["accepted"], made.facts["complete"]) == ("accepted", 3, whole)
    assert ("rows_too_few" in made.facts["warnings"]) is not whole
