"""A quarter summed up: when it may be, what the bulletin counts, who gets it, and that it is approved once for all."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from docx import Document
from sqlalchemy import text

from bidui.casework import closing
from bidui.domain.period import Period
from bidui.pipeline import approve, deliver
from bidui.pipeline.arrive import scopes_of
from bidui.pipeline.conclude import due_on
from bidui.pipeline.deliver import NotClosed
from bidui.pipeline.office import Office
from bidui.policy.rule import Rule
from bidui.store import ledger, tables
from bidui.store.database import Role
from tests.sql.case import Case
from tests.sql.play import Play

QUARTER = "2026-Q4"
MONTHS = ("2026-10", "2026-11", "2026-12")


@dataclass
class Desk:
    """A hub that closes months and sums quarters up."""

    office: Office
    play: Play

    @property
    def now(self) -> datetime:
        return self.play.as_of

    def later(self) -> datetime:
        self.play.as_of += timedelta(hours=1)
        return self.now

    @property
    def rule(self) -> Rule:
        """The rule that finds register people missing in another list."""
        rosters = [r for r in self.office.policy.of_stage("compare") if r.reads[r.system_b or ""].role == "roster"]
        return next(rule for rule in rosters if rule.absent_from == rule.system_b)

    def hand_in(self, period: str, dataset: str, scope: str | None = None, **about: Any) -> None:
        """A submission with counts, without rows."""
        contract = self.office.policy.contracts[dataset]
        told = {"scope": scope or self.office.policy.hub, "period": period, **about}
        with self.office.database.begin(Role.INTAKE) as connection:
            self.play.submit(connection, contract, told)

    def all_in(self, period: str, *but: tuple[str, str | None], **about: Any) -> None:
        """Everything that is due in a month, but for some parts; the register and its list come with their people."""
        for dataset, scopes in scopes_of(self.office, Period.parse(period)).items():
            for scope in scopes or [None]:
                if (dataset, scope) not in but and dataset not in self.with_rows:
                    self.hand_in(period, dataset, scope, **about)

    @property
    def with_rows(self) -> set[str]:
        return {c.id for c in self.play.contracts(self.rule, self.play.datasets(self.rule)).values()}

    def compare(self, period: str, there: str, registered: str = "甲 乙 丙") -> str:
        """The register and another list, and the run that looks for who is missing there."""
        village = next(r.code for r in self.office.policy.regions if r.level == "village")
        here = [{"person": label, "household": label, "region": village} for label in registered.split()]
        listed = [{"person": label} for label in there.split()]
        given = {self.rule.system_a or "": here, self.rule.system_b or "": listed}
        self.play.lay_out(Case(self.rule.id, "", given, period=period))
        with self.office.database.begin(Role.COMPARE) as connection:
            return self.play.run(connection, self.rule, period)[0].run_id

    def close(self, period: str, *runs: str) -> None:
        """A month's round."""
        policy, bound = self.office.policy, self.play.datasets(self.rule)
        owners = {
            (self.rule.finds or "", bound[self.rule.system_a or ""], bound[self.rule.system_b or ""]): "insurance_med"
        }
        with self.office.database.begin(Role.COMPARE) as connection:
            now = closing.open_round(connection, policy.hub, period, runs, policy.hash, self.now)
            due = due_on(self.office, "correction", self.now)
            closing.open_findings(connection, now, owners, due, self.now)
            closing.converge(connection, now, self.now)

    def bulletin(self) -> str:
        """Prepare the bulletin; its delivery."""
        (errand,) = deliver.errands(self.office, "quarter", QUARTER, self.now)
        made = deliver.prepared(self.office, errand, self.now)
        assert made is not None
        return made.delivery_id

    def read(self, delivery: str) -> tuple[str, list[list[str]]]:
        """Its text, and its tables' rows."""
        with self.office.database.begin(Role.DELIVER) as connection:
            content = connection.execute(
                text("SELECT content_hash FROM out.document WHERE delivery_id = :id AND name LIKE '%.docx'"),
                {"id": delivery},
            ).scalar_one()
        document = Document(io.BytesIO(self.office.vault.get(content)))
        rows = [[cell.text for cell in row.cells] for table in document.tables for row in table.rows]
        return "\n".join(p.text for p in document.paragraphs), rows

    def addressed(self, delivery: str) -> set[str]:
        """Contacts to whom it goes."""
        with self.office.database.begin(Role.DELIVER) as connection:
            asked = text("SELECT contact FROM out.message WHERE delivery_id = :id")
            return set(connection.execute(asked, {"id": delivery}).scalars())


@pytest.fixture
def desk(office: Office, as_of: datetime) -> Desk:
    return Desk(office, Play(office.database, office.policy, as_of + timedelta(days=30)))


@pytest.fixture
def closed(desk: Desk) -> Desk:
    """Three months, closed without anything in them."""
    for month in MONTHS:
        desk.close(month)
    return desk


# -- when


@pytest.mark.parametrize("done", [(), MONTHS[:2], MONTHS[1:]])
def test_a_quarter_is_summed_up_only_when_each_month_is_compared(desk: Desk, done: tuple[str, ...]) -> None:
    for month in done:
        desk.close(month)
    with pytest.raises(NotClosed) as said:
        deliver.errands(desk.office, "quarter", QUARTER, desk.now)
    missing = str(said.value)
    assert [month in missing for month in MONTHS] == [month not in done for month in MONTHS]


def test_the_same_rounds_make_the_same_bulletin_and_a_new_round_a_new_one(closed: Desk) -> None:
    first = closed.bulletin()
    closed.later()
    assert closed.bulletin() == first
    closed.close(MONTHS[1], closed.compare(MONTHS[1], "甲"))
    closed.later()
    second = closed.bulletin()
    assert second != first
    assert [delivery for delivery, *_ in approve.waiting(closed.office)] == [second]


# -- for whom


def test_it_is_one_delivery_to_everybody_who_may_have_it_approved_once(closed: Desk) -> None:
    delivery, policy = closed.bulletin(), closed.office.policy
    receiving = [a for a in policy.agreements.values() if "quarterly_bulletin" in a.receives]
    assert {"bureau", "agency", "regions"} <= {a.kind for a in receiving}
    assert closed.addressed(delivery) == {c.id for a in receiving for c in a.contacts}
    steps = []
    for role in policy.recipes["quarterly_bulletin"].approvals:
        ((asked, *_, turn),) = approve.waiting(closed.office)
        assert (asked, turn) == (delivery, role)
        steps.append(approve.approve(closed.office, delivery, policy.profile.approvers[role][0], closed.later()))
    assert steps == ["head", "recheck"]
    assert approve.waiting(closed.office) == []


# -- what it says


def test_an_empty_quarter_is_told_as_such(closed: Desk) -> None:
    said, rows = closed.read(closed.bulletin())
    parts = sum(
        len(scopes) or 1 for month in MONTHS for scopes in scopes_of(closed.office, Period.parse(month)).values()
    )
    assert f"应报{parts}期次" in said
    assert f"未报{parts}期次" in said
    assert "本季度有应报数据未到" in said
    assert ["规范性", "—", "—", "未被隔离的行占收到的行"] in rows
    assert ["时效性", "0.00%", "—", "按时报送的期次占应报期次"] in rows
    assert "截至本通报拟制时尚无备份" in said
    assert "恢复演练：" not in said


def test_what_is_late_missing_or_set_aside_is_counted_in_parts(desk: Desk) -> None:
    parted = next(d for d, scopes in scopes_of(desk.office, Period.parse(MONTHS[0])).items() if scopes)
    absent, late = scopes_of(desk.office, Period.parse(MONTHS[0]))[parted][:2]
    for month in MONTHS:
        desk.compare(month, "甲 乙 丙")
        but = ((parted, absent), (parted, late)) if month == MONTHS[0] else ()
        desk.all_in(month, *but, rows_read=1000, rows_quarantined=10)
        desk.close(month)
    desk.hand_in(MONTHS[0], parted, late, rows_read=9, rows_quarantined=9, late=True)
    said, rows = desk.read(desk.bulletin())
    assert "迟报1期次，未报1期次" in said
    towns = len(desk.office.policy.regions_of("town", Period.parse(QUARTER).last_day))
    parts, read = 3 * towns, (3 * towns - 2) * 1000 + 9
    set_aside = (3 * towns - 2) * 10 + 9
    (line,) = [row for row in rows if row[1:2] == [desk.office.policy.contracts[parted].title]]
    assert line[2:] == [
        str(parts), str(parts - 2), "1", "1", "0", f"{read:,}", str(set_aside), f"{set_aside / read:.2%}"
    ]  # fmt: skip
    names = {r.code: r.name for r in desk.office.policy.regions}
    title = f"按时报送{desk.office.policy.contracts[parted].title}（本季度迟报、未报）"
    assert {row[0] for row in rows if row[1:2] == [title]} == {names[absent], names[late]}


@pytest.mark.parametrize(("read", "share"), [(9, "—"), (10, "20.00%")])
def test_a_rate_over_a_few_is_not_shown(desk: Desk, read: int, share: str) -> None:
    whole = next(
        d
        for d, scopes in scopes_of(desk.office, Period.parse(MONTHS[0])).items()
        if not scopes and d not in desk.with_rows
    )
    desk.hand_in(MONTHS[0], whole, rows_read=read, rows_quarantined=2)
    for month in MONTHS:
        desk.close(month)
    _, rows = desk.read(desk.bulletin())
    (line,) = [row for row in rows if row[1:2] == [desk.office.policy.contracts[whole].title]]
    assert line[-1] == share


def test_findings_of_three_months_are_summed_up(desk: Desk) -> None:
    october = desk.compare("2026-10", "甲")  # 乙 and 丙 are missing there
    desk.close("2026-10", october)
    desk.later()
    november = desk.compare("2026-11", "甲 乙")  # 乙 is back
    desk.close("2026-11", november)
    desk.later()
    december = desk.compare("2026-12", "甲", registered="甲 乙 丙 丁")  # 乙 again, 丁 new
    desk.close("2026-12", december)
    desk.later()
    said, rows = desk.read(desk.bulletin())
    assert "新增差异4条，再次比对后一致1条，期末存量3条，其中涉及登记人员3条" in said
    assert "每千名登记人员750.00条" in said
    assert "改正后再次出现1条" in said
    label = desk.office.policy.codes["finding_kind"].label_of(desk.rule.finds, Period.parse(QUARTER).last_day)
    assert [label, "4", "1", "3"] in rows
    assert ["一致性", "25.00%", "各系统之间没有存量差异的人员占登记人员"] in rows
    assert ["唯一性", "100.00%", "没有重复登记的人员占登记人员"] in rows
    (owner,) = [row for row in rows if row[1:2] == ["核实更正存量比对差异"]]
    assert owner[2] == "3条"
    assert owner[3].endswith("（暂定）")  # into a year whose days off are not published yet


def test_the_quarter_speaks_of_the_register_of_its_last_month(desk: Desk) -> None:
    for month, registered in zip(MONTHS, ("甲 乙 丙 丁 戊", "甲 乙 丙 丁", "甲 乙"), strict=True):
        desk.close(month, desk.compare(month, "甲 乙", registered=registered))
        desk.later()
    _, rows = desk.read(desk.bulletin())
    towns = [row for row in rows if row[0] == "合计"]
    assert towns[-1][1] == "2"


def test_the_last_snapshot_and_drill_are_told(closed: Desk) -> None:
    hub, policy_hash = closed.office.policy.hub, closed.office.policy.hash
    with closed.office.database.begin(Role.OWNER) as connection:
        for name, rows, equal in (("first", 10, False), ("second", 20, True)):
            when = closed.later()
            ledger.record(connection, tables.snapshot, {
                "snapshot_id": name, "hub": hub, "period": "2026-Q3", "policy_hash": policy_hash,
                "recipients": ["a", "b"], "recorded_as_of": when})  # fmt: skip
            ledger.record(connection, tables.snapshot_taken, {
                "snapshot_id": name, "manifest_hash": name * 12, "bytes": 1, "tables": 3, "rows": rows, "objects": 7,
                "recorded_as_of": when})  # fmt: skip
            ledger.record(connection, tables.restore_drill, {
                "snapshot_id": name, "ordinal": 1, "seconds": 1, "tables": 3, "all_equal": equal, "differences": [],
                "recorded_as_of": when})  # fmt: skip
    said, _ = closed.read(closed.bulletin())
    assert "3张表、20行，原件7份，摘要值secondsecondseco" in said
    assert "核对3张表，与备份时一致" in said
