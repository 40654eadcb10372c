"""A step that asks: what becomes of an answer, of none, and of one that comes too late."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskAwaitingInput

from bidui.orchestration import clock
from bidui.orchestration.sign import Sign
from bidui.pipeline import approve

TIMEOUT = {"error": "nobody answered", "error_type": "timeout"}


@pytest.fixture(autouse=True)
def surroundings(desk, monkeypatch):
    """The office as its tasks find it."""
    office = desk.office
    for name, value in {
        "HOME": office.home, "INCLUDE": office.include, "PROFILE": office.profile, "DB": office.database_address,
        "SMTP": office.mail_server, "SIMULATED": "1",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"BIDUI_{name}", str(value))
    clock.put(office.home / clock.FILE, desk.later())


def step(delivery: str, number: int = 1) -> Sign:
    return Sign(task_id="step", asked={"delivery": delivery, "label": "report"}, step=number)


def answer(option: str, by: str, remark: str | None = None) -> dict[str, Any]:
    """What Airflow hands on."""
    return {
        "chosen_options": [option], "params_input": {"remark": remark}, "responded_at": datetime.now(UTC),
        "responded_by_user": {"id": "3", "name": by}, "timedout": False,
    }  # fmt: skip


def test_an_approval_is_kept_with_its_login_and_only_its_fact_goes_on(desk, head):
    delivery = desk.report()
    told = step(delivery).execute_complete({}, answer(Sign.APPROVE, head, "同意上报"))
    assert told == {"step": 1, "decision": "approved", "role": "head"}
    assert desk.approvals(delivery) == [
        ("head", "approved", head, desk.prepared_hash(delivery), "airflow", "同意上报")
    ]  # fmt: skip


def test_a_rejection_is_kept_and_fails_for_good(desk, head):
    delivery = desk.report()
    with pytest.raises(AirflowFailException, match="退回"):
        step(delivery).execute_complete({}, answer(Sign.REJECT, head, "请核对分镇合计"))
    assert [row[:3] for row in desk.approvals(delivery)] == [("head", "rejected", head)]
    with pytest.raises(AirflowFailException, match="已退回"):
        step(delivery).execute({})


def test_who_does_not_hold_the_role_decides_nothing(desk, recheck):
    delivery = desk.report()
    with pytest.raises(AirflowFailException, match="不是“分管领导审批”环节的审批人"):
        step(delivery).execute_complete({}, answer(Sign.APPROVE, recheck))
    assert desk.approvals(delivery) == []


def test_a_step_that_is_decided_or_not_there_passes(desk, head):
    delivery = desk.report()
    desk.decide(delivery, head)
    for number in (1, 3):
        assert step(delivery, number).execute({}) == {"step": number, "decision": None}


def test_an_answer_to_what_was_made_anew_ends_skipped(desk, head):
    delivery = desk.report()
    desk.later()
    desk.close(2)
    desk.report()
    with pytest.raises(AirflowSkipException, match="已有新一轮的版本"):
        step(delivery).execute_complete({}, answer(Sign.APPROVE, head))
    with pytest.raises(AirflowSkipException, match="已有新一轮的版本"):
        step(delivery).execute_complete({}, TIMEOUT)
    assert desk.approvals(delivery) == []


def test_an_open_question_goes_on_waiting_until_somebody_has_decided_elsewhere(desk, head):
    delivery = desk.report()
    with pytest.raises(TaskAwaitingInput):
        step(delivery).execute_complete({}, TIMEOUT)
    approve.approve(desk.office, delivery, head, desk.later())
    assert step(delivery).execute_complete({}, TIMEOUT) == {"step": 1, "decision": None}
