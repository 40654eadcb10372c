"""What surrounds every rule: which submissions it reads, when it is frozen, and what makes two runs the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, text

from bidui.policy.agreement import Provision
from bidui.policy.rule import Read, Rule
from bidui.rules.running import RunResult
from bidui.store import ledger, tables
from bidui.store.database import Role
from tests.sql.case import Case, table
from tests.sql.play import Play

PERIOD = "2026-11"


def run(play: Play, rule: Rule, period: str = PERIOD) -> RunResult:
    with play.store.begin(Role.COMPARE) as connection:
        return play.run(connection, rule, period)[0]


def missing(play: Play, result: RunResult) -> list[str]:
    """Labels of the subjects that a run found."""
    labels = {token: label for label, token in play.tokens["person"].items()}
    query = text(
        "SELECT subject FROM core.finding_seen JOIN core.finding USING (finding_key) WHERE run_id = :run ORDER BY 1"
    )
    with play.store.begin(Role.COMPARE) as connection:
        return [labels[subject] for subject in connection.execute(query, {"run": result.run_id}).scalars()]


def submit_again(connection: Connection, play: Play, rule: Rule, rows: str, **about: object) -> int:
    """Another submission of the dataset in which the rule looks for people."""
    contract = play.contracts(rule, play.datasets(rule))[rule.absent_from or ""]
    submission = play.submit(connection, contract, {"period": PERIOD, **about})
    play.mint(connection, table(rows))
    play.settle(connection, contract, submission, table(rows))
    return submission


def in_force(play: Play, rule: Rule) -> int:
    with play.store.begin(Role.COMPARE) as connection:
        return play.run(connection, rule, PERIOD)[1].inputs[rule.absent_from or ""][0].submission_id


# -- the same run


def test_the_same_inputs_are_the_same_run(laid_out: Play, rule: Rule) -> None:
    first, second = run(laid_out, rule), run(laid_out, rule)
    assert (first.new, second.new) == (True, False)
    assert replace(second, new=True) == first
    assert missing(laid_out, second) == ["乙"]


def test_another_period_another_rule_text_or_another_threshold_is_another_run(laid_out: Play, rule: Rule) -> None:
    first = run(laid_out, rule)
    assert run(laid_out, rule, "2026-12").run_id != first.run_id
    assert run(laid_out, rule.model_copy(update={"hash": "changed"})).run_id != first.run_id
    dated = next(r for r in laid_out.policy.of_stage("compare") if r.parameters)
    (name,) = dated.parameters
    with laid_out.store.begin(Role.COMPARE) as connection:
        runs = {laid_out.run(connection, dated, PERIOD, {name: value})[0].run_id for value in (1, 2, 2)}
    assert len(runs) == 2


def test_a_finding_keeps_its_key_over_runs(laid_out: Play, rule: Rule) -> None:
    for text_of_rule in ("one", "two"):
        run(laid_out, rule.model_copy(update={"hash": text_of_rule}))
    with laid_out.store.begin(Role.COMPARE) as connection:
        seen = connection.execute(
            text(
                "SELECT count(DISTINCT finding_key), count(*) FROM core.finding_seen"
                " JOIN core.finding USING (finding_key) WHERE hub = :hub"
            ),
            {"hub": laid_out.policy.hub},
        ).one()
    assert tuple(seen) == (1, 2)


def test_a_run_remembers_what_it_read(laid_out: Play, rule: Rule) -> None:
    result = run(laid_out, rule)
    with laid_out.store.begin(Role.COMPARE) as connection:
        read = connection.execute(
            text("SELECT alias, submission_id FROM core.run_input WHERE run_id = :id"), {"id": result.run_id}
        )
        assert {row.alias.split("/")[0] for row in read} == {rule.system_a, rule.system_b}


# -- which submissions


def test_a_submission_that_supersedes_is_read_instead(laid_out: Play, rule: Rule) -> None:
    before = in_force(laid_out, rule)
    with laid_out.store.begin(Role.INTAKE) as connection:
        submit_again(connection, laid_out, rule, "person\n乙", supersedes=before)
    assert missing(laid_out, run(laid_out, rule)) == ["甲"]


def test_what_came_later_was_not_known_then(laid_out: Play, rule: Rule) -> None:
    first, before = run(laid_out, rule), in_force(laid_out, rule)
    with laid_out.store.begin(Role.INTAKE) as connection:
        later = laid_out.as_of + timedelta(hours=1)
        submit_again(connection, laid_out, rule, "person\n乙", supersedes=before, recorded_as_of=later)
    assert run(laid_out, rule).run_id == first.run_id
    laid_out.as_of = later
    assert missing(laid_out, run(laid_out, rule)) == ["甲"]


def test_other_months_are_not_read(laid_out: Play, rule: Rule) -> None:
    with laid_out.store.begin(Role.INTAKE) as connection:
        submit_again(connection, laid_out, rule, "person\n乙", period="2026-10")
    assert missing(laid_out, run(laid_out, rule)) == ["乙"]


def test_a_read_of_several_months_and_of_the_month_before(laid_out: Play, rule: Rule) -> None:
    with laid_out.store.begin(Role.INTAKE) as connection:
        october = submit_again(connection, laid_out, rule, "person\n乙", period="2026-10")
        september = submit_again(connection, laid_out, rule, "person\n乙", period="2026-09")
    contract = laid_out.contracts(rule, laid_out.datasets(rule))[rule.absent_from or ""]
    november = in_force(laid_out, rule)
    with laid_out.store.begin(Role.COMPARE) as connection:
        binder = laid_out.binder(connection)

        def read(**how: int) -> list[int]:
            return [s.submission_id for s in binder.submissions(contract, Read(dataset=contract.id, **how))]

        assert read() == [november]
        assert read(months=3) == [november, october, september]
        assert read(previous=1) == [october]
        assert read(previous=1, months=12) == [october, september]


def test_a_submission_speaks_for_as_many_months_as_its_contract_says(laid_out: Play, rule: Rule) -> None:
    contract = laid_out.contracts(rule, laid_out.datasets(rule))[rule.absent_from or ""]
    for months, status in ((1, "frozen"), (2, "ran")):
        longer = contract.model_copy(update={"validity_months": months})
        laid_out.policy = replace(laid_out.policy, contracts={**laid_out.policy.contracts, contract.id: longer})
        with laid_out.store.begin(Role.INTAKE) as connection:
            base = laid_out.contracts(rule, laid_out.datasets(rule))[rule.system_a or ""]
            submission = laid_out.submit(connection, base, {"period": "2026-12", "sheet": status})
            laid_out.settle(connection, base, submission, table("person | household\n乙 | 一户"))
        assert run(laid_out, rule, "2026-12").status == status


# -- which datasets


def test_aliases_in_one_role_speak_of_one_dataset(play: Play) -> None:
    """A list is compared with its own of last month, never with another that plays the same role."""
    rule, policy = play.policy.rules["aid_stopped"], play.policy
    (listed,) = policy.in_role("benefit")
    other = policy.contracts[listed].model_copy(update={"id": "other.list"})
    (giver,) = policy.givers(listed)
    given = giver.model_copy(
        update={"provides": (*giver.provides, Provision(dataset=other.id, sealing=("plain",), calibre="全部"))}
    )
    play.policy = replace(
        policy, contracts={**policy.contracts, other.id: other}, agreements={**policy.agreements, given.party: given}
    )
    with play.store.begin(Role.COMPARE) as connection:
        bound = play.binder(connection).instances(rule)
    assert sorted((one["before"], one["benefit"]) for one in bound) == [(listed, listed), (other.id, other.id)]


def test_all_datasets_of_a_role_together(play: Play, rule: Rule) -> None:
    named = play.policy.in_role("named")
    assert len(named) > 1
    read = Read(role="named", together=True, columns=("name_id",))
    both = rule.model_copy(update={"reads": {"named": read}, "sql": "SELECT * FROM named", "stage": "report"})
    with play.store.begin(Role.INTAKE) as connection:
        rows = table("person | name\n甲 | 张三")
        play.mint(connection, rows)
        for dataset in named:
            contract = play.policy.contracts[dataset]
            play.settle(connection, contract, play.submit(connection, contract, {"period": PERIOD}), rows)
    with play.store.begin(Role.COMPARE) as connection:
        binder = play.binder(connection)
        assert binder.instances(both) == [{}]
        found = binder.bind(both, {}).rows(connection)
    assert sorted(row["row"]["dataset"] for row in found) == named
    assert {tuple(row) for row in found} == {("person_id", "name_id", "row")}


# -- scopes side by side


def test_absence_waits_for_every_scope(laid_out: Play, rule: Rule) -> None:
    """Where a dataset comes by regions, one that is missing freezes what depends on absence; a nil report is enough."""
    policy = laid_out.policy
    contract = laid_out.contracts(rule, laid_out.datasets(rule))[rule.absent_from or ""]
    by_region = contract.model_copy(update={"by": "region"})
    (giver,), offices = policy.givers(contract.id), policy.visiting
    moved = {
        giver.party: giver.model_copy(update={"provides": ()}),
        offices.party: offices.model_copy(update={"provides": (*offices.provides, *giver.provides)}),
    }
    laid_out.policy = replace(
        policy, contracts={**policy.contracts, contract.id: by_region}, agreements={**policy.agreements, **moved}
    )
    scopes = [region.code for region in policy.regions_of(offices.level, laid_out.as_of.date())]
    assert len(scopes) > 2
    with laid_out.store.begin(Role.INTAKE) as connection:
        for scope in scopes[1:]:
            submit_again(connection, laid_out, rule, "none", scope=scope, kind="nil")
    with laid_out.store.begin(Role.COMPARE) as connection:
        result, bound = laid_out.run(connection, rule, PERIOD)
    assert (result.status, bound.frozen) == ("frozen", {contract.id: "1 scopes missing"})
    with laid_out.store.begin(Role.INTAKE) as connection:
        submit_again(connection, laid_out, rule, "person\n丁", scope=scopes[0])
    assert missing(laid_out, run(laid_out, rule)) == ["乙"]


def test_absence_waits_for_every_party(laid_out: Play, rule: Rule) -> None:
    """Where a dataset comes by parties, one whose agreement is not in force gives no part that could be missing."""
    policy = laid_out.policy
    contract = laid_out.contracts(rule, laid_out.datasets(rule))[rule.absent_from or ""]
    (giver,) = policy.givers(contract.id)
    other, ended = (a for a in policy.agreements.values() if a.kind == "agency" and a != giver)
    more = {a.party: a.model_copy(update={"provides": (*a.provides, *giver.provides)}) for a in (other, ended)}
    more[ended.party] = more[ended.party].model_copy(update={"valid_to": date(2026, 6, 30)})
    laid_out.policy = replace(
        policy, agreements={**policy.agreements, **more},
        contracts={**policy.contracts, contract.id: contract.model_copy(update={"by": "party"})},
    )  # fmt: skip
    with laid_out.store.begin(Role.INTAKE) as connection:
        submit_again(connection, laid_out, rule, "none", scope=giver.party, kind="nil")
    with laid_out.store.begin(Role.COMPARE) as connection:
        result, bound = laid_out.run(connection, rule, PERIOD)
    assert (result.status, bound.frozen) == ("frozen", {contract.id: "1 scopes missing"})
    with laid_out.store.begin(Role.INTAKE) as connection:
        submit_again(connection, laid_out, rule, "person\n丁", scope=other.party)
    assert missing(laid_out, run(laid_out, rule)) == ["乙"]


def test_one_incomplete_scope_freezes(laid_out: Play, rule: Rule) -> None:
    with laid_out.store.begin(Role.INTAKE) as connection:
        submit_again(connection, laid_out, rule, "person\n丁", scope="elsewhere", complete=False)
    with laid_out.store.begin(Role.COMPARE) as connection:
        result, bound = laid_out.run(connection, rule, PERIOD)
    assert result.status == "frozen"
    assert list(bound.frozen.values()) == ["submission not complete"]


# -- whom rows mean


def link(
    play: Play, connection: Connection, person: str, same_as: str, *, event: str, undoes: str | None = None
) -> None:
    ledger.record(
        connection,
        tables.link_event,
        {
            "event_id": event,
            "person_id": play.tokens["person"][person],
            "same_as": play.tokens["person"][same_as],
            "reason": "one_digit",
            "decided_by": "clerk",
            "undoes": undoes,
            "recorded_as_of": play.as_of,
        },
    )


def test_linked_persons_are_one_until_the_link_is_undone(play: Play, rule: Rule) -> None:
    given = {rule.system_a or "": table("person | household\n己 | 一户"), rule.system_b or "": table("person\n庚")}
    play.lay_out(Case(rule.id, "", given))
    first = run(play, rule)
    assert missing(play, first) == ["己"]
    with play.store.begin(Role.INTAKE) as connection:
        link(play, connection, "庚", "己", event="decided")
    assert missing(play, run(play, rule)) == []
    with play.store.begin(Role.INTAKE) as connection:
        link(play, connection, "庚", "己", event="undone", undoes="decided")
    assert run(play, rule).run_id == first.run_id


def test_a_candidate_who_is_linked_makes_the_other_number_unknown(play: Play, rule: Rule) -> None:
    """The row may mean 辛, and 辛 was decided to be 壬: 壬 is unknown, never absent."""
    given = {rule.system_a or "": table("person | household\n壬 | 一户"), rule.system_b or "": table("person\n癸")}
    maybe = table("of | person | reason\n" + f"{rule.system_b} | 辛 | one_digit")
    play.lay_out(Case(rule.id, "", given, candidates=maybe))
    with play.store.begin(Role.INTAKE) as connection:
        link(play, connection, "辛", "壬", event="辛 is 壬")
    result = run(play, rule)
    assert (missing(play, result), result.unknown) == ([], 1)


def test_a_new_candidate_is_a_new_run(laid_out: Play, rule: Rule) -> None:
    first = run(laid_out, rule)
    with laid_out.store.begin(Role.INTAKE) as connection:
        laid_out.note_candidate(connection, in_force(laid_out, rule), {"person": "乙", "reason": "swapped"})
    second = run(laid_out, rule)
    assert (first.rows, first.unknown) == (1, 0)
    assert (second.new, second.rows, second.unknown) == (True, 0, 1)


@pytest.mark.parametrize(("kind", "found", "unknown"), [("amend", [], 1), ("full", ["乙"], 0)])
def test_candidates_of_the_rows_that_an_amendment_carries(
    laid_out: Play, rule: Rule, kind: str, found: list[str], unknown: int
) -> None:
    """An amendment keeps the other rows of what it amends, the unsettled ones too; a new full file starts afresh."""
    before = in_force(laid_out, rule)
    with laid_out.store.begin(Role.INTAKE) as connection:
        laid_out.note_candidate(connection, before, {"person": "乙", "reason": "swapped"})
        submit_again(connection, laid_out, rule, "person\n甲", supersedes=before, kind=kind)
    result = run(laid_out, rule)
    assert (missing(laid_out, result), result.unknown) == (found, unknown)


def test_a_frozen_rule_finds_nothing_and_says_why(play: Play, rule: Rule) -> None:
    play.lay_out(Case(rule.id, "", {rule.system_a or "": table("person | household\n甲 | 一户")}))
    result = run(play, rule)
    contract = play.contracts(rule, play.datasets(rule))[rule.absent_from or ""]
    assert (result.status, result.rows, missing(play, result)) == ("frozen", 0, [])
    with play.store.begin(Role.COMPARE) as connection:
        why = connection.execute(text("SELECT reason FROM core.run WHERE run_id = :id"), {"id": result.run_id}).scalar()
    assert why == {contract.id: "no submission in force"}
