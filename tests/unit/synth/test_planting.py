"""What is planted, and what truth expects of it."""

from __future__ import annotations

from collections import Counter

import pytest

from bidui.synth import lists, settings
from bidui.synth.id_number import is_valid
from tests.unit.synth.made import INCLUDE, PERIODS, Made

SIGNALS = {
    "uninsured",
    "lost_supporter",
    "high_selfpay",
    "selfpay_year",
    "newly_disabled",
    "aid_stopped",
    "benefit_unmonitored",
}


def test_every_event_near_a_boundary_is_there_before_on_and_after_it(made: Made) -> None:
    found = {
        (e["boundary"]["name"], e["boundary"]["distance"])
        for e in made.of("event", period="2026-10")
        if "boundary" in e
    }
    assert found == {
        ("death_days", -1),
        ("death_days", 0),
        ("death_days", 1),
        ("newborn_days", -1),
        ("newborn_days", 0),
        ("newborn_days", 1),
        ("able_left", 0),
        ("able_left", 1),
        ("able_left", 2),
        ("id_digits", 0),
        ("id_digits", 1),
        ("death_paid_days", -1),
        ("death_paid_days", 0),
        ("benefit_flag_days", -1),
        ("benefit_flag_days", 0),
        ("benefit_new_days", -1),
        ("benefit_new_days", 0),
        ("certificate_new_days", -1),
        ("certificate_new_days", 0),
        ("month_cost", 0),
        ("month_cost", 1),
        ("year_cost", -1),
        ("year_cost", 0),
        ("parts_off", 0),
        ("parts_off", 1),
    }


@pytest.mark.parametrize(
    ("event", "kind", "fires"),
    [
        ("died_near_limit", "death_not_removed", {-1: False, 0: True, 1: True}),
        ("born_near_limit", "uninsured", {-1: False, 0: True, 1: True}),
        ("born_near_limit", "missing_there", {-1: True, 0: True, 1: True}),
        ("supporter_near_limit", "lost_supporter", {0: True, 1: False, 2: False}),
        ("id_digit_roster", "unknown", {0: True}),
        ("id_two_digits_roster", "unknown", {1: False}),
        ("benefit_id_digit", "unknown", {0: True}),
        ("benefit_id_two_digits", "unknown", {1: False}),
        ("certificate_id_digit", "unknown", {0: True}),
        ("paid_died_near_limit", "death_still_paid", {-1: False, 0: True}),
        ("benefit_unflagged_near_limit", "benefit_not_flagged", {-1: False, 0: True}),
        ("benefit_begun_near_limit", "benefit_unmonitored", {-1: True, 0: False}),
        ("newly_disabled_near_limit", "newly_disabled", {-1: True, 0: False}),
        ("high_cost_near_limit", "high_selfpay", {0: False, 1: True}),
        ("year_cost_near_limit", "selfpay_year", {-1: False, 0: True}),
        ("cost_parts_near_limit", "cost_parts_differ", {0: False, 1: True}),
    ],
)
def test_on_which_side_of_the_boundary_it_fires(made: Made, event: str, kind: str, fires: dict[int, bool]) -> None:
    for period in PERIODS:
        subjects = {x["subject"] for x in made.of("expected", period=period, kind=kind)}
        events = made.of("event", kind=event, period=period)
        assert {e["boundary"]["distance"] for e in events} <= set(fires)
        assert period != PERIODS[0] or {e["boundary"]["distance"] for e in events} == set(fires)
        for e in events:
            hit = bool(subjects & {*e["persons"], *e["households"]})
            assert hit == fires[e["boundary"]["distance"]]


@pytest.mark.parametrize(
    ("event", "kinds"),
    [
        ("unpaid_dated", {"uninsured"}),
        ("never_enrolled", {"missing_there", "uninsured"}),
        ("born", {"missing_there"}),
        ("moved_out", set()),
        ("joined_army", set()),
        ("changed_scheme", set()),
        ("died", {"death_not_removed"}),
        ("died_lately", set()),
        ("aided_alleviated", {"missing_here"}),
        ("aided_but_stopped", set()),
        ("name_misspelt_roster", {"name_conflict"}),
        ("name_misspelt_register", {"name_conflict"}),
        ("name_spaced", set()),
        ("name_wide_space", set()),
        ("name_padded", set()),
        ("name_other_dot", set()),
        ("name_variant_roster", set()),
        ("id_digit_roster", {"unknown"}),
        ("id_swapped_roster", {"unknown"}),
        ("id_two_digits_roster", {"missing_there", "uninsured"}),
        ("id_digit_elsewhere", {"missing_there", "uninsured"}),
        ("id_digit_register", {"unknown"}),
        ("id_digit_outsider", set()),
        ("in_two_households", {"duplicate"}),
        ("benefit_gone", {"benefit_flag_stale"}),
        ("benefit_flag_stays", {"benefit_flag_stale"}),
        ("benefit_unflagged", {"benefit_not_flagged"}),
        ("benefit_flag_empty", {"benefit_not_flagged"}),
        ("benefit_begun", {"benefit_unmonitored"}),
        ("benefit_begun_monitored", set()),
        ("benefit_id_swapped", {"unknown"}),
        ("benefit_id_two_digits", {"benefit_flag_stale"}),
        ("benefit_name_misspelt", {"name_conflict"}),
        ("benefit_name_spaced", set()),
        ("in_two_benefits", {"benefit_duplicate"}),
        ("paid_died", {"death_not_removed", "death_still_paid"}),
        ("paid_died_outside", {"death_still_paid"}),
        ("certificate_cancelled", {"disability_flag_stale"}),
        ("certificate_expired", {"disability_flag_stale"}),
        ("certificate_gone", {"disability_flag_stale"}),
        ("certificate_status_known", set()),
        ("certified_unflagged", {"disability_not_flagged"}),
        ("disability_flag_stays", {"disability_flag_stale"}),
        ("disability_level_differs", {"disability_differs"}),
        ("disability_category_differs", {"disability_differs"}),
        ("certificate_id_digit", {"unknown"}),
        ("certificate_id_elsewhere", {"disability_flag_stale"}),
        ("certificate_name_misspelt", {"name_conflict"}),
        ("certificate_name_spaced", set()),
        ("newly_disabled", {"newly_disabled"}),
        ("newly_disabled_in_mind", {"newly_disabled"}),
        ("newly_disabled_lightly", set()),
        ("newly_disabled_unflagged", {"newly_disabled", "disability_not_flagged"}),
        ("high_cost", {"high_selfpay"}),
        ("high_cost_in_two_bills", {"high_selfpay"}),
        ("very_high_cost", {"high_selfpay", "selfpay_year"}),
        ("high_cost_settled_before", set()),
        ("high_cost_id_digit", set()),
        ("high_cost_outside", set()),
        ("long_illness", set()),
        ("cost_parts_differ", {"cost_parts_differ"}),
        ("cost_parts_differ_outside", {"cost_parts_differ"}),
    ],
)
def test_what_an_event_makes_findable_of_its_persons(made: Made, event: str, kinds: set[str]) -> None:
    events = made.of("event", kind=event, period="2026-10")
    assert events
    for person in (p for e in events for p in e["persons"]):
        assert {x["kind"] for x in made.of("expected", period="2026-10", subject=person)} == kinds


@pytest.mark.parametrize(
    ("event", "kinds"),
    [
        ("benefit_stopped", {"aid_stopped"}),
        ("benefit_member_left", {"aid_stopped"}),
        ("paid_died_and_stopped", set()),
    ],
)
def test_what_may_happen_only_after_the_first_month(made: Made, event: str, kinds: set[str]) -> None:
    assert not made.of("event", kind=event, period="2026-10")
    speak_of = Counter(p for e in made.of("event") for p in e["persons"])
    found = [
        {x["kind"] for x in made.of("expected", period=e["period"], subject=person)}
        for e in made.of("event", kind=event)
        for person in e["persons"]
        if speak_of[person] == 1
    ]
    assert found
    assert all(x == kinds for x in found)


def test_a_long_illness_costs_too_much_in_its_third_month(made: Made) -> None:
    (ill, *_) = made.of("event", kind="long_illness", period="2026-10")
    found = [{x["kind"] for x in made.of("expected", period=p, subject=ill["persons"][0])} for p in PERIODS]
    assert found == [set(), set(), {"selfpay_year"}]


def test_a_bill_that_does_not_add_up_is_found_in_every_later_month(made: Made) -> None:
    found = [{x["discriminator"] for x in made.of("expected", period=p, kind="cost_parts_differ")} for p in PERIODS]
    assert found[0]
    assert found[0] <= found[1] <= found[2]


def test_everything_expected_comes_from_an_event(made: Made) -> None:
    befallen = {s for e in made.of("event") for s in (*e["persons"], *e["households"])}
    assert {x["subject"] for x in made.of("expected")} <= befallen


def test_expected_lines_are_unique_and_their_numbers_valid(made: Made) -> None:
    about = ("period", "kind", "subject", "field", "discriminator", "systems", "occurrence")
    keys = Counter(tuple(str(x.get(key)) for key in about) for x in made.of("expected"))
    assert max(keys.values()) == 1
    assert all(is_valid(x["subject"]) for x in made.of("expected", subject_type="person"))
    assert all(len(x["subject"]) == 11 for x in made.of("expected", subject_type="household"))


def test_leads_gather_the_new_signals_and_each_is_visited(made: Made) -> None:
    led: set[tuple[str, str, str]] = set()
    outcomes = {
        kind: set(lists.labels(INCLUDE, kind)) | {""} for kind in ("visit_outcome", "visit_manner", "refusal_reason")
    }
    for period in PERIODS:
        signals = [x for x in made.of("expected", period=period) if x["kind"] in SIGNALS]
        new = [x for x in signals if (x["kind"], x["subject"], x["occurrence"]) not in led]
        led |= {(x["kind"], x["subject"], x["occurrence"]) for x in signals}
        leads = made.of("expected", period=period, kind="lead")
        assert {x["household"] for x in new} == {x["subject"] for x in leads}
        visits = made.of("visit", period=period)
        assert [v["household"] for v in visits] == [x["subject"] for x in leads]
        for v in visits:
            assert v["outcome"] in outcomes["visit_outcome"]
            assert v["manner"] in outcomes["visit_manner"]
            assert v["refusal_reason"] in outcomes["refusal_reason"]
            assert bool(v["refusal_reason"]) == (v["outcome"] == "not_taken_in")


def test_a_quiet_town_has_no_lead_in_its_period(made: Made) -> None:
    found, _ = settings.settings(INCLUDE, "demo")
    for number, towns in found.quiet.items():
        leads = made.of("expected", kind="lead", period=PERIODS[number - 1])
        assert leads
        assert not {x["town"] for x in leads} & set(towns)


def test_the_second_month_brings_some_new_and_mends_some(made: Made) -> None:
    for kind in ("uninsured", "name_conflict", "missing_here"):
        first, second = ({x["subject"] for x in made.of("expected", kind=kind, period=p)} for p in PERIODS[:2])
        assert first - second
        assert second - first
        assert first & second
