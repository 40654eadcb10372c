"""Each expression of the projection's vocabulary, on one row."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bidui.domain.period import Period
from bidui.synth.expression import Compiler, Context
from bidui.synth.places import Region
from bidui.synth.source import SynthError
from bidui.synth.statements import RosterRow
from bidui.synth.world import Household, Person

INCLUDE = Path(__file__).parents[3] / "include"
HOME = Household("99001000001", "V", "marginal", salt=7)
PERSON = Person(
    key=3,
    id_no="9",
    name="张明",
    sex="male",
    birth=date(1970, 1, 2),
    village="V",
    household=HOME,
    relation="head",
    skill="ordinary",
    health="disabled",
    stage="adult",
    ethnic="",
    employee=False,
    aid="monitored",
    salt=123456,
)
ROW = RosterRow(3, "9", "张鸣", "V", "resident", "ended", "died", date(2026, 10, 2), 2026, "monitored")
VILLAGE, TOWN, COUNTY = (
    Region("V", "甲村", "village", "T"),
    Region("T", "乙镇", "town", "C"),
    Region("C", "丙县", "county", ""),
)
CONTEXT = Context(ROW, PERSON, HOME, ROW, VILLAGE, TOWN, COUNTY, Period.parse("2026-10"), 5)


def cell(expression: Any, column: int = 1) -> str:
    return Compiler(INCLUDE, "test.yaml", "roster").compile(expression, column)(CONTEXT)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ({"const": "群众"}, "群众"),
        ({"from": "roster.name"}, "张鸣"),
        ({"from": "person.name"}, "张明"),
        ({"from": "person.number"}, "990000000003"),
        ({"from": "roster.state", "labels": "insurance_state"}, "终止参保"),
        ({"from": "roster.stop_date", "date": "%Y%m%d"}, "20261002"),
        ({"from": "roster.stop_date"}, "2026-10-02"),
        ({"from": "person.ethnic", "empty": "汉族"}, "汉族"),
        ({"from": "town.name"}, "乙镇"),
        ({"from": "period.year"}, "2026"),
        ({"from": "serial"}, "5"),
        ({"pick": ["illness"], "labels": "risk_cause"}, "因病"),
        ({"pick": ["甲", "乙"], "share": [0, 1]}, "乙"),
        ({"choose": "household.category", "of": {"marginal": {"const": "是"}}}, "是"),
        ({"choose": "household.category", "of": {"sudden": {"const": "是"}}}, ""),
        ({"choose": "person.stage", "of": {}, "else": {"from": "person.sex"}}, "male"),
    ],
)
def test_an_expression_gives_a_text(expression: Any, text: str) -> None:
    assert cell(expression) == text


def test_chance_is_fixed_by_person_and_column() -> None:
    digits = [cell({"digits": "164########"}, column) for column in range(20)]
    assert digits == [cell({"digits": "164########"}, column) for column in range(20)]
    assert len(set(digits)) == 20
    assert all(len(d) == 11 and d.startswith("164") for d in digits)
    assert all(3 <= int(cell({"number": [3, 12], "by": "household"}, column)) <= 12 for column in range(50))


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("群众", "unknown_expression"),
        ({"eval": "1"}, "unknown_expression"),
        ({"const": "a", "labels": "sex"}, "unknown_expression"),
        ({"pick": ["a"], "by": "village"}, "unknown_expression"),
        ({"from": "secret.name"}, "unknown_path"),
        ({"from": "person.household.number"}, "unknown_path"),
        ({"from": "person.nonsense"}, "unknown_path"),
        ({"from": "person.__class__"}, "unknown_path"),
        ({"from": "register.name"}, "unknown_path"),
    ],
)
def test_anything_else_is_an_error(expression: Any, code: str) -> None:
    with pytest.raises(SynthError) as raised:
        cell(expression)
    assert raised.value.code == code
