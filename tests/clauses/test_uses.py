"""What agreements let be done: for which use data are read, as what they are understood, which rows and columns leave.

The people are those of the stage: the certificate of `DISABLED` is given by the agency of persons with disabilities.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from bidui.pipeline.explain import explain
from bidui.pipeline.explain_page import page
from tests.clauses.proving import proves
from tests.clauses.stage import AIDED, DISABLED, ILL, Hub, line, rows, saved
from tests.clauses.stages import Stages
from tests.e2e.county import TOWNS
from tests.policies import changed

OTHER_USE = "authorised_check"
"""A use for which nobody gives what the stage's rules read."""
OUTSIDE = "用途不在共享协议约定的范围"


def with_rule(hub: Hub, name: str, **other: Any) -> None:
    """The hub's policy with one rule that says something else."""
    policy = hub.county.hub.policy
    rule = policy.rules[name].model_copy(update={"hash": "changed", **other})
    vars(hub.county.hub)["policy"] = replace(policy, rules={**policy.rules, name: rule})


def used_otherwise(hub: Hub) -> None:
    """The rule that reads certificates is of another use, for which the hub's own register may be read."""
    policy = hub.county.hub.policy
    (own,) = policy.givers("hub.alleviated_person")
    wider = own.model_copy(update={"uses": (*own.uses, OTHER_USE)})
    vars(hub.county.hub)["policy"] = replace(policy, agreements={**policy.agreements, own.party: wider})
    with_rule(hub, "newly_disabled", use=OTHER_USE)


def for_all_regions(hub: Hub) -> None:
    """The report of households to visit forgets to ask whose they are."""
    sql = hub.county.hub.policy.rules["town_visit_rows"].sql
    asked = "w.owner_region = :recipient_region"
    assert asked in sql
    with_rule(hub, "town_visit_rows", sql=sql.replace(asked, ":recipient_region IS NOT NULL"))


def kept_back(hub: Hub) -> list[tuple[Any, ...]]:
    """What the ledger says was kept back: (recipe, recipient, sheet, reason, rows)."""
    return hub.county.query("SELECT recipe, recipient, sheet, code, rows FROM out.withheld ORDER BY 1, 2, 3")


# --- uses ----------------------------------------------------------------------------------------------------------
@proves(
    "QA-16", "HY-13", object="agreement:disabled", sees="file",
    swap=("uses: [monitoring, assistance, reporting]", "uses: [monitoring, assistance, reporting, authorised_check]"),
)  # fmt: skip
def test_data_serve_no_other_use_than_agreed(received: Hub) -> None:
    used_otherwise(received)
    received.close()
    received.deliver("town_visits")
    row = line(received.visits(1), DISABLED)
    assert not row, "残联的数据用到了协议没有约定的用途：持证户作为线索下发了乡镇"
    told = received.letter("town-101", "核查任务")
    assert OUTSIDE in told, "核查任务没有写明该项比对因用途不在协议之内没有开展"


def test_a_use_outside_is_told_in_the_months_report_and_by_the_explanation(received: Hub) -> None:
    used_otherwise(received)
    received.close()
    hub, now = received.county.hub, received.county.room.now
    ended = received.county.query("SELECT status, reason FROM core.run WHERE rule = 'newly_disabled'")
    read = received.county.query(
        "SELECT alias FROM core.run_input JOIN core.run USING (run_id) WHERE rule = 'newly_disabled'"
    )
    assert ended == [("frozen", {"disabled.certificate": "purpose outside agreement"})]
    assert [alias.split("/")[0] for (alias,) in read] == ["register"]
    found = explain(hub, ILL, now)
    assert found is not None
    assert OUTSIDE in page(hub, found, now)


def test_a_recipe_shows_what_is_given_for_its_use(closed: Hub) -> None:
    """The hub gives its register for no such use: without it no household can be named."""
    policy = closed.county.hub.policy
    other = policy.recipes["town_visits"].model_copy(update={"use": OTHER_USE})
    vars(closed.county.hub)["policy"] = replace(policy, recipes={**policy.recipes, "town_visits": other})
    closed.deliver("town_visits")
    assert not closed.mails("town-101", "核查任务")


# --- what both sides understand ------------------------------------------------------------------------------------
@proves(
    "SQ-08", object="agreement:disabled", sees="row",
    swap=("类别和等级以证载为准；已注销的列一行", "未约定"),
)  # fmt: skip
def test_what_is_counted_and_how_it_is_compared_is_told(closed: Hub) -> None:
    found = explain(closed.county.hub, DISABLED, closed.county.room.now)
    told = page(closed.county.hub, found, closed.county.room.now).splitlines() if found else []
    calibre = next((said for said in told if "口径：《持证残疾人》" in said), "")
    assert "类别和等级以证载为准；已注销的列一行" in calibre, "线索说明没有写明与残联商定的口径"
    assert "比对方法：按公民身份号码与底册逐人比对" in calibre, "线索说明没有写明与残联商定的比对方法"


# --- of which region -----------------------------------------------------------------------------------------------
@proves("SQ-09", object="agreement:town", sees="file", swap=("may: {query: own,", "may: {query: all,"))
def test_a_town_sees_its_own_households_only(closed: Hub) -> None:
    for_all_regions(closed)
    closed.deliver("town_visits")
    assert line(closed.visits(0), ILL)
    row = line(closed.visits(0), DISABLED)
    assert not row, "乡镇收到了别的乡镇的户"


def test_what_is_of_another_region_is_cut_and_counted(closed: Hub) -> None:
    for_all_regions(closed)
    closed.deliver("town_visits")
    sent = [closed.visits(at) for at in range(3)]
    assert [[bool(line(book, number)) for number in (ILL, DISABLED, AIDED)] for book in sent] == [
        [True, False, False], [False, True, False], [False, False, False],
    ]  # fmt: skip
    leads = closed.county.query("SELECT count(DISTINCT lead_id) FROM core.lead")[0][0]
    cut = {recipient: count for recipe, recipient, sheet, code, count in kept_back(closed)
           if (recipe, sheet, code) == ("town_visits", "visits", "region outside agreement")}  # fmt: skip
    assert cut == {f"town:{town}": leads - bool(line(book, ILL)) - bool(line(book, DISABLED))
                   for town, book in zip(TOWNS, [*sent, None], strict=True)}  # fmt: skip


def test_nothing_is_cut_of_what_is_asked_for_rightly(closed: Hub) -> None:
    for recipe in ("town_visits", "agency_findings"):
        closed.deliver(recipe)
    assert kept_back(closed) == []


# --- whether at all ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"uses": ("reporting",)}, "purpose outside agreement"),
        ({"may": {"statistics": "own"}}, "permission outside agreement"),
        ({"valid_to": "2026-11-30"}, "agreement not in force"),
    ],
)
def test_who_may_not_have_it_is_sent_nothing(closed: Hub, changes: dict[str, Any], reason: str) -> None:
    policy = closed.county.hub.policy
    made = policy.agreements["town"]
    other = type(made).model_validate({**made.model_dump(), **changes})
    vars(closed.county.hub)["policy"] = replace(policy, agreements={**policy.agreements, "town": other})
    closed.deliver("town_visits")
    closed.deliver("agency_findings")
    assert not closed.mails("town-101", "核查任务")
    assert closed.mails("civil-1", "更正单")
    assert kept_back(closed) == [("town_visits", f"town:{town}", "", reason, None) for town in sorted(TOWNS)]


# --- which columns -------------------------------------------------------------------------------------------------
SEEN = ("lead_no", "village", "household_no", "head_name", "causes", "facts", "due", "outcome", "refusal_reason",
        "visited_on", "visitor", "remark")  # fmt: skip
"""All but the town, the number of members, the level and the manner of the visit."""
TITLES = [
    "线索号", "村", "户编号", "户主姓名", "风险", "线索事实", "核查截止日", "核查结论", "不纳入原因", "核查日期",
    "核查人", "情况说明",
]  # fmt: skip
ANSWER = {"核查结论": "不纳入", "不纳入原因": "支出已化解", "核查日期": "2026-12-02", "核查人": "张三"}


@pytest.fixture
def narrow(stages: Stages, tmp_path: Path) -> Iterator[Hub]:
    """A compared hub whose agreement with the towns names columns of their workbook."""
    include = shutil.copytree(stages.include, tmp_path / "include")
    changed(include / "agreements" / "town.yaml", ("town_visits,", f"{{town_visits: [{', '.join(SEEN)}]}},"))
    with stages.opened("closed", include) as hub:
        hub.deliver("town_visits")
        yield hub


def header(book: openpyxl.Workbook) -> dict[str, int]:
    """Title → column of the one sheet."""
    row = next(row for row in book.worksheets[0].iter_rows() if row[0].value == "线索号")
    return {cell.value: cell.column for cell in row}


def filled(book: openpyxl.Workbook, household: str, cells: dict[str, str]) -> bytes:
    """The workbook with cells of a household's row written."""
    sheet, titles = book.worksheets[0], header(book)
    (at,) = (row[0].row for row in sheet.iter_rows() if row[titles["户编号"] - 1].value == household)
    for title, value in cells.items():
        sheet.cell(at, titles[title], value)
    return saved(book)


def test_a_party_sees_the_columns_that_its_agreement_names(narrow: Hub) -> None:
    book = narrow.visits(0)
    assert book is not None
    assert list(header(book)) == TITLES
    sheet = book.worksheets[0]
    assert not [row for row in rows(book) if "红色" in row or "电话核查" in row or "核查方式" in row]
    assert sheet.freeze_panes == f"E{next(c.row for c in sheet['A'] if c.value == '线索号') + 1}"
    assert len([v for v in sheet.data_validations.dataValidation if v.type == "list"]) == 2
    told = narrow.letter("town-101", "核查任务")
    assert "“核查结论”填" in told
    assert "“核查方式”填" not in told


def test_a_workbook_with_fewer_columns_comes_back(narrow: Hub) -> None:
    book = narrow.visits(0)
    assert book is not None
    (taken,) = narrow.mailed(TOWNS[0], "入户核查表_202611.xlsx", filled(book, ILL, ANSWER))
    assert (taken.outcome, taken.reason) == ("accepted", None)
    kept = narrow.county.query("SELECT DISTINCT state, outcome FROM core.case_state WHERE owner_region = %s", TOWNS[0])
    assert kept == [("visited", "not_taken_in:expense_settled")]


def test_a_locked_cell_of_it_may_still_not_be_changed(narrow: Hub) -> None:
    book = narrow.visits(0)
    assert book is not None
    (taken,) = narrow.mailed(TOWNS[0], "入户核查表_202611.xlsx", filled(book, ILL, {**ANSWER, "户主姓名": "赵丁"}))
    codes = narrow.county.query("SELECT code FROM core.row_issue WHERE arrival_id = %s", taken.arrival_id)
    assert ("locked_cell_changed",) in codes
