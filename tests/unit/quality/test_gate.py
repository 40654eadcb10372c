"""The gate: rows in, issues out; and every way in which it might have failed open."""

from __future__ import annotations

import logging
from datetime import date

import pytest

from bidui.policy.contract import Column, Completeness
from bidui.quality import gate

from .conftest import PARAMETERS, expect, found, suite, table, visits

NONE: frozenset[int] = frozenset()
DAY = date(2026, 11, 3)
SOUND = table(
    (1, "H1", "A", "male", 3, DAY),
    (2, "H1", "B", "female", 12, None),
    (3, "H2", "A", None, None, DAY),
)


def test_sound_rows_raise_nothing():
    result = gate.check(
        SOUND, visits(), suite(), parameters=PARAMETERS, exclude_rows=NONE, codes={"sex": {"male", "female"}}
    )
    assert found(result) == set()
    assert not result.table_issues
    assert not result.refused


def test_a_contract_that_asks_for_nothing_without_a_suite_lets_all_rows_pass():
    rows = table((1, None, None, None, None, None), (2, "H1", "A", "x", 99, DAY))
    asks_nothing = visits(columns=tuple(Column(name=name, title=name) for name in rows.columns if "__" not in name))
    result = gate.check(rows, asks_nothing, suite(), parameters=PARAMETERS, exclude_rows=NONE)
    assert (found(result), result.table_issues, result.refused) == (set(), (), False)


def test_contract_is_asserted_again_on_rows_that_passed():
    rows = table((1, "H1", None, "male", 3, DAY), (2, "H1", "B", "other", 13, DAY), (3, "H2", "C", "male", 12, DAY))
    result = gate.check(
        rows, visits(), suite(), parameters=PARAMETERS, exclude_rows=NONE, codes={"sex": {"male", "female"}}
    )
    assert found(result) == {(4, "required_missing"), (5, "value_not_in_list"), (5, "out_of_range")}
    assert result.quarantined == {4, 5}
    assert set(result.row_issues["column"]) == {"id_no", "sex", "months"}


def test_rows_that_were_set_aside_before_are_not_judged():
    rows = table((1, "H1", None, "male", 99, "no date at all"), (2, "H2", "B", "male", 3, DAY))
    assert found(gate.check(rows, visits(), suite(), parameters=PARAMETERS, exclude_rows={4})) == set()


def test_the_same_row_again_is_a_copy_even_under_another_line_number():
    rows = table((1, "H1", "3x", "male", 3, DAY), (2, "H1", "3X", "male", 3, DAY), (3, "H1", "3x", "male", 3, DAY))
    result = gate.check(rows, visits(), suite(), parameters=PARAMETERS, exclude_rows=NONE)
    assert found(result) == {(5, "duplicate_identical"), (6, "duplicate_identical")}
    assert result.quarantined == {5, 6}


def test_rows_that_differ_under_one_key_are_all_set_aside():
    rows = table((1, "H1", "A", "male", 3, DAY), (2, "H1", "A", "male", 4, DAY), (3, "H1", "A", "male", 3, DAY))
    result = gate.check(rows, visits(), suite(), parameters=PARAMETERS, exclude_rows=NONE)
    assert found(result) == {(row, "duplicate_conflict") for row in (4, 5, 6)}


def test_one_person_in_two_households_is_no_duplicate_row():
    rows = table((1, "H1", "A", "male", 3, DAY), (2, "H2", "A", "male", 3, DAY))
    assert found(gate.check(rows, visits(), suite(), parameters=PARAMETERS, exclude_rows=NONE)) == set()


@pytest.mark.parametrize(
    ("least", "share", "codes"),
    [
        (3, 1.0, set()),
        (4, 1.0, {"rows_too_few"}),
        (1, 0.24, {"quarantined_share_too_high"}),
        (1, 0.25, set()),
    ],
)
def test_completeness_warns_and_never_refuses(least, share, codes):
    contract = visits(complete_if=Completeness(maximum_quarantined_share=share))
    rows = table(
        *SOUND[["line", "household", "id_no", "sex", "months", "seen_on"]].itertuples(index=False),
        (4, "H3", "D", None, 1, DAY),
    )
    result = gate.check(rows, contract, suite(), parameters={**PARAMETERS, "least_rows": least}, exclude_rows={7})
    assert {issue.code for issue in result.table_issues} == codes
    assert not result.refused


@pytest.mark.parametrize(("previous", "warned"), [(2, True), (3, False), (4, True), (None, False)])
def test_row_count_against_the_previous_submission(previous, warned):
    contract = visits(complete_if=Completeness(maximum_change=0.2))
    result = gate.check(
        SOUND, contract, suite(), parameters={**PARAMETERS, "previous_rows": previous}, exclude_rows=NONE
    )
    assert [(i.code, i.counts) for i in result.table_issues] == ([("rows_changed", {"rows": 3})] if warned else [])
    assert result.not_applicable == (("contract.rows.change",) if previous is None else ())


def test_an_effect_on_the_table_counts_and_names_no_row():
    own = suite(
        expect(
            "expect_column_values_to_be_in_set",
            "shifted",
            "refuse",
            column="sex",
            value_set=["female"],
            mostly=0.6,
        )
    )
    result = gate.check(SOUND, visits(), own, parameters=PARAMETERS, exclude_rows=NONE)
    assert result.refused
    assert result.table_issues == (
        gate.TableIssue(
            "shifted",
            "shifted_failed",
            "refuse",
            {"element_count": 3, "unexpected_count": 1, "missing_count": 1},
        ),
    )
    assert result.row_issues.empty


def test_no_rows_at_all_are_judged_like_any_others():
    result = gate.check(SOUND.iloc[:0], visits(), suite(), parameters=PARAMETERS, exclude_rows=NONE)
    assert [issue.code for issue in result.table_issues] == ["rows_too_few"]


ODD = expect("expect_column_values_to_be_odd_looking", "typo", column="sex")
GONE = expect("expect_column_values_to_not_be_null", "gone", column="nowhere")
BAD = expect("expect_column_values_to_match_regex", "bad", column="sex", regex="(")
CLASH = expect("expect_column_pair_values_a_to_be_greater_than_b", "clash", column_A="seen_on", column_B="sex")
KWARG = expect("expect_column_values_to_not_be_null", "kwarg", column="sex", colour="red")


@pytest.mark.parametrize("expectation", [ODD, GONE, BAD, CLASH, KWARG], ids=lambda e: e["meta"]["rule"])
def test_an_expectation_that_cannot_run_refuses_the_file(expectation):
    result = gate.check(SOUND, visits(), suite(expectation), parameters=PARAMETERS, exclude_rows=NONE)
    assert result.refused
    assert {issue.code for issue in result.table_issues} == {"gate_error"}


def test_a_missing_parameter_refuses_the_file():
    own = suite(
        expect(
            "expect_column_values_to_be_between",
            "late",
            column="seen_on",
            max_value={"$PARAMETER": "received_on"},
        )
    )
    result = gate.check(SOUND, visits(), own, parameters={"previous_rows": 3}, exclude_rows=NONE)
    assert result.refused
    assert result.reason == "SuiteParameterError"


def test_a_value_of_the_wrong_type_refuses_the_file_and_is_not_repeated(caplog):
    caplog.set_level(logging.DEBUG)
    rows = table((1, "H1", "A", "male", "secret", DAY))
    result = gate.check(rows, visits(), suite(), parameters=PARAMETERS, exclude_rows=NONE)
    assert result.refused
    assert "secret" not in repr(result) + caplog.text


def test_no_value_leaves_the_gate(caplog, capfd):
    caplog.set_level(logging.DEBUG)
    rows = table(
        (1, "H1", "CANARY-7", "CANARY-8", 3, DAY),
        (2, "H1", "CANARY-7", "CANARY-9", 99, DAY),
        (3, "CANARY-6", "Z", "m", 99, DAY),
    )
    own = suite(expect("expect_column_values_to_match_regex", "form", column="id_no", regex="^Q"), CLASH)
    result = gate.check(rows, visits(), own, parameters=PARAMETERS, exclude_rows=NONE, codes={"sex": {"male"}})
    assert found(result) >= {(6, "form_failed"), (6, "value_not_in_list")}
    said = repr(result) + result.row_issues.to_csv() + caplog.text + "".join(capfd.readouterr())
    assert "CANARY" not in said
    assert "CANARY" not in result.reason


def test_a_rule_of_dates_compares_days():
    own = suite(
        expect(
            "expect_column_values_to_be_between",
            "late",
            column="seen_on",
            max_value={"$PARAMETER": "received_on"},
        )
    )
    rows = table((1, "H1", "A", None, 1, date(2026, 11, 26)), (2, "H1", "B", None, 1, date(2026, 11, 27)))
    assert found(gate.check(rows, visits(), own, parameters=PARAMETERS, exclude_rows=NONE)) == {(5, "late_failed")}


WHOLE = {"type": "comparison", "column": {"name": "household__complete"}, "operator": "==", "parameter": True}
ONE_HEAD = expect(
    "expect_one_marked_row_per_group",
    "head",
    column_A="household",
    column_B="sex",
    marker="male",
    row_condition=WHOLE,
)


def test_a_group_with_none_or_several_marked_rows():
    rows = table(
        (1, "one", "A", "male", 1, DAY), (2, "one", "B", "female", 1, DAY),
        (3, "none", "C", "female", 1, DAY), (4, "none", "D", "female", 1, DAY),
        (5, "two", "E", "male", 1, DAY), (6, "two", "F", "female", 1, DAY), (7, "two", "G", "male", 1, DAY),
    )  # fmt: skip
    result = gate.check(rows, visits(), suite(ONE_HEAD), parameters=PARAMETERS, exclude_rows=NONE)
    assert found(result) == {(row, "head_failed") for row in (6, 8, 10)}


def test_a_household_of_which_a_row_was_set_aside_is_not_judged():
    rows = table((1, "H1", "bad", "male", 1, DAY), (2, "H1", "B", "female", 1, DAY), (3, "H2", "C", "female", 1, DAY))
    result = gate.check(rows, visits(), suite(ONE_HEAD), parameters=PARAMETERS, exclude_rows={4})
    assert found(result) == {(6, "head_failed")}


def test_a_group_that_does_not_agree():
    own = suite(expect("expect_groups_to_agree", "agree", column_A="household", column_B="months"))
    rows = table(
        (1, "H1", "A", None, 1, DAY),
        (2, "H1", "B", None, 1, DAY),
        (3, "H1", "C", None, 2, DAY),
        (4, "H2", "D", None, 2, DAY),
    )
    assert found(gate.check(rows, visits(), own, parameters=PARAMETERS, exclude_rows=NONE)) == {(6, "agree_failed")}


def test_an_amendment_is_judged_by_the_row_only():
    own = suite(
        ONE_HEAD,
        expect(
            "expect_column_values_to_be_in_set",
            "shifted",
            "refuse",
            column="sex",
            value_set=["x"],
            mostly=0.9,
        ),
        expect("expect_column_values_to_not_be_null", "seen", column="seen_on"),
    )
    rows = table((1, "H1", "A", "female", 1, None))
    contract = visits(complete_if=Completeness(maximum_quarantined_share=0.0))
    parameters = {**PARAMETERS, "least_rows": 10}
    amendment = gate.check(rows, contract, own, parameters=parameters, exclude_rows=NONE, whole=False)
    assert found(amendment) == {(4, "seen_failed")}
    assert not amendment.table_issues
    everything = gate.check(rows, contract, own, parameters=parameters, exclude_rows=NONE)
    assert found(everything) == {(4, "seen_failed"), (4, "head_failed")}
    assert {issue.code for issue in everything.table_issues} == {"rows_too_few", "shifted_failed"}
