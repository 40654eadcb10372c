"""A report on its way out: who is asked in which order, what a rejection ends; what leaves is what was read."""

from __future__ import annotations

import pytest

from bidui.pipeline import approve
from bidui.pipeline.approve import NotAllowed, Superseded
from bidui.pipeline.follow_up import send_waiting
from bidui.pipeline.send import NotAsApproved, send

PERIOD = "2026-11"


# --- order, persons, what is kept ---------------------------------------------------------------------------------
def test_the_roles_decide_in_order_and_then_it_leaves(desk, head, recheck):
    delivery = desk.report()
    assert [(role, period) for _, _, period, role in approve.waiting(desk.office)] == [("head", PERIOD)]
    assert desk.decide(delivery, head, remark="  同意上报 ") == "head"
    assert [role for *_, role in approve.waiting(desk.office)] == ["recheck"]
    assert send(desk.office, delivery, desk.now).awaiting == ("recheck",)
    assert desk.decide(delivery, recheck, road="airflow") == "recheck"
    assert approve.waiting(desk.office) == []
    assert send(desk.office, delivery, desk.now).accepted == 2
    content = desk.prepared_hash(delivery)
    assert desk.approvals(delivery) == [
        ("head", "approved", head, content, "command", "同意上报"),
        ("recheck", "approved", recheck, content, "airflow", None),
    ]


def test_nobody_decides_out_of_turn_or_without_the_role(desk, head, recheck):
    delivery = desk.report()
    with pytest.raises(NotAllowed, match="不是“分管领导审批”环节的审批人"):
        desk.decide(delivery, recheck)
    with pytest.raises(NotAllowed, match="尚未轮到“县委农办复核”环节"):
        desk.decide(delivery, recheck, step=2)
    with pytest.raises(NotAllowed, match="不是“分管领导审批”环节的审批人"):
        desk.decide(delivery, "hub-1")
    with pytest.raises(NotAllowed, match="没有这份待审文件"):
        desk.decide("0" * 64, head)
    assert desk.approvals(delivery) == []


def test_a_repeated_answer_changes_nothing(desk, head, recheck):
    """A task that is tried again brings the same answer once more; on the command line it is told."""
    delivery = desk.report()
    desk.decide(delivery, head, step=1)
    assert desk.decide(delivery, head, step=1) == "head"
    assert len(desk.approvals(delivery)) == 1
    with pytest.raises(NotAllowed, match="已经同意，不能再退回"):
        desk.decide(delivery, head, "rejected", step=1)
    desk.decide(delivery, recheck)
    with pytest.raises(NotAllowed, match="已经审批完毕"):
        desk.decide(delivery, recheck)
    assert len(desk.approvals(delivery)) == 2


def test_a_remark_that_looks_personal_is_not_kept(desk, head):
    delivery = desk.report()
    with pytest.raises(NotAllowed, match="像证件号码或电话号码"):
        desk.decide(delivery, head, "rejected", remark="请核对 990821199001011234 一户")
    assert desk.approvals(delivery) == []


def test_a_mail_is_dated_when_it_was_approved_not_when_it_was_made(desk, head, recheck):
    prepared_at = desk.now
    delivery = desk.report()
    desk.decide(delivery, head)
    desk.decide(delivery, recheck)
    approved_at = desk.now
    desk.later()
    send(desk.office, delivery, desk.now)
    (mail,) = [m for m in desk.mails(head) if "待审" not in m["Subject"]]
    assert prepared_at < approved_at
    assert mail["Date"].datetime == approved_at.replace(microsecond=0)


# --- asking -------------------------------------------------------------------------------------------------------
def test_whoever_decides_next_is_sent_the_documents_once(desk, head, recheck):
    delivery = desk.report()
    question = approve.ask(desk.office, delivery, desk.now)
    approve.ask(desk.office, delivery, desk.later())
    (mail,) = desk.mails(head)
    assert mail["Subject"] == question.subject
    assert question.subject.startswith("【待审】2026年11月月度报告，请分管领导审批")
    assert (question.role, question.approvers) == ("head", (head,))
    assert desk.prepared_hash(delivery) in question.body
    (document,) = [part.get_content() for part in mail.iter_attachments()]
    assert document == desk.documents(delivery)[0]
    assert desk.mails(recheck) == []


def test_the_next_role_is_asked_after_the_first_and_none_after_the_last(desk, head, recheck):
    delivery = desk.report()
    desk.decide(delivery, head)
    assert approve.ask(desk.office, delivery, desk.now, step=1) is None
    assert approve.ask(desk.office, delivery, desk.now).role == "recheck"
    assert len(desk.mails(recheck)) == 1
    desk.decide(delivery, recheck)
    assert approve.ask(desk.office, delivery, desk.now) is None
    assert approve.ask(desk.office, delivery, desk.now, step=3) is None


def test_a_role_that_nobody_holds_any_more_is_told(desk, head, monkeypatch):
    delivery = desk.report()
    monkeypatch.setitem(desk.office.policy.profile.approvers, "head", ("somebody-else",))
    with pytest.raises(NotAllowed, match="“分管领导审批”环节目前没有在册的审批人"):
        approve.ask(desk.office, delivery, desk.now)


# --- rejected -----------------------------------------------------------------------------------------------------
def test_what_is_rejected_never_leaves_and_is_made_anew(desk, head, recheck):
    prepared_at = desk.now
    first = desk.report()
    desk.decide(first, head, "rejected", remark="请核对分镇合计")
    assert approve.waiting(desk.office) == []
    with pytest.raises(NotAllowed, match="已退回"):
        desk.decide(first, head)
    with pytest.raises(NotAllowed, match="已退回"):
        approve.ask(desk.office, first, desk.now)

    second = desk.report(prepared_at)  # a cleared task keeps its time
    assert second != first
    assert desk.report() == second
    assert [delivery for delivery, *_ in approve.waiting(desk.office)] == [second]
    for by in (head, recheck):
        desk.decide(second, by)
    assert send_waiting(desk.office, desk.now).sent == 2
    assert desk.sent(first) == 0


def test_every_rejection_makes_one_more_version(desk, head, recheck):
    versions = []
    for _ in range(2):
        versions.append(desk.report())
        desk.decide(versions[-1], head)
        desk.decide(versions[-1], recheck, "rejected")
    versions.append(desk.report())
    assert len(set(versions)) == 3
    assert [delivery for delivery, *_ in approve.waiting(desk.office)] == [versions[-1]]


# --- a later round ------------------------------------------------------------------------------------------------
def test_a_later_round_makes_the_open_question_void(desk, head):
    first = desk.report()
    desk.later()
    desk.close(2)
    second = desk.report()
    for attempt in (lambda: desk.decide(first, head), lambda: approve.ask(desk.office, first, desk.now)):
        with pytest.raises(Superseded, match="已有新一轮的版本"):
            attempt()
    assert [delivery for delivery, *_ in approve.waiting(desk.office)] == [second]
    assert desk.decide(second, head) == "head"


def test_a_later_round_that_is_rejected_does_not_bring_the_earlier_one_back(desk, head):
    first, first_at = desk.report(), desk.now
    desk.later()
    desk.close(2)
    desk.decide(desk.report(), head, "rejected")
    with pytest.raises(Superseded):
        desk.decide(first, head)
    anew = desk.report(first_at)  # by the first round's task, cleared
    assert [delivery for delivery, *_ in approve.waiting(desk.office)] == [anew]


# --- what leaves is what was approved -----------------------------------------------------------------------------
def test_nothing_leaves_that_differs_from_what_was_approved(desk, head, recheck):
    delivery = desk.report()
    for by in (head, recheck):
        desk.decide(delivery, by)
    desk.slip_in_a_page(delivery)
    with pytest.raises(NotAsApproved, match="与批准时不一致"):
        send(desk.office, delivery, desk.now)
    done = send_waiting(desk.office, desk.now)
    assert (done.sent, done.altered) == (0, 1)
    assert desk.sent(delivery) == 0


def test_nothing_is_approved_that_differs_from_what_was_prepared(desk, head):
    delivery = desk.report()
    desk.slip_in_a_page(delivery)
    with pytest.raises(NotAllowed, match="与备好时不一致"):
        desk.decide(delivery, head)
