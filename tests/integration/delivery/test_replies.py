"""What a sender is told of a file: how it may be sealed, until when to send it again, and what then happens."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import openpyxl
import pytest
from sqlalchemy import text

from bidui.domain.keys import digest
from bidui.pipeline.office import Office
from bidui.pipeline.prepare import MAIL_BODY, Subject, prepare
from bidui.pipeline.recipients import Recipient
from bidui.store import ledger, tables
from bidui.store.database import Role

PERIOD = "2026-11"
ROSTER, COST, CERTIFICATE = "insurance_med.enrolment_roster", "insurance_med.high_selfpay", "disabled.certificate"
EARLY, LATE, OVER = (datetime.fromisoformat(f"2026-{day}T09:00:00+08:00") for day in ("11-25", "11-29", "12-02"))
"""The window is from the 25th to the 30th."""


def answered(
    office: Office, outcome: str, dataset: str, when: datetime, *issues: tuple[str, str], **facts: Any
) -> tuple[str, str]:
    """The letter that answers a file, and the lines above its issue workbook; ``issues``: codes and effects."""
    party, _, name = dataset.partition(".")
    key, period = digest(outcome, dataset, str(when), issues, str(facts)), facts.pop("period", PERIOD)
    with office.database.begin(Role.INTAKE) as connection:
        ledger.record(connection, tables.package, {
            "package_hash": key, "hub": office.policy.hub, "bytes": 1, "form": "workbook",
            "recorded_as_of": when})  # fmt: skip
        ledger.record(connection, tables.arrival, {
            "arrival_id": key, "hub": office.policy.hub, "package_hash": key, "ordinal": 1, "channel": "mail",
            "party": facts.pop("party", party), "contact": None, "dataset": dataset, "period": period,
            "arrived_at": when})  # fmt: skip
        ledger.record(connection, tables.intake, {
            "arrival_id": key, "outcome": outcome, "reason": facts.pop("reason", None), "period": period,
            "scope": office.policy.hub, "submission_id": None, "policy_hash": "", "recorded_as_of": when,
            "facts": facts})  # fmt: skip
        ledger.record(connection, tables.row_issue, *(
            {"arrival_id": key, "ordinal": at, "sheet": "Sheet1", "row_no": at, "column_name": "name", "code": code,
             "effect": effect} for at, (code, effect) in enumerate(issues, 1)))  # fmt: skip
    recipe = "refusal" if outcome == "refused" else "receipt"
    made = prepare(office, recipe, Recipient(party), Subject(period, key, arrival=key), when)
    assert made is not None
    with office.database.begin(Role.DELIVER) as connection:
        asked = text("SELECT name, content_hash FROM out.document WHERE delivery_id = :id")
        kept = {row.name: row.content_hash for row in connection.execute(asked, {"id": made.delivery_id})}
    letter = office.vault.get(kept.pop(MAIL_BODY)).decode()
    heads = [
        str(value) for content in kept.values()
        for (value, *_) in openpyxl.load_workbook(io.BytesIO(office.vault.get(content))).worksheets[0].values if value
    ]  # fmt: skip
    return letter, "\n".join(heads)


# -- how to seal it


@pytest.mark.parametrize(
    ("dataset", "forms"),
    [
        (ROSTER, "系统交换包（签名并加密）"),
        (COST, "加密压缩包（用约定密码）"),
        (CERTIFICATE, "加密工作簿（用约定密码）"),
    ],
)
def test_who_sends_a_bare_file_is_told_the_forms_of_its_own_agreement(office: Office, dataset: str, forms: str) -> None:
    accepted, _ = answered(office, "accepted", dataset, EARLY, sealing="plain")
    assert f"请自下次起改用{forms}；明文报送情况按月统计并通报。" in accepted
    refused, _ = answered(office, "refused", dataset, EARLY, reason="sealing_not_allowed")
    assert f"本数据集可用的加密方式：{forms}。" in refused
    refused, _ = answered(office, "refused", dataset, EARLY, reason="period_contradicts")
    assert "可用的加密方式" not in refused


# -- until when


@pytest.mark.parametrize(
    ("dataset", "when", "due", "late"),
    [
        (ROSTER, EARLY, "2026年11月30日", False),
        (ROSTER, LATE, "2026年11月30日", False),
        (ROSTER, OVER, "2026年12月7日", True),
        ("civil.relief_applicant", LATE, "2026年12月2日", False),
    ],
    ids=["within", "the window ends first", "the window is over", "the month does not wait for it"],
)
def test_what_the_month_waits_for_is_asked_for_before_its_window_ends(
    office: Office, dataset: str, when: datetime, due: str, late: bool
) -> None:
    said, _ = answered(office, "refused", dataset, when, reason="columns_missing")
    assert f"请于{due}前重新报送" in said
    assert ("本期报送窗口已结束，此后报到按迟报计。" in said) == late


# -- what then


def test_what_cannot_be_compared_is_said_plainly(office: Office) -> None:
    said, _ = answered(office, "refused", ROSTER, EARLY, reason="columns_missing")
    assert "逾期未报的，下列比对本期不能进行，并列入月度报告：“" in said
    assert "冻结" not in said


@pytest.mark.parametrize(("dataset", "nil"), [(ROSTER, False), (COST, True)])
def test_only_who_reports_what_is_new_is_told_of_the_nil_report(office: Office, dataset: str, nil: bool) -> None:
    said, _ = answered(office, "refused", dataset, EARLY, reason="columns_missing")
    assert ("确无新增数据" in said) == nil


@pytest.mark.parametrize(
    ("issues", "quarantined", "asks"),
    [
        ([("footer_dropped", "note")], 0, "所列各项无需处理"),
        ([("footer_dropped", "note"), ("id_missing", "note")], 0, "请逐项订正，下次报送时一并更正"),
        ([("footer_dropped", "note"), ("required_missing", "quarantine")], 1, "请在源系统中订正后重新报送整份数据"),
    ],
)
def test_an_issue_workbook_asks_for_what_is_to_be_done(
    office: Office, issues: list[tuple[str, str]], quarantined: int, asks: str
) -> None:
    outcome = "partly_accepted" if quarantined else "accepted"
    _, heads = answered(office, outcome, CERTIFICATE, EARLY, *issues, quarantined=quarantined)
    assert f"{asks}，不必填写本簿。" in heads


def test_what_needs_nothing_done_is_marked_so(office: Office) -> None:
    """The bulletin's and the report's typical problems leave it out by this mark, not by its words."""
    for row in office.policy.table("row_issue"):
        assert (row["settled"] == "yes") == ("无需处理" in row["advice"]), row["code"]
