"""The suites of the policy, rule by rule: a row that fails it and its neighbour that does not."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from .conftest import Judge

PERSON = {
    "town": "甲镇",
    "village": "一村",
    "household_no": "99000000001",
    "name": "甲",
    "id_no": "A",
    "id_no__number": "A",
    "id_no__sex": "male",
    "id_no__birth": date(1970, 5, 6),
    "sex_stated": "male",
    "birth_stated": date(1970, 5, 6),
    "relation": "head",
    "household_type": "alleviated",
    "head_id_no": "A",
    "head_id_no__number": "A",
}
ENROLMENT = {
    "name": "甲",
    "id_no": "A",
    "id_no__number": "A",
    "id_no__birth": date(1970, 5, 6),
    "scheme": "resident",
    "state": "insured",
    "insured_year": 2026,
}
VERIFICATION = {
    "lead_no": "L1",
    "household_no": "99000000001",
    "due": date(2026, 11, 10),
    "outcome": "take_in",
    "manner": "door",
    "visited_on": date(2026, 11, 5),
    "visitor": "乙",
}
SETTLEMENT = {
    "name": "甲",
    "id_no": "A",
    "id_no__number": "A",
    "settlement_no": "S1",
    "visit_type": "inpatient",
    "settled_on": date(2026, 11, 3),
    "total": 100.0,
    "basic_paid": 60.0,
    "own_paid": 40.0,
}
MEMBER = {
    "village": "一村",
    "case_no": "D1",
    "aid_type": "full",
    "insured_count": 2,
    "member_no__count": 2,
    "amount": 300.0,
    "started_on": date(2026, 3, 1),
    "name": "甲",
    "id_no": "A",
    "id_no__number": "A",
}
CERTIFICATE = {
    "name": "甲",
    "certificate_no": "A42",
    "certificate_no__number": "A",
    "certificate_no__category": "4",
    "certificate_no__level": "2",
    "category": "physical",
    "level": "2",
    "status": "valid",
    "issued_on": date(2026, 10, 15),
}
BASE = {
    "hub.alleviated_person": PERSON,
    "insurance_med.enrolment_roster": ENROLMENT,
    "town.verification": VERIFICATION,
    "insurance_med.high_selfpay": SETTLEMENT,
    "civil.dibao": MEMBER,
    "disabled.certificate": CERTIFICATE,
}
ANOTHER = {
    "town.verification": {"lead_no": "Z"},
    "insurance_med.high_selfpay": {"settlement_no": "Z"},
    "civil.dibao": {"case_no": "Z", "id_no": "Z", "id_no__number": "Z"},
    "disabled.certificate": {"certificate_no": "Z42", "certificate_no__number": "Z"},
}
"""What makes a second row another one; of the others, the ID number does."""
CANCELLED = {"status": "cancelled", "cancelled_on": date(2026, 11, 2)}
MONITORED = {"monitored_category": "marginal", "risk_1": "illness", "identified_month": date(2026, 11, 1)}

# Issue, what fires it, what does not.
CASES: dict[str, list[tuple[str, dict[str, Any], dict[str, Any]]]] = {
    "hub.alleviated_person": [
        ("birth_not_as_id", {"birth_stated": date(1970, 6, 5)}, {"birth_stated": None}),
        ("date_in_future", {"birth_stated": date(2026, 11, 21)}, {"birth_stated": date(2026, 11, 20)}),
        ("head_not_one", {"relation": "son"}, {}),
        ("head_id_differs", {"head_id_no__number": "B"}, {"head_id_no__number": None}),
        ("household_number_form", {"household_no": "9900000001"}, {}),
        (
            "monitored_category_missing",
            {"household_type": "ordinary"},
            {**MONITORED, "household_type": "ordinary"},
        ),
        ("risk_missing", {**MONITORED, "risk_1": None}, MONITORED),
        ("identified_month_missing", {**MONITORED, "identified_month": None}, MONITORED),
        ("date_in_future", {**MONITORED, "identified_month": date(2026, 12, 1)}, MONITORED),
    ],
    "insurance_med.enrolment_roster": [
        (
            "stop_date_missing",
            {"state": "ended", "stop_reason": "died"},
            {"state": "ended", "stop_reason": "died", "stop_date": date(2026, 10, 1)},
        ),
        ("stop_reason_missing", {"state": "suspended"}, {"state": "suspended", "stop_reason": "unpaid"}),
        ("stop_reason_while_insured", {"stop_reason": "unpaid"}, {}),
        ("date_in_future", {"stop_date": date(2026, 12, 1)}, {"stop_date": date(2026, 11, 30)}),
        ("stop_before_birth", {"stop_date": date(1970, 5, 5)}, {"stop_date": date(1970, 5, 6)}),
        ("insured_year_not_current", {"insured_year": 2025}, {"insured_year": 2027}),
        (
            "aid_without_category",
            {"aid_category": "none", "aid_amount": 1},
            {"aid_category": "dibao", "aid_amount": 1},
        ),
    ],
    "town.verification": [
        ("outcome_missing", {"outcome": None}, {}),
        (
            "refusal_reason_missing",
            {"outcome": "not_taken_in"},
            {"outcome": "not_taken_in", "refusal_reason": "covered"},
        ),
        ("refusal_reason_without_refusal", {"refusal_reason": "covered"}, {}),
        ("visit_date_missing", {"visited_on": None}, {"visited_on": None, "outcome": None}),
        ("visit_manner_missing", {"manner": None}, {"manner": None, "outcome": None}),
        ("visitor_missing", {"visitor": None}, {"visitor": None, "outcome": None}),
        ("taken_in_without_visit", {"manner": "phone"}, {"manner": "phone", "outcome": "unreachable"}),
        ("visit_before_period", {"visited_on": date(2026, 10, 31)}, {"visited_on": date(2026, 11, 1)}),
        ("date_in_future", {"visited_on": date(2026, 11, 27)}, {"visited_on": date(2026, 11, 26)}),
        ("visit_after_due", {"visited_on": date(2026, 11, 11)}, {"visited_on": date(2026, 11, 10)}),
    ],
    "insurance_med.high_selfpay": [
        ("date_in_future", {"settled_on": date(2026, 11, 21)}, {"settled_on": date(2026, 11, 20)}),
        ("settled_outside_period", {"settled_on": date(2026, 10, 31)}, {"settled_on": date(2026, 11, 1)}),
        ("cost_parts_unequal", {"total": 101.01}, {"total": 101.0}),
        ("cost_parts_unequal", {"own_paid": 38.99}, {"own_paid": 39.0}),
        ("cost_parts_unequal", {"serious_paid": 1.01}, {"serious_paid": 1.0}),
        ("compliant_above_own", {"own_compliant": 40.01}, {"own_compliant": 40.0}),
    ],
    "civil.dibao": [
        ("insured_count_differs", {"insured_count": 3}, {"insured_count": None}),
        ("aid_amount_missing", {"amount": None}, {}),
        ("date_in_future", {"started_on": date(2026, 12, 1)}, {"started_on": date(2026, 11, 30)}),
    ],
    "disabled.certificate": [
        ("certificate_category_differs", {"category": "visual"}, {"category": None}),
        ("certificate_category_differs", {"certificate_no__category": "7"}, {"certificate_no__category": None}),
        ("certificate_level_differs", {"level": "3"}, {"level": None}),
        ("certificate_detail_missing", {"category": None}, {"category": None, **CANCELLED}),
        ("certificate_detail_missing", {"level": None}, {"level": None, **CANCELLED}),
        ("date_in_future", {"issued_on": date(2026, 12, 1)}, {"issued_on": date(2026, 11, 30)}),
        ("cancelled_on_missing", {"status": "cancelled"}, CANCELLED),
        ("cancelled_on_while_valid", {**CANCELLED, "status": "valid"}, {**CANCELLED, "status": "expired"}),
        (
            "cancelled_before_issued",
            {**CANCELLED, "cancelled_on": date(2026, 10, 14)},
            {**CANCELLED, "cancelled_on": date(2026, 10, 15)},
        ),
    ],
}


@pytest.mark.parametrize(
    ("dataset", "issue", "fires", "sound"),
    [
        pytest.param(dataset, *case, id=f"{dataset}-{n}-{case[0]}")
        for dataset, cases in CASES.items()
        for n, case in enumerate(cases)
    ],
)
def test_row_rule(judge: Judge, dataset, issue, fires, sound):
    one = {**BASE[dataset], **fires}
    other = {**BASE[dataset], **sound, **ANOTHER.get(dataset, {"id_no": "Z", "id_no__number": "Z"})}
    if dataset == "hub.alleviated_person":
        other |= {"household_no": "99000000002", "head_id_no__number": sound.get("head_id_no__number", "Z")}
    result = judge(dataset, [one, other])
    raised = result.row_issues.query("code == @issue")
    assert set(raised["row"]) == {4}
    assert set(raised["effect"]) == {"note"}


def test_sex_against_the_number_is_noted_and_the_row_stays(judge: Judge):
    rows = [
        {**PERSON, "household_no": f"9900000000{n}"}
        | dict.fromkeys(("id_no", "id_no__number", "head_id_no__number"), n)
        for n in "01234"
    ]
    rows[0]["sex_stated"] = "female"
    result = judge("hub.alleviated_person", rows)
    assert result.row_issues[["row", "column", "code", "effect"]].to_numpy().tolist() == [
        [4, "sex_stated", "sex_not_as_id", "note"]
    ]
    assert not result.refused


@pytest.mark.parametrize(("wrong", "refused"), [(3, False), (4, True)])
def test_a_register_whose_columns_have_slipped_is_refused(judge: Judge, wrong, refused):
    rows = [{**PERSON, "household_no": f"990000000{n:02}", "id_no": str(n), "id_no__number": str(n)} for n in range(10)]
    for row in rows[:wrong]:
        row["sex_stated"] = "female"
    result = judge("hub.alleviated_person", rows)
    assert result.refused is refused
    assert ("columns_shifted" in {issue.code for issue in result.table_issues}) is refused


def test_one_household_stands_in_one_village(judge: Judge):
    spouse = {**PERSON, "id_no": "B", "id_no__number": "B", "relation": "spouse", "village": "二村"}
    issues = judge("hub.alleviated_person", [PERSON, spouse]).row_issues
    assert issues[["row", "column", "code"]].to_numpy().tolist() == [[5, "village", "household_in_two_places"]]


def test_one_household_has_one_amount_and_one_village(judge: Judge):
    other = {**MEMBER, "id_no": "B", "id_no__number": "B"}
    assert judge("civil.dibao", [MEMBER, other]).row_issues.empty
    issues = judge("civil.dibao", [MEMBER, {**other, "amount": 200.0, "village": "二村"}]).row_issues
    assert issues[["row", "column", "code"]].to_numpy().tolist() == [
        [5, "amount", "aid_amount_differs"], [5, "village", "household_in_two_places"],
    ]  # fmt: skip


def test_a_roster_that_holds_mostly_stops_is_warned_about(judge: Judge):
    stops = [{**ENROLMENT, "id_no": str(n), "id_no__number": str(n), "state": "ended"} for n in range(2)]
    assert {i.code for i in judge("insurance_med.enrolment_roster", [ENROLMENT, *stops]).table_issues} >= {
        "insured_share_low"
    }
    assert "insured_share_low" not in {
        i.code for i in judge("insurance_med.enrolment_roster", [ENROLMENT, stops[0]]).table_issues
    }
    assert not judge("insurance_med.enrolment_roster", [ENROLMENT, *stops]).refused


def test_without_a_data_date_its_rules_do_not_apply(judge: Judge):
    result = judge("hub.alleviated_person", [PERSON], data_date=None)
    assert set(result.not_applicable) >= {"person.birth_not_after_data_date"}
    assert not result.refused
