"""What two profiles, or one on two days, differ in."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bidui.cli import app
from bidui.pipeline.policy_diff import GROUPS, Difference, Side, differences, page
from bidui.policy.loading import load

Spoil = Callable[[str, str, str], int]
BEFORE, AFTER = date(2026, 6, 1), date(2027, 6, 1)


def between(include: Path, a: Side, b: Side) -> dict[str, dict[str, tuple[str | None, str | None]]]:
    found: dict[str, dict[str, tuple[str | None, str | None]]] = {}
    for d in differences(include, a, b):
        found.setdefault(d.group, {})[d.about] = (d.a, d.b)
    return found


def another(include: Path, text: str) -> None:
    """A second profile over the same base, of the same regions, contacts and agreements."""
    own = (include / "profiles" / "demo.yaml").read_text(encoding="utf-8")
    (include / "profiles" / "other.yaml").write_text(
        own.replace("\nid: demo\n", "\nid: other\n") + text, encoding="utf-8"
    )
    contacts = (include / "contacts" / "demo.csv").read_bytes()
    (include / "contacts" / "other.csv").write_bytes(contacts)
    regions = include / "dictionary" / "regions.csv"
    rows = regions.read_text(encoding="utf-8").splitlines(keepends=True)
    twins = [row.replace("demo,", "other,", 1) for row in rows if row.startswith("demo,")]
    regions.write_text("".join([*rows, *twins]), encoding="utf-8")


@pytest.mark.parametrize(
    ("a", "b", "sides"),
    [
        ("x@2026-06-01", "y@2027-01-01", (Side("x", BEFORE), Side("y", date(2027, 1, 1)))),
        ("x@2026-06-01", "y", (Side("x", BEFORE), Side("y", BEFORE))),
        ("x", "y@2026-06-01", (Side("x", BEFORE), Side("y", BEFORE))),
        ("x", "y", (Side("x", AFTER), Side("y", AFTER))),
    ],
)
def test_a_side_without_a_day_takes_the_others_or_today(a: str, b: str, sides: tuple[Side, Side]) -> None:
    assert Side.parse(a, b, lambda: AFTER) == sides


@pytest.mark.parametrize("b", ["other", "demo"])
def test_what_is_the_same_has_no_differences(include: Path, b: str) -> None:
    another(include, "")
    sides = Side("demo", BEFORE), Side(b, BEFORE)
    assert differences(include, *sides) == []
    assert page(*sides, []).endswith("没有差异。")


def test_two_profiles_differ_in_what_the_one_says_otherwise(include: Path) -> None:
    another(include, "rules: [uninsured]\n"
            "deliveries: [receipt, refusal, call_for_data, town_visits, approval_request]\n"
            "thresholds: {newborn_days: {values: {2021-01-01: 60}, unit: 日, clauses: [ZM-11]}}\n"
            "deadlines: {visit_red: {values: {2021-01-01: 3}, calendar: calendar}}\n"
            "window: {opens_day: 26}\napprovers: {head: [farm-office]}\n")  # fmt: skip
    other = include / "profiles" / "other.yaml"
    said = other.read_text(encoding="utf-8").replace("expected: [hub.alleviated_person, ", "expected: [")
    other.write_text(said.replace("{2026-01-01: 10000}", "{2026-01-01: 4000}"), encoding="utf-8")
    found = between(include, Side("demo", BEFORE), Side("other", BEFORE))
    assert set(found) == {"应报数据", "规则", "交付", "阈值", "期限", "最少行数", "交换窗口", "审批人"}
    assert found["应报数据"] == {"hub.alleviated_person": ("应报", None)}
    assert found["规则"]["duplicate"] == (load(include, "demo").rules["duplicate"].title, None)
    assert "uninsured" not in found["规则"]
    kept = {"receipt", "refusal", "call_for_data", "town_visits", "approval_request"}
    assert set(found["交付"]) == set(load(include, "demo").recipes) - kept
    ((name, (a, b)),) = found["阈值"].items()
    assert (name, a.split("（")[0]) == ("newborn_days", "90 日")
    assert b.startswith("60 日（ZM-11")
    assert {about: (a.split("（")[0], b.split("（")[0]) for about, (a, b) in found["期限"].items()} == {
        "visit_red": ("5 个工作日", "3 日")
    }
    assert found["最少行数"] == {
        "insurance_med.enrolment_roster": ("10000 行（本县人口规模）", "4000 行（本县人口规模）")
    }
    assert found["交换窗口"] == {"opens_day": ("25", "26")}
    assert found["审批人"] == {"head": ("bureau-head", "farm-office")}


def test_two_days_differ_in_what_changed_between_them(include: Path, spoil: Spoil) -> None:
    spoil(
        "profiles/base.yaml",
        "newborn_days: {values: {2021-01-01: 90}",
        "newborn_days: {values: {2021-01-01: 90, 2027-01-01: 60}",
    )
    spoil("agreements/disabled.yaml", "valid_from: 2026-01-01", "valid_from: 2026-01-01\nvalid_to: 2026-12-31")
    spoil("dictionary/sex.csv", "男,,2021-01-01,", "男,,2021-01-01,2026-12-31\nmale,男性,男,2027-01-01,")
    spoil("dictionary/term.csv", "常态化驻村帮扶,驻村帮扶,2026-01-01,", "常态化驻村帮扶,驻村帮扶,2026-01-01,2026-12-31")
    spoil("dictionary/regions.csv", "云溪镇,town,990821,2021-01-01,\n",
          "云溪镇,town,990821,2021-01-01,2026-12-31\ndemo,990821101,云溪街道,town,990821,2027-01-01,\n")  # fmt: skip
    found = between(include, Side("demo", BEFORE), Side("demo", AFTER))
    assert set(found) == {"协议", "交换", "联系人", "阈值", "代码", "用语", "地区"}
    assert found["协议"] == {"disabled": ("县残疾人联合会", None)}
    assert found["交换"]["disabled 提供 disabled.certificate"] == ("plain、password_workbook", None)
    assert found["代码"] == {"sex male": ("男", "男性")}
    assert found["用语"] == {"village_team": ("常态化驻村帮扶", None)}
    assert found["地区"] == {"990821101": ("云溪镇（town，属 990821）", "云溪街道（town，属 990821）")}
    assert [value.split("（")[0] for value in found["阈值"]["newborn_days"] if value] == ["90 日", "60 日"]


def test_the_page_has_a_heading_for_each_group() -> None:
    made = [
        Difference("规则", "a", "甲", None),
        Difference("规则", "b", None, "乙"),
        Difference("用语", "c", "丙", "丁"),
    ]
    told = page(Side("x", BEFORE), Side("y", AFTER), made)
    assert told == (
        "甲：x@2026-06-01　乙：y@2027-06-01\n\n【规则】\n  a：甲 → —\n  b：— → 乙\n\n【用语】\n  c：丙 → 丁"
    )
    assert len(GROUPS) == 15


def test_the_command_tells_it_as_text_and_as_data(include: Path) -> None:
    asked = ["policy", "diff", "demo@2025-12-31", "demo@2026-01-01", "--include", str(include)]
    text = CliRunner().invoke(app, asked)
    assert text.exit_code == 0
    assert "  alleviated_person：脱贫人口 → 原建档立卡脱贫人口\n" in text.stdout
    data = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)
    assert (data["a"], data["b"]) == ("demo@2025-12-31", "demo@2026-01-01")
    assert data["differences"]["用语"]["funds"] == {"a": "衔接资金", "b": "中央财政常态化帮扶资金"}
    assert CliRunner().invoke(app, ["policy", "diff", "demo@2026-02-30", "demo"]).exit_code == 2
    missing = CliRunner().invoke(app, ["policy", "diff", "demoo@2026-01-01", "demo", "--include", str(include)])
    assert (missing.exit_code, "did you mean demo?" in missing.stderr) == (1, True)
