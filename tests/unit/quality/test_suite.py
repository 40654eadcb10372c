"""Suites as files: what is refused at load, and what the lint says about a suite and its contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from bidui.policy import contract_file
from bidui.policy.contract import Completeness
from bidui.policy.source import PolicyError, read_yaml
from bidui.quality.suite import compile_contract, load, of_dataset, restated, undeclared_issues, unknown_columns, within

from .conftest import INCLUDE, expect, suite, visits

GOOD = """\
name: dept.visits
expectations:
  - type: expect_column_values_to_not_be_null
    kwargs: {column: sex}
    severity: warning
    meta: {rule: sex_given, issue: sex_missing, effect: note, title: 填有性别}
"""


def read(folder: Path, text: str, name: str = "dept.visits.yaml"):
    """Load ``text`` as the suite file ``name``."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return load(path, folder)


def test_a_suite_is_read_as_it_stands(tmp_path):
    own = read(tmp_path, GOOD)
    assert own.name == "dept.visits"
    assert own.file == "dept.visits.yaml"
    assert own.expectations[0].meta.rule == "sex_given"
    assert own.hash == read(tmp_path, GOOD).hash


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        (
            "severity: warning",
            "severity: warning\n    colour: red",
            "dept.visits.yaml:6: expectations.0.colour",
        ),
        ("effect: note", "effect: note, colour: red", "dept.visits.yaml:6: expectations.0.meta.colour"),
        ("effect: note", "effect: shrug", "dept.visits.yaml:6"),
        ("severity: warning", "severity: loud", "dept.visits.yaml:5"),
        ("severity: warning", "severity: critical", "effect note has severity info or warning"),
        ("{column: sex}", "{column: sex, mostly: 0.9}", "mostly belongs to the whole table"),
        ("{column: sex}", "{column: sex, max_value: {$PARAMETER: now()}}", "unknown parameters: now"),
        ("name: dept.visits", "name: dept.visitors", "dept.visits.yaml:1: name must be dept.visits"),
        ("name: dept.visits", "name: dept.visits\nhash: '0'", "not to be stated"),
        ("expectations:\n", "expectations: [\n", "not YAML"),
    ],
)
def test_what_is_not_understood_is_an_error_with_file_and_line(tmp_path, written, instead, said):
    with pytest.raises(PolicyError) as error:
        read(tmp_path, GOOD.replace(written, instead))
    assert said in str(error.value)


def test_a_dataset_for_which_nobody_wrote_a_suite_has_an_empty_one(tmp_path):
    assert of_dataset("dept.visits", tmp_path).expectations == ()


def test_a_rule_stated_twice_is_an_error(tmp_path):
    twice = GOOD + GOOD.split("expectations:\n")[1]
    with pytest.raises(PolicyError, match="rule stated twice: sex_given"):
        read(tmp_path, twice)


def test_what_a_contract_compiles_to():
    contract = visits(complete_if=Completeness(maximum_change=0.2))
    rules = {e.meta.rule: e.kwargs for e in compile_contract(contract, {"sex": {"male", "female"}})}
    assert rules == {
        "contract.required.household": {"column": "household"},
        "contract.required.id_no": {"column": "id_no"},
        "contract.codes.sex": {"column": "sex", "value_set": ["female", "male"]},
        "contract.range.months": {"column": "months", "min_value": 0, "max_value": 12},
        "contract.key": {"column_list": ["household", "id_no__key"], "ignore_row_if": "any_value_is_missing"},
        "contract.rows.minimum": {"min_value": {"$PARAMETER": "least_rows"}},
        "contract.rows.change": {
            "min_value": {"$PARAMETER": "previous_rows * 0.8 + 0.999999"},
            "max_value": {"$PARAMETER": "previous_rows * 1.2 + 0.000001"},
        },
    }


@pytest.mark.parametrize(
    ("expectation", "repeats"),
    [
        (expect("expect_column_values_to_not_be_null", "r", column="household"), True),
        (expect("expect_column_values_to_not_be_null", "r", column="sex"), False),
        (expect("expect_column_values_to_be_in_set", "r", column="sex", value_set=["male"]), True),
        (
            expect("expect_column_values_to_be_in_set", "r", "warn", column="sex", value_set=["male"], mostly=0.5),
            False,
        ),
        (
            expect(
                "expect_column_values_to_be_between",
                "r",
                column="months",
                min_value=0,
                row_condition={"type": "x"},
            ),
            False,
        ),
        (expect("expect_compound_columns_to_be_unique", "r", column_list=["id_no__key", "household"]), True),
    ],
)
def test_a_suite_may_not_repeat_its_contract(expectation, repeats):
    assert bool(restated(suite(expectation), visits())) is repeats


def test_a_column_that_nobody_provides_is_named():
    condition = {"type": "comparison", "column": {"name": "nowhere"}, "operator": "==", "parameter": 1}
    own = suite(
        expect("expect_column_values_to_not_be_null", "derived", column="id_no__sex"),
        expect("expect_column_values_to_not_be_null", "gates", column="household__complete"),
        expect("expect_column_values_to_not_be_null", "lost", column="sex", row_condition=condition),
    )
    assert unknown_columns(own, visits()) == ["visits.yaml: lost reads unknown columns: nowhere"]


def test_an_expectation_about_a_column_of_another_version_does_not_apply():
    """A misspelt column, which no version has, stays, and the gate refuses what it cannot judge."""
    one = visits()
    wider = one.model_copy(update={"columns": (*one.columns, one.columns[-1].model_copy(update={"name": "stay"}))})
    own = suite(*(expect("expect_column_values_to_not_be_null", c, column=c) for c in ("sex", "stay", "stey")))
    assert [e.meta.rule for e in within(own, one, (one, wider)).expectations] == ["sex", "stey"]
    assert [e.meta.rule for e in within(own, wider, (one, wider)).expectations] == ["sex", "stay", "stey"]
    assert unknown_columns(own, one, wider) == ["visits.yaml: stey reads unknown columns: stey"]


def test_an_issue_outside_the_closed_list_is_named():
    own = suite(expect("expect_column_values_to_not_be_null", "sex", column="sex"))
    assert undeclared_issues(own, {"other"}) == ["visits.yaml: sex raises the undeclared issue sex_failed"]
    assert undeclared_issues(own, {"sex_failed"}) == []


SUITES = sorted((INCLUDE / "expectations").glob("*.yaml"))


@pytest.mark.parametrize("path", SUITES, ids=lambda p: p.stem)
def test_the_policys_own_suites_are_clean(path):
    party, dataset = path.stem.split(".", 1)
    contract = contract_file.read(read_yaml(INCLUDE / "catalogue" / party / f"{dataset}.yaml", INCLUDE))
    own = load(path, INCLUDE)
    assert own.name == contract.id
    assert restated(own, contract) + unknown_columns(own, contract) == []


def test_there_are_suites():
    assert len(SUITES) >= 3
