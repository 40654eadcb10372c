"""What a granted need gives: the granted items of the hub's own register, sealed, within the term, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from bidui.pipeline import need
from bidui.pipeline.registered import NeedRefused
from bidui.pipeline.unseal import password
from bidui.sealing import workbook
from bidui.sealing.errors import SealError
from bidui.store.database import Role

from .conftest import HEAD, PERIOD, REGISTER, Window


@pytest.fixture(autouse=True)
def register(window: Window) -> None:
    window.register()


def columns(rows: list[list[Any]]) -> list[list[Any]]:
    """The table of a sheet: its header and what stands below."""
    head = next(at for at, row in enumerate(rows) if row[0] in {"村", "乡", "姓名"})
    return rows[head:]


def test_the_workbook_has_the_granted_items_and_no_other(window: Window) -> None:
    granted = window.granted(fields=["村", "姓名", "监测对象类别"])
    assert need.serve(window.office, granted.number, window.now).accepted == 1
    head, *people = columns(window.book(granted))
    assert head == ["村", "姓名", "监测对象类别"]
    assert sorted(row[1] for row in people if row[1]) == ["丙一", "乙一", "甲一"]
    assert {row[1]: row[2] for row in people}["丙一"] == "脱贫不稳定户"
    text = "".join(str(cell) for row in window.book(granted) for cell in row)
    assert "参考数据，不作为法定数据" in text
    assert "一户" not in text


def test_it_is_sealed_for_this_need_alone(window: Window) -> None:
    first, second = window.granted(), window.granted(purpose="夏季送清凉")
    need.serve(window.office, first.number, window.now)
    (part,) = list(window.mails()[-1].iter_attachments())
    need.serve(window.office, second.number, window.later(hours=1))
    assert part.get_content()[:2] != b"PK"
    for told in (need.password(window.office, second.number, PERIOD), password(window.office, "hub", None, PERIOD)):
        with pytest.raises(SealError):
            workbook.open_(part.get_content(), [told])


def test_there_is_no_password_where_nothing_was_served(window: Window) -> None:
    asked = window.asked()
    with pytest.raises(NeedRefused) as waiting:
        need.password(window.office, asked.number, PERIOD)
    assert waiting.value.code == "need_not_granted"
    need.grant(window.office, asked.number, HEAD, window.now)
    with pytest.raises(NeedRefused, match="2026-11（已提供的期别：还没有）"):
        need.password(window.office, asked.number, PERIOD)
    need.serve(window.office, asked.number, window.now)
    with pytest.raises(NeedRefused, match="2027-03（已提供的期别：2026-11）"):
        need.password(window.office, asked.number, "2027-03")
    assert need.password(window.office, asked.number, PERIOD)


def test_it_is_written_down_like_every_delivery_and_made_once(window: Window) -> None:
    granted = window.granted()
    need.serve(window.office, granted.number, window.now)
    window.later(hours=1)
    assert need.serve(window.office, granted.number, window.now).accepted == 0
    assert window.rows("""
        SELECT d.recipient, d.period, d.rows, m.contact, s.outcome, count(t.name)
        FROM out.delivery d JOIN out.message m USING (delivery_id) JOIN out.sending s USING (message_id)
        JOIN out.document t USING (delivery_id) WHERE d.rows > 0 GROUP BY 1, 2, 3, 4, 5
    """) == [(f"*asker/{granted.need_id}", PERIOD, 3, f"need-{granted.need_id[:8]}", "accepted", 2)]
    assert len(window.mails()) == 2  # the answer, and the data


def test_figures_are_given_where_figures_were_asked_for(window: Window) -> None:
    granted = window.granted(mode="statistics", fields=["乡", "户数", "监测对象户数"])
    need.serve(window.office, granted.number, window.now)
    rows = columns(window.book(granted))
    assert rows[0] == ["乡", "户数", "监测对象户数"]
    assert rows[1][1:] == ["不足10", "不足10"]  # a number so small would name somebody


def test_less_than_was_granted_may_be_served_and_nothing_more(window: Window) -> None:
    granted = window.granted(fields=["村", "姓名"])
    with pytest.raises(NeedRefused) as refused:
        need.serve(window.office, granted.number, window.now, fields=("姓名", "证件号码"))
    assert refused.value.code == "need_field_not_granted"
    assert "证件号码" in str(refused.value)
    need.serve(window.office, granted.number, window.now, fields=("村",))
    assert columns(window.book(granted))[0] == ["村"]


@pytest.mark.parametrize(("days", "code"), [(-1, "need_out_of_term"), (30, None), (31, "need_out_of_term")])
def test_nothing_is_served_outside_the_term(window: Window, days: int, code: str | None) -> None:
    granted = window.granted()
    window.later(days=days)
    if code is None:
        assert need.serve(window.office, granted.number, window.now, PERIOD).accepted == 1
        return
    with pytest.raises(NeedRefused) as refused:
        need.serve(window.office, granted.number, window.now, PERIOD)
    assert refused.value.code == code
    assert len(window.mails()) == 1


def test_nothing_is_served_without_a_grant(window: Window) -> None:
    """QA-01: neither an agreement nor a registered need is in force."""
    open_, refused = window.asked(), window.asked(purpose="夏季送清凉")
    need.refuse(window.office, refused.number, HEAD, window.now, "beyond_duty", "与职责无关。")
    for one in (open_, refused):
        with pytest.raises(NeedRefused) as told:
            need.serve(window.office, one.number, window.now)
        assert told.value.code == "need_not_granted"
    assert window.rows("SELECT count(*) FROM out.delivery WHERE rows > 0") == [(0,)]


def test_nothing_is_served_that_was_withheld_since(window: Window) -> None:
    granted, policy = window.granted(), window.office.policy
    given = policy.contracts[REGISTER]
    shut = given.sharing.model_copy(update={"class_": "withheld", "basis": "依据"})
    closed = {**policy.contracts, REGISTER: given.model_copy(update={"sharing": shut})}
    vars(window.office)["policy"] = replace(policy, contracts=closed)
    with pytest.raises(NeedRefused) as refused:
        need.serve(window.office, granted.number, window.now)
    assert refused.value.code == "need_withheld"


def test_a_month_without_a_register_gives_nothing(window: Window) -> None:
    granted = window.granted()
    with pytest.raises(NeedRefused, match="这一期没有可以提供的数据：2026-09"):
        need.serve(window.office, granted.number, window.now, "2026-09")
    assert len(window.mails()) == 1


def test_nobody_can_change_what_was_asked_or_answered(window: Window) -> None:
    window.granted()
    for table in ("core.need", "core.need_answer"):
        for verb in (f"DELETE FROM {table}", f"UPDATE {table} SET need_id = ''"):
            with pytest.raises(Exception, match="42501"), window.office.database.begin(Role.DELIVER) as connection:
                connection.execute(text(verb))
