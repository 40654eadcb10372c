"""A period runs with its own version of a contract: late files, new files, and a rule that reads a year of both.

One dataset lives through four releases: 1.0.0, a column more in 1.1.0 (same table), another shape in 2.0.0 (a table of
its own), and its end.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bidui.domain.period import Period
from bidui.pipeline import amend, apply, compare
from bidui.pipeline.check import faults
from bidui.pipeline.office import Office
from bidui.pipeline.receive import Received
from bidui.pipeline.unseal import password
from bidui.policy.rule import Read
from bidui.rules.binding import Binder
from bidui.sealing import aeszip, authority
from bidui.store.database import Role
from bidui.store.ledger import in_force
from tests.policies import changed, released, unreleased

from .conftest import NOW, Roads, Row, person, sheet

PARTY, NAME = "insurance_med", "high_selfpay"
DATASET = f"{PARTY}.{NAME}"
TABLE = f"{PARTY}__{NAME}"
STAY = """
      - name: stay_days
        businessName: 住院天数
        logicalType: integer
        physicalType: bigint
        classification: 一般
"""
CHECKS = """
  - type: expect_column_values_to_be_between
    kwargs: {column: stay_days, max_value: 366}
    severity: warning
    meta: {rule: stay.within_a_year, issue: out_of_range, effect: note, title: 住院天数不超过一年}
  - type: expect_column_value_lengths_to_be_between
    kwargs: {column: visit_type, max_value: 20}
    severity: warning
    meta: {rule: visit.short, issue: out_of_range, effect: note, title: 就诊类型不超过二十字}
"""
"""One check on a column that 1.0.0 has not yet, one on a column that 2.0.0 has no more."""

OLD = ["序号", "姓名", "证件号码", "乡镇", "村", "结算单号", "就诊类型", "结算日期", "总费用", "个人自付"]
WIDER = [*OLD, "住院天数"]
NEW = [title for title in WIDER if title != "就诊类型"]


@pytest.fixture(scope="module")
def include(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1.0.0 from March 2026, 1.1.0 from January 2027, 2.0.0 from March, none from June."""
    folder = unreleased(tmp_path_factory.mktemp("versions") / "include")
    file = folder / "catalogue" / PARTY / f"{NAME}.yaml"
    released(folder, "2026-03", date(2026, 2, 20))
    changed(file, ("version: 1.0.0", "version: 1.1.0"))
    file.write_text(file.read_text(encoding="utf-8") + STAY, encoding="utf-8")
    checks = folder / "expectations" / f"{DATASET}.yaml"
    checks.write_text(checks.read_text(encoding="utf-8") + CHECKS, encoding="utf-8")
    released(folder, "2027-01", date(2026, 12, 10))
    text = file.read_text(encoding="utf-8").replace("version: 1.1.0", "version: 2.0.0")
    visit = text.index("      - name: visit_type")
    text = text[:visit] + text[text.index("      - name: settled_on") :]
    file.write_text(
        text.replace("physicalType: bigint", "physicalType: bigint\n        required: true"), encoding="utf-8"
    )
    released(folder, "2027-03", date(2027, 1, 20))
    file.unlink()
    released(folder, "2027-06", date(2027, 4, 20))
    return folder


@pytest.fixture(scope="module")
def road(
    include: Path, copied: Callable[[], AbstractContextManager[str]], passwords: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Roads]:  # fmt: skip
    home = tmp_path_factory.mktemp("office") / "home"
    shutil.copytree(passwords, home / "secrets")
    (home / "post").mkdir()
    authority.create_hub_keys(home / "keys", now=NOW - timedelta(days=90), next_update=NOW + timedelta(days=365))
    with copied() as address:
        office = Office(home, include, "demo", address, "127.0.0.1:9")
        apply.apply_policy(office, NOW)
        yield Roads(office, now=datetime.fromisoformat("2027-05-10T10:00:00+08:00"))
        office.database.close()


@pytest.fixture(scope="module")
def hand_in(road: Roads, places) -> Callable[..., Received]:
    """Hand in a file of a period, whose name tells it."""
    _, town, village = places(0)

    def handed_in(period: str, header: list[str], *rows: Row) -> Received:
        whole = [["", "张三", person(), town, village, *row] for row in rows]
        content = sheet([f"{period[:4]}年{period[5:]}月高额自付费用明细"], header, *whole)
        sealed = aeszip.seal([(".xlsx", content)], password(road.office, PARTY, None, period))
        return road.folder(PARTY, NAME, f"高额自付_{period}.zip", sealed)

    return handed_in


@pytest.fixture(scope="module")
def received(hand_in: Callable[..., Received]) -> dict[str, Received]:
    """By period; what is older comes later."""
    return {
        "2027-03": hand_in("2027-03", NEW, ["S3", "2027-03-05", 40000, 12000, 9], ["S4", "2027-03-06", 500, 400, 400]),
        "2027-01": hand_in("2027-01", WIDER, ["S2", "住院", "2027-01-05", 30000, 9000, 7]),
        "2026-12": hand_in("2026-12", WIDER, ["S1", "住院", "2026-12-05", 20000, 8000, 5]),
    }


def binder(road: Roads, connection, period: str) -> Binder:
    return Binder(connection, road.office.policy, Period.parse(period), road.now)


def read(road: Roads, period: str, select: str, *columns: str) -> list[tuple[object, ...]]:
    """What a rule finds that reads twelve months of whatever plays the role."""
    rule = road.office.policy.rules["selfpay_year"].model_copy(update={
        "stage": "report", "parameters": (), "sql": f"SELECT {select} FROM expense ORDER BY 1",  # noqa: S608
        "reads": {"expense": Read(role="expense", months=12, columns=columns)},
    })  # fmt: skip
    with road.office.database.begin(Role.COMPARE) as connection:
        binding = binder(road, connection, period)
        return [
            tuple(row.values()) for datasets in binding.instances(rule)
            for row in binding.bind(rule, datasets).rows(connection)
        ]  # fmt: skip


# --- what comes in -----------------------------------------------------------------------------------------------
def test_a_file_is_received_under_the_version_of_its_period(road: Roads, received: dict[str, Received]) -> None:
    assert {period: r.outcome for period, r in received.items()} == dict.fromkeys(received, "accepted")
    assert road.rows("SELECT period, contract_version, rows_accepted FROM core.submission ORDER BY 1") == [
        ("2026-12", "1.0.0", 1), ("2027-01", "1.1.0", 1), ("2027-03", "2.0.0", 2),
    ]  # fmt: skip


def test_compatible_versions_share_a_table_and_a_breaking_one_has_its_own(
    road: Roads, received: dict[str, Received]
) -> None:
    old = road.rows(f"SELECT settlement_no, visit_type IS NULL, stay_days FROM data.{TABLE} ORDER BY 1")
    assert old == [("S1", False, None), ("S2", False, 7)]
    assert road.rows(f"SELECT settlement_no, stay_days FROM data.{TABLE}__v2 ORDER BY 1") == [("S3", 9), ("S4", 400)]


def test_a_late_file_is_told_that_its_new_column_was_not_asked_for_then(
    road: Roads, received: dict[str, Received]
) -> None:
    issues = {period: [code for _, _, code in road.issues(r)] for period, r in received.items()}
    assert "column_dropped" in issues["2026-12"]
    assert "column_dropped" not in issues["2027-01"]


def test_a_check_holds_for_the_versions_that_have_its_column(road: Roads, received: dict[str, Received]) -> None:
    ranged = {period: [i for i in road.issues(r) if i[2] == "out_of_range"] for period, r in received.items()}
    assert ranged == {"2026-12": [], "2027-01": [], "2027-03": [(4, "住院天数", "out_of_range")]}
    assert faults(road.office.policy) == []


def test_a_new_period_does_not_take_the_old_form(hand_in: Callable[..., Received], road: Roads) -> None:
    refused = hand_in("2027-04", OLD, ["S5", "住院", "2027-04-05", 100, 50])
    assert (refused.outcome, refused.reason) == ("refused", "columns_missing")


def test_what_has_ended_is_taken_for_the_months_before_only(hand_in: Callable[..., Received], road: Roads) -> None:
    ended = hand_in("2027-06", NEW, ["S6", "2027-06-05", 100, 50, 1])
    assert (ended.outcome, ended.reason) == ("refused", "not_in_catalogue")
    late = hand_in("2027-05", NEW, ["S6", "2027-05-05", 100, 50, 1])
    assert late.outcome == "accepted"


# --- what is read ------------------------------------------------------------------------------------------------
def test_a_rule_over_a_year_reads_every_version(road: Roads, received: dict[str, Received]) -> None:
    found = read(road, "2027-03", "settlement_no, own_paid, stay_days", "settlement_no", "own_paid", "stay_days")
    assert found == [
        ("S1", Decimal(8000), None), ("S2", Decimal(9000), 7), ("S3", Decimal(12000), 9), ("S4", Decimal(400), 400),
    ]  # fmt: skip


def test_a_row_tells_the_submission_that_it_stands_in(road: Roads, received: dict[str, Received]) -> None:
    found = read(road, "2027-03", "row->>'submission' AS submission, row->>'dataset' AS dataset", "own_paid")
    by_period = {str(r.submission_id) for r in received.values()}
    assert {submission for submission, _ in found} == by_period
    assert {dataset for _, dataset in found} == {DATASET}


def test_a_column_that_the_version_has_not_is_empty(road: Roads, received: dict[str, Received]) -> None:
    """2.0.0 has no kind of visit, 1.0.0 no days: a rule that mentions them runs in every month."""
    found = read(road, "2027-03", "settlement_no, visit_type IS NULL AS a, stay_days IS NULL AS b", "own_paid")
    assert found == [("S1", False, True), ("S2", False, False), ("S3", True, False), ("S4", True, False)]
    assert read(road, "2026-12", "settlement_no, stay_days", "own_paid") == [("S1", None)]


def test_a_rule_that_needs_a_column_is_bound_while_the_period_has_it(
    road: Roads, received: dict[str, Received]
) -> None:
    assert len(read(road, "2027-01", "settlement_no", "stay_days")) == 2
    assert read(road, "2026-12", "settlement_no", "stay_days") == []
    assert read(road, "2027-03", "settlement_no", "visit_type") == []


def test_a_month_is_matched_and_its_rules_are_bound(road: Roads, received: dict[str, Received]) -> None:
    read_by = {}
    for period in ("2027-03", "2027-06"):
        assert compare.match(road.office, period, road.now) == 0
        bound = [task for task in compare.tasks(road.office, period, road.now) if DATASET in task.datasets.values()]
        read_by[period] = {task.rule for task in bound}
    assert {"high_selfpay", "selfpay_year"} <= read_by["2027-03"]
    assert read_by["2027-06"] == set()


def test_applying_the_policy_again_changes_nothing(road: Roads) -> None:
    assert apply.apply_policy(road.office, road.now) == []


# --- amendments --------------------------------------------------------------------------------------------------
def test_only_what_stands_in_the_same_table_is_amended(road: Roads, received: dict[str, Received]) -> None:
    one, wider, other = road.office.policy.versions(DATASET)
    with road.office.database.begin(Role.INTAKE) as connection:
        (before,) = in_force(connection, road.office.policy.hub, DATASET, ["2027-01"], road.now)
    assert before.contract_version == "1.1.0"
    assert [amend.mends(contract, before) for contract in (one, wider, other)] == [True, True, False]
