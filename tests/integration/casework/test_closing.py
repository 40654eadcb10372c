"""Concluding a month: rounds, leads and their numbers, cases, and findings that only a later comparison settles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from bidui.casework import closing
from bidui.casework.closing import Merged, Round
from bidui.domain.working_days import Due
from bidui.policy.rule import Rule
from bidui.store import ledger, tables
from bidui.store.database import Role
from bidui.store.ledger import in_force
from tests.sql.case import Case, table
from tests.sql.play import Play

OCTOBER, NOVEMBER, DECEMBER = "2026-10", "2026-11", "2026-12"
DUE = {
    "red": Due(date(2026, 12, 8), provisional=False), "orange": Due(date(2026, 12, 16), provisional=False),
    "yellow": Due(date(2027, 1, 1), provisional=True),
}  # fmt: skip
OFFICES = {"v11": "t1", "v12": "t1", "v21": "t2"}


@dataclass
class Desk:
    """One hub that closes months, with one rule that looks for register people in another dataset."""

    play: Play
    rule: Rule
    last: Round | None = None

    def month(self, period: str, there: str | None, *, registered: str = "甲 乙", unknown: str = "") -> str:
        """Lay out a month and run the rule. ``there``: who is in the other dataset; None when it did not come."""
        given = {self.rule.system_a or "": [{"person": label, "household": "一户"} for label in registered.split()]}
        if there is not None:
            given[self.rule.system_b or ""] = [{"person": label} for label in there.split()]
        maybe = [{"of": self.rule.system_b, "person": label, "reason": "one_digit"} for label in unknown.split()]
        self.play.lay_out(Case(self.rule.id, "", given, period=period, candidates=maybe))
        return self.run(period)

    def run(self, period: str, rule: Rule | None = None) -> str:
        with self.play.store.begin(Role.COMPARE) as connection:
            return self.play.run(connection, rule or self.rule, period)[0].run_id

    def close(self, period: str, *runs: str) -> tuple[int, int]:
        """Close a month with these runs; how many findings got a case, and how many agree."""
        with self.play.store.begin(Role.COMPARE) as connection:
            self.last = now = closing.open_round(
                connection, self.play.policy.hub, period, runs, "policy", self.play.as_of
            )
            opened = closing.open_findings(
                connection, now, self.owners(), Due(date(2026, 12, 4), provisional=False), self.play.as_of
            )
            return opened, closing.converge(connection, now, self.play.as_of)

    def owners(self) -> dict[tuple[str, str, str], str]:
        bound_to = self.play.datasets(self.rule)
        return {
            (self.rule.finds or "", bound_to[self.rule.system_a or ""], bound_to[self.rule.system_b or ""]): "somebody"
        }

    def open_round(self, period: str, *runs: str) -> Round:
        with self.play.store.begin(Role.COMPARE) as connection:
            return closing.open_round(connection, self.play.policy.hub, period, runs, "policy", self.play.as_of)

    def states(self) -> dict[str, list[str | None]]:
        """Label of each finding's subject → states of its cases, oldest first."""
        labels = {token: label for label, token in self.play.tokens["person"].items()}
        with self.play.store.begin(Role.COMPARE) as connection:
            rows = connection.execute(
                text(
                    "SELECT f.subject, c.state FROM core.case_state c JOIN core.finding f USING (finding_key)"
                    " WHERE c.hub = :hub ORDER BY c.recorded_as_of, c.opened_period, c.case_id"
                ),
                {"hub": self.play.policy.hub},
            ).all()
        found: dict[str, list[str | None]] = {}
        for row in rows:
            found.setdefault(labels[row.subject], []).append(row.state)
        return found

    def later(self) -> None:
        self.play.as_of += timedelta(hours=1)


@pytest.fixture
def desk(play: Play) -> Desk:
    return Desk(play, play.policy.rules["coverage_there"])


@pytest.fixture
def runs(desk: Desk) -> list[str]:
    """Three runs of one month."""
    first = desk.month(NOVEMBER, "甲")
    return [first, *(desk.run(NOVEMBER, desk.rule.model_copy(update={"hash": text})) for text in ("two", "three"))]


# -- rounds


def test_the_same_runs_make_the_same_round(desk: Desk, runs: list[str]) -> None:
    a, b, c = runs
    hub = desk.play.policy.hub
    assert desk.open_round(NOVEMBER, a, b) == Round(hub, NOVEMBER, 1, new=True)
    assert desk.open_round(NOVEMBER, b, a, a) == Round(hub, NOVEMBER, 1, new=False)
    assert desk.open_round(NOVEMBER, a, b, c) == Round(hub, NOVEMBER, 2, new=True)
    assert desk.open_round(NOVEMBER, a, b) == Round(hub, NOVEMBER, 3, new=True)
    assert desk.open_round(NOVEMBER, a, b) == Round(hub, NOVEMBER, 3, new=False)


def test_each_period_counts_its_own_rounds(desk: Desk, runs: list[str]) -> None:
    assert [desk.open_round(period, runs[0]).round for period in (OCTOBER, NOVEMBER, OCTOBER)] == [1, 1, 1]


def test_a_month_without_any_rule_is_closed_once(desk: Desk) -> None:
    assert [desk.open_round(OCTOBER).new for _ in range(2)] == [True, False]


def test_only_the_latest_round_is_in_force(desk: Desk, runs: list[str]) -> None:
    desk.open_round(NOVEMBER, runs[0], runs[1])
    desk.open_round(NOVEMBER, runs[1], runs[2])
    with desk.play.store.begin(Role.COMPARE) as connection:
        in_force = (
            connection.execute(
                text("SELECT run_id FROM core.run_in_force WHERE hub = :hub"), {"hub": desk.play.policy.hub}
            )
            .scalars()
            .all()
        )
    assert sorted(in_force) == sorted(runs[1:])


# -- leads


def merged(household: int, region: str = "v11", level: str = "orange", signals: tuple[str, ...] = ()) -> Merged:
    return Merged(household, region, level, ("uninsured",), signals)


def open_leads(desk: Desk, now: Round, *leads: Merged) -> int:
    with desk.play.store.begin(Role.COMPARE) as connection:
        return closing.open_leads(connection, now, leads, {}, DUE, "towns", OFFICES, desk.play.as_of)


def leads(desk: Desk) -> list[tuple[str, int, str, str]]:
    with desk.play.store.begin(Role.COMPARE) as connection:
        rows = connection.execute(
            text("SELECT lead_no, household_id, region, level FROM core.lead WHERE hub = :hub ORDER BY lead_no"),
            {"hub": desk.play.policy.hub},
        ).all()
        return [tuple(row) for row in rows]  # type: ignore[misc]


def test_leads_are_numbered_by_place_without_gaps_and_go_on_in_the_next_round(desk: Desk) -> None:
    hub = desk.play.policy.hub
    assert (
        open_leads(
            desk,
            Round(hub, NOVEMBER, 1, new=True),
            merged(9, "v21"),
            merged(4, "v12"),
            merged(7),
            merged(3, "v12", "red"),
        )
        == 4
    )
    assert open_leads(desk, Round(hub, NOVEMBER, 2, new=True), merged(1), merged(9, "v21")) == 2
    assert open_leads(desk, Round(hub, DECEMBER, 1, new=True), merged(7)) == 1
    assert leads(desk) == [
        ("2026-11-00001", 7, "v11", "orange"),
        ("2026-11-00002", 3, "v12", "red"),
        ("2026-11-00003", 4, "v12", "orange"),
        ("2026-11-00004", 9, "v21", "orange"),
        ("2026-11-00005", 1, "v11", "orange"),
        ("2026-11-00006", 9, "v21", "orange"),
        ("2026-12-00001", 7, "v11", "orange"),
    ]


def test_a_closing_that_fails_takes_no_number(desk: Desk) -> None:
    now = Round(desk.play.policy.hub, NOVEMBER, 1, new=True)
    with pytest.raises(KeyError):
        open_leads(desk, now, merged(1), merged(2, "nowhere"))
    open_leads(desk, now, merged(2))
    assert leads(desk) == [("2026-11-00001", 2, "v11", "orange")]


def test_each_lead_has_a_case_of_the_office_that_visits_with_the_term_of_its_level(desk: Desk) -> None:
    open_leads(
        desk, Round(desk.play.policy.hub, NOVEMBER, 1, new=True), merged(1, "v12", "red"), merged(2, "v21", "yellow")
    )
    with desk.play.store.begin(Role.COMPARE) as connection:
        rows = connection.execute(
            text(
                "SELECT l.household_id, c.owner_party, c.owner_region, c.due, l.due_provisional, c.opened_period,"
                " c.state"
                " FROM core.lead l JOIN core.case_state c USING (lead_id) WHERE l.hub = :hub ORDER BY 1"
            ),
            {"hub": desk.play.policy.hub},
        ).all()
    assert [tuple(row) for row in rows] == [
        (1, "towns", "t1", date(2026, 12, 8), False, NOVEMBER, None),
        (2, "towns", "t2", date(2027, 1, 1), True, NOVEMBER, None),
    ]


def test_no_leads_at_all(desk: Desk) -> None:
    assert open_leads(desk, Round(desk.play.policy.hub, NOVEMBER, 1, new=True)) == 0


# -- findings


def test_a_finding_has_one_case_however_often_it_is_seen(desk: Desk) -> None:
    assert desk.close(OCTOBER, desk.month(OCTOBER, "甲")) == (1, 0)
    assert desk.close(NOVEMBER, desk.month(NOVEMBER, "甲")) == (0, 0)
    assert desk.states() == {"乙": [None]}


def test_a_finding_that_is_seen_no_more_agrees(desk: Desk) -> None:
    desk.close(OCTOBER, desk.month(OCTOBER, "甲"))
    run = desk.month(NOVEMBER, "甲 乙")
    assert desk.close(NOVEMBER, run) == (0, 1)
    assert desk.states() == {"乙": ["agreed"]}
    with desk.play.store.begin(Role.COMPARE) as connection:
        event = connection.execute(text(
            'SELECT e.value, e.actor FROM core.case_event e JOIN core."case" c USING (case_id) WHERE c.hub = :hub'),
            {"hub": desk.play.policy.hub}).one()  # fmt: skip
    assert tuple(event) == (NOVEMBER, run)


def test_somebody_who_left_the_register_agrees_too(desk: Desk) -> None:
    desk.close(OCTOBER, desk.month(OCTOBER, "甲"))
    assert desk.close(NOVEMBER, desk.month(NOVEMBER, "甲", registered="甲")) == (0, 1)


def test_it_agrees_once(desk: Desk) -> None:
    desk.close(OCTOBER, desk.month(OCTOBER, "甲"))
    assert desk.close(NOVEMBER, desk.month(NOVEMBER, "甲 乙")) == (0, 1)
    assert desk.close(DECEMBER, desk.month(DECEMBER, "甲 乙")) == (0, 0)


def test_a_frozen_rule_settles_nothing(desk: Desk) -> None:
    desk.close(OCTOBER, desk.month(OCTOBER, "甲"))
    assert desk.close(NOVEMBER, desk.month(NOVEMBER, None)) == (0, 0)
    assert desk.states() == {"乙": [None]}


def test_a_rule_that_did_not_run_settles_nothing(desk: Desk) -> None:
    desk.close(OCTOBER, desk.month(OCTOBER, "甲"))
    desk.month(NOVEMBER, "甲 乙")
    other = next(r for r in desk.play.policy.of_stage("compare") if not r.absent_from and not r.parameters)
    assert desk.close(NOVEMBER, desk.run(NOVEMBER, other)) == (0, 0)
    assert desk.states() == {"乙": [None]}


def test_somebody_unknown_is_not_settled(desk: Desk) -> None:
    desk.close(OCTOBER, desk.month(OCTOBER, "甲"))
    assert desk.close(NOVEMBER, desk.month(NOVEMBER, "甲", unknown="乙")) == (0, 0)
    assert desk.states() == {"乙": [None]}


def test_only_what_is_seen_no_more_agrees(desk: Desk) -> None:
    desk.close(OCTOBER, desk.month(OCTOBER, "甲", registered="甲 乙 丙"))
    assert desk.close(NOVEMBER, desk.month(NOVEMBER, "甲 丙", registered="甲 乙 丙")) == (0, 1)
    assert desk.states() == {"乙": [None], "丙": ["agreed"]}


def test_an_amended_file_settles_within_the_month(desk: Desk) -> None:
    desk.close(NOVEMBER, desk.month(NOVEMBER, "甲"))
    with desk.play.store.begin(Role.INTAKE) as connection:
        contract = desk.play.contracts(desk.rule, desk.play.datasets(desk.rule))[desk.rule.absent_from or ""]
        before = connection.execute(
            text("SELECT submission_id FROM core.submission WHERE hub = :hub AND dataset = :dataset"),
            {"hub": desk.play.policy.hub, "dataset": contract.id},
        ).scalar_one()
        amended = desk.play.submit(connection, contract, {"period": NOVEMBER, "supersedes": before})
        desk.play.settle(connection, contract, amended, table("person\n甲\n乙"))
    assert desk.close(NOVEMBER, desk.run(NOVEMBER)) == (0, 1)


def test_a_rule_changed_in_between_still_settles_what_it_found_before(desk: Desk) -> None:
    desk.close(OCTOBER, desk.month(OCTOBER, "甲"))
    desk.month(NOVEMBER, "甲 乙")
    assert desk.close(NOVEMBER, desk.run(NOVEMBER, desk.rule.model_copy(update={"hash": "changed"}))) == (0, 1)


def test_closing_an_earlier_month_again_settles_nothing_that_a_later_one_sees(desk: Desk) -> None:
    first = desk.month(OCTOBER, "甲")
    desk.close(OCTOBER, first)
    desk.close(NOVEMBER, desk.month(NOVEMBER, "甲"))
    desk.later()
    with desk.play.store.begin(Role.INTAKE) as connection:
        contract = desk.play.contracts(desk.rule, desk.play.datasets(desk.rule))[desk.rule.absent_from or ""]
        late = desk.play.submit(connection, contract, {"period": OCTOBER, "recorded_as_of": desk.play.as_of})
        desk.play.settle(connection, contract, late, table("person\n甲\n乙"))
    assert desk.close(OCTOBER, desk.run(OCTOBER)) == (0, 0)
    assert desk.states() == {"乙": [None]}


def test_what_differs_again_after_it_agreed_is_worked_on_again(desk: Desk) -> None:
    desk.close(OCTOBER, desk.month(OCTOBER, "甲"))
    desk.close(NOVEMBER, desk.month(NOVEMBER, "甲 乙"))
    desk.later()
    assert desk.close(DECEMBER, desk.month(DECEMBER, "甲")) == (1, 0)
    assert desk.states() == {"乙": ["agreed", None]}


# -- evidence: what is not seen because it could not be seen does not agree


DEAD = {
    "register": "person | household\n甲 | 一户",
    "roster": "person | stop_reason | stop_date\n甲 | died | 2026-05-01",
}
ALIVE = {**DEAD, "roster": "person | state\n甲 | insured"}
UNMARKED = {
    "register": "person | household | dibao\n甲 | 一户 | false",
    "benefit": "person | household | started_on\n甲 | 低保一 | 2025-03-01",
}
MARKED = {**UNMARKED, "register": "person | household | dibao\n甲 | 一户 | true"}


def month(desk: Desk, period: str, given: dict[str, str], **what: Any) -> tuple[int, int]:
    """Lay out a month, compare by the desk's rule and close it; how many findings got a case, and how many agree."""
    tables_of = {alias: table(drawn) for alias, drawn in given.items()}
    desk.play.lay_out(Case(desk.rule.id, "", tables_of, period=period, **what))
    return desk.close(period, desk.run(period))


@pytest.mark.parametrize("alias", ["register", "roster"])
def test_a_finding_stays_open_while_a_row_that_was_set_aside_may_be_its_subject(play: Play, alias: str) -> None:
    """In either system: the row that cannot be read may be just the one that would still differ."""
    desk = Desk(play, play.policy.rules["death_not_removed"])
    assert month(desk, OCTOBER, DEAD) == (1, 0)
    aside = table(f"of | person | reason\n{alias} | 甲 | same name and village, one_digit")
    assert month(desk, NOVEMBER, ALIVE, candidates=aside) == (0, 0)
    assert desk.states() == {"甲": [None]}
    assert month(desk, DECEMBER, ALIVE) == (0, 1)


def test_a_row_that_was_set_aside_holds_up_nobody_else(play: Play) -> None:
    desk = Desk(play, play.policy.rules["death_not_removed"])
    assert month(desk, OCTOBER, DEAD) == (1, 0)
    aside = table("of | person | reason\nroster | 乙 | row set aside")
    assert month(desk, NOVEMBER, ALIVE, candidates=aside) == (0, 1)


def test_rows_that_an_amendment_carries_hold_up_too(play: Play) -> None:
    desk = Desk(play, play.policy.rules["death_not_removed"])
    assert month(desk, OCTOBER, DEAD) == (1, 0)
    aside = table("of | person | reason\nroster | 甲 | row set aside")
    assert month(desk, NOVEMBER, ALIVE, candidates=aside) == (0, 0)
    roster = play.contracts(desk.rule, play.datasets(desk.rule))["roster"]
    for kind, agreed in (("amend", 0), ("full", 1)):
        with play.store.begin(Role.INTAKE) as connection:
            before = in_force(connection, play.policy.hub, roster.id, [NOVEMBER], play.as_of)[0].submission_id
            again = play.submit(connection, roster, {"period": NOVEMBER, "kind": kind, "supersedes": before})
            play.settle(connection, roster, again, table("person | state\n甲 | insured"))
        assert desk.close(NOVEMBER, desk.run(NOVEMBER)) == (0, agreed), kind


@pytest.mark.parametrize("alias", ["register", "roster"])
def test_an_incomplete_file_settles_nothing(play: Play, alias: str) -> None:
    desk = Desk(play, play.policy.rules["death_not_removed"])
    assert month(desk, OCTOBER, DEAD) == (1, 0)
    assert month(desk, NOVEMBER, ALIVE, submissions={alias: {"complete": False}}) == (0, 0)
    assert month(desk, DECEMBER, ALIVE) == (0, 1)


def test_of_many_months_only_the_one_in_which_it_was_seen_must_be_complete(play: Play) -> None:
    desk = Desk(play, play.policy.rules["cost_parts_differ"])
    (alias,) = desk.rule.reads
    expense = play.contracts(desk.rule, play.datasets(desk.rule))[alias]

    def bills(period: str, total: int, *, complete: bool = True, instead: bool = False) -> None:
        with play.store.begin(Role.INTAKE) as connection:
            known = in_force(connection, play.policy.hub, expense.id, [period], play.as_of)
            about = {"period": period, "complete": complete, "sheet": str(total)}
            made = play.submit(connection, expense, about | {"supersedes": known[0].submission_id if instead else None})
            rows = table(f"person | settlement_no | total | own_paid\n甲 | {period} | {total} | 100")
            play.mint(connection, rows)
            play.settle(connection, expense, made, rows)

    bills("2026-09", 100, complete=False)
    bills(OCTOBER, 900)
    assert desk.close(OCTOBER, desk.run(OCTOBER)) == (1, 0)
    bills(OCTOBER, 100, complete=False, instead=True)
    bills(NOVEMBER, 100)
    assert desk.close(NOVEMBER, desk.run(NOVEMBER)) == (0, 0)
    bills(OCTOBER, 101, instead=True)
    assert desk.close(NOVEMBER, desk.run(NOVEMBER)) == (0, 1)


def test_an_incomplete_file_may_still_show_what_differs(play: Play) -> None:
    desk = Desk(play, play.policy.rules["death_not_removed"])
    assert month(desk, OCTOBER, DEAD, submissions={"roster": {"complete": False}}) == (1, 0)


def test_a_comparison_waits_for_every_region(play: Play) -> None:
    """Nothing here depends on absence; but what the missing town would have said is not settled, it is not known."""
    desk = Desk(play, play.policy.rules["benefit_not_flagged"])
    assert month(desk, OCTOBER, UNMARKED) == (1, 0)
    assert month(desk, NOVEMBER, MARKED, submissions={"benefit": {"missing": 1}}) == (0, 0)
    assert desk.states() == {"甲": [None]}
    assert month(desk, DECEMBER, MARKED) == (0, 1)


# -- events


@pytest.fixture
def visited(desk: Desk) -> Callable[..., int]:
    """Records events of the case of one lead; how many were new."""
    open_leads(desk, Round(desk.play.policy.hub, NOVEMBER, 1, new=True), merged(1))

    def record(name: str, value: str | None = None) -> int:
        with desk.play.store.begin(Role.INTAKE) as connection:
            case = connection.execute(
                text('SELECT case_id FROM core."case" WHERE hub = :hub'), {"hub": desk.play.policy.hub}
            ).scalar_one()
            made = closing.event(case, name, value, actor="rule", as_of=desk.play.as_of)
            desk.later()
            return ledger.record_new(connection, tables.case_event, made)

    return record


def state(desk: Desk) -> tuple[str | None, str | None]:
    with desk.play.store.begin(Role.COMPARE) as connection:
        row = connection.execute(
            text("SELECT state, outcome FROM core.case_state WHERE hub = :hub"), {"hub": desk.play.policy.hub}
        ).one()
        return row.state, row.outcome


def test_the_same_event_is_written_once(visited: Callable[..., int]) -> None:
    assert [visited("visited", "take_in"), visited("visited", "take_in"), visited("visited", "refer")] == [1, 0, 1]


def test_the_latest_answer_counts_and_a_blank_never_hides_one(desk: Desk, visited: Callable[..., int]) -> None:
    assert state(desk) == (None, None)
    visited("unanswered")
    assert state(desk) == ("unanswered", None)
    visited("visited", "refer")
    visited("visited", "take_in")
    assert state(desk) == ("visited", "take_in")
    visited("unanswered", "again")
    assert state(desk) == ("visited", "take_in")
