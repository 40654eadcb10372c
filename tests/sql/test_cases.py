"""Every rule, by example: the cases in ``cases/`` on a real Postgres; see ``case.py`` for how they are written."""

from __future__ import annotations

import pytest

from bidui.domain.period import Period
from bidui.policy.policy_set import PolicySet
from bidui.policy.rule import Rule
from tests.sql.case import ALL, Case, Row, Table
from tests.sql.play import Play

STAGES = ("compare", "screen", "lead", "settle")


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.id)
def test_case(case: Case, play: Play) -> None:
    play.lay_out(case)
    outcome = play.outcome(case)
    columns = list(case.expect[0]) if case.expect else ["subject"]
    assert sorted_rows(outcome.found, columns) == sorted_rows([with_tokens(row, play) for row in case.expect], columns)
    assert sorted(outcome.unknown) == sorted(case.unknown)
    assert outcome.frozen == case.frozen


def sorted_rows(rows: Table, columns: list[str]) -> Table:
    return sorted(({column: row.get(column) for column in columns} for row in rows), key=str)


def with_tokens(row: Row, play: Play) -> Row:
    """Values of findings are tokens where they are names or households; subjects are labels on both sides."""
    known = {label: str(token) for kind in ("household", "name") for label, token in play.tokens[kind].items()}
    return {key: known.get(cell or "", cell) if key in {"value_a", "value_b"} else cell for key, cell in row.items()}


def rules(policy: PolicySet) -> list[Rule]:
    return [rule for stage in STAGES for rule in policy.of_stage(stage)]  # type: ignore[arg-type]


def test_every_rule_has_a_case_in_which_it_fires_and_one_in_which_it_does_not(policy: PolicySet) -> None:
    wanted = {rule.id for rule in rules(policy)}
    assert len(wanted) >= 9
    assert wanted - {case.rule for case in ALL if case.fires} == set()
    assert wanted - {case.rule for case in ALL if case.stays_silent} == set()
    assert {case.rule for case in ALL} - wanted == set()


def test_every_threshold_has_a_case_below_at_and_above_it(policy: PolicySet) -> None:
    for rule in rules(policy):
        for name in rule.parameters:
            assert any(name in case.parameters for case in ALL if case.rule == rule.id), f"{rule.id}: {name} moved"
            if policy.profile.thresholds[name].of:  # codes: the moved ones have no neighbours
                continue
            threshold = float(policy.threshold(name, Period.parse("2026-11").last_day))
            shipped = {
                case.at[name] for case in ALL if case.rule == rule.id and name in case.at and not case.parameters
            }
            assert threshold in shipped, f"{rule.id}: {name}"
            assert any(threshold < value <= threshold + 1 for value in shipped), f"{rule.id}: {name} above"
            assert threshold == 0 or any(threshold - 1 <= value < threshold for value in shipped), (
                f"{rule.id}: {name} below"
            )


def test_every_rule_about_absence_has_a_case_of_the_unknown_and_one_that_is_frozen(policy: PolicySet) -> None:
    absent = [rule.id for rule in rules(policy) if rule.absent_from]
    assert absent
    for rule in absent:
        own = [case for case in ALL if case.rule == rule]
        assert any(case.unknown for case in own), rule
        assert {"no submission in force", "submission not complete"} <= {case.frozen for case in own}, rule


def test_names_of_cases_are_told_apart() -> None:
    assert len({case.id for case in ALL}) == len(ALL)
