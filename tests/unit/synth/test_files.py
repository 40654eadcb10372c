"""The parties' files, read back: they say what truth expects, and the systems agree where nothing happened."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Any

from bidui.domain.period import Period
from bidui.synth import lists, settings
from bidui.synth.expect import Judge
from bidui.synth.hub import hub
from bidui.synth.id_number import birth_date, is_valid
from bidui.synth.naming import Sameness
from bidui.synth.places import regions
from bidui.synth.projection import datasets
from bidui.synth.statements import Statements
from tests.unit.synth.made import INCLUDE, PERIODS, Made, a_date, day, persons, read, statements, tables

PLAIN = "hub.contact_list"
"""The one list of the demo that has no projection."""


def test_every_file_has_its_contract_columns_and_says_how_many_rows(made: Made) -> None:
    by_id = {dataset.id: dataset for dataset in datasets(INCLUDE)}
    rows = [r for r in made.of("rows", refused=None) if r["dataset"] != PLAIN]
    assert {r["dataset"] for r in rows} == set(by_id)
    for line in rows:
        dataset = by_id[line["dataset"]]
        table = read(made.out / line["path"], dataset.projection.file.above, dataset.projection.file.below)
        assert table[0] == dataset.written([])[0]
        assert len(persons(dataset, table)) == line["read"]
    assert sorted(p.relative_to(made.out).as_posix() for p in made.summary.files) == sorted(
        r["path"] for r in made.of("rows")
    )


def test_the_broken_file_lacks_its_column_and_comes_first(made: Made) -> None:
    roster = made.of("header")[0]["systems"]["roster"]
    november = made.of("rows", period="2026-11", dataset=roster)
    assert [r["variant"] for r in november] == ["broken", "full", "amend"]
    dataset = next(d for d in datasets(INCLUDE) if d.id == roster)
    header = read(made.out / november[0]["path"], (), ())[0]
    assert set(dataset.titles) - set(header) == {dataset.titles[dataset.position("state")]}


def judged_from_files(made: Made) -> Iterator[tuple[str, set[tuple[Any, ...]]]]:
    found, names = settings.settings(INCLUDE, "demo")
    judge = Judge(found.statement, found.boundaries, Sameness(names.dots, lists.variants(INCLUDE)))
    months: dict[Period, Statements] = {}
    for period in map(Period.parse, PERIODS):
        months[period] = statements(tables(made, str(period)))
        lines = judge.lines(months, period)
        leads = judge.leads(lines)
        yield (
            str(period),
            {(x.kind, x.subject, x.field, x.systems, x.discriminator) for x in lines}
            | {("lead", x.household, "", (), "") for x in leads},
        )


def test_the_files_say_what_truth_expects(made: Made) -> None:
    for period, found in judged_from_files(made):
        expected = {
            (x["kind"], x["subject"], x["field"], tuple(x["systems"]), x["discriminator"])
            for x in made.of("expected", period=period)
        }
        assert found == expected
        assert len(expected) > 50


def test_only_planted_numbers_are_invalid_and_the_people_are_plausible(made: Made) -> None:
    for period in PERIODS:
        said = tables(made, period)
        planted = {x["facts"]["id_no"] for x in made.of("says", period=period) if "id_no" in x["facts"]}
        invalid = {r["id_no"] for rows in said.values() for r in rows if not is_valid(r["id_no"])}
        assert invalid == planted
        heads = Counter(r["household_no"] for r in said["register"] if r["relation"] == "head")
        assert set(heads.values()) == {1}
        assert set(heads) == {r["household_no"] for r in said["register"]}
        for r in said["register"]:
            if is_valid(r["id_no"]):
                assert birth_date(r["id_no"]) == a_date(r["birth_stated"])
                assert ("female", "male")[int(r["id_no"][16]) % 2] == r["sex_stated"]


def test_untidy_rows_are_counted_exactly(made: Made) -> None:
    systems = made.of("header")[0]["systems"]
    (line,) = made.of("rows", period="2026-10", dataset=systems["roster"])
    table = read(made.out / line["path"], (), ())[1:]
    numbers = [row[2] for row in table]
    assert line["repaired_by_code"] == {
        "id_fullwidth": sum(not n.isascii() for n in numbers),
        "id_lowercase_x": sum("x" in n for n in numbers),
        "id_spaces": sum(" " in n for n in numbers),
        "id_15_to_18": sum(len(n) == 15 for n in numbers),
        "date_form": sum(bool(row[8]) and ("年" in row[8] or "/" in row[8] or "." in row[8]) for row in table),
    }
    assert line["quarantined_by_code"] == {
        "value_not_in_list": sum(row[6] not in lists.labels(INCLUDE, "insurance_state").values() for row in table),
        "required_missing": sum(not row[5] for row in table),
    }
    assert line["quarantined"] == sum(line["quarantined_by_code"].values())


# --- the systems against each other ---


def plain(made: Made) -> tuple[dict[str, list[dict[str, str]]], set[str]]:
    """What the files of the first month say, and everybody of whom some event speaks."""
    return tables(made, PERIODS[0]), {p for e in made.of("event") for p in e["persons"]}


def test_flags_aid_and_lists_agree_about_everybody_to_whom_nothing_happens(made: Made) -> None:
    said, befallen = plain(made)
    benefits = {r["id_no"] for r in said["benefit"] if is_valid(r["id_no"])} - befallen
    listed = {r["id_no"]: r for r in said["register"] if is_valid(r["id_no"]) and r["id_no"] not in befallen}
    certificates = {r["id_no"]: f"{r['category']}_{r['level']}" for r in said["certificate"]}
    assert {n for n, r in listed.items() if r["dibao"] == "是"} == benefits & listed.keys()
    assert {n: r["disability"] for n, r in listed.items()} == {n: certificates.get(n, "") for n in listed}
    assert {r["health"] == "disabled" for n, r in listed.items() if n in certificates} == {True}
    aided = {r["id_no"] for r in said["roster"] if r["aid_category"] == "dibao"} - befallen
    assert aided == benefits - listed.keys()


def test_people_in_no_register_are_in_every_list(made: Made) -> None:
    said, _ = plain(made)
    listed = {r["id_no"] for r in said["register"]}
    for system in ("roster", "expense", "benefit", "certificate"):
        numbers = {r["id_no"] for r in said[system]}
        assert numbers & listed
        assert numbers - listed


def test_certificate_numbers_hold_the_id_number_the_category_and_the_level(made: Made) -> None:
    found, _ = settings.settings(INCLUDE, "demo")
    order = list(found.certificates.categories)
    for r in plain(made)[0]["certificate"]:
        number = unicodedata.normalize("NFKC", r["certificate_no"]).replace(" ", "")
        assert number[18:] in ("", f"{order.index(r['category']) + 1}{r['level']}")


def test_bills_are_settled_in_the_month_by_the_data_date_or_a_little_before(made: Made) -> None:
    found, _ = settings.settings(INCLUDE, "demo")
    numbers: Counter[str] = Counter()
    late_ones = 0
    for period in map(Period.parse, PERIODS):
        bills = tables(made, str(period))["expense"]
        numbers.update(r["settlement_no"] for r in bills)
        late = [r for r in bills if day(r["settled_on"]) < period.first_day]
        assert all(day(r["settled_on"]) <= found.data_date(period) for r in bills)
        assert all(day(r["settled_on"]) > found.data_date(period.shift(-1)) for r in late)
        assert len(late) < len(bills) / 4
        late_ones += len(late)
    assert late_ones
    assert set(numbers.values()) == {1}


def test_a_sheet_of_households_has_a_file_for_each_town_and_money_once_a_household(made: Made) -> None:
    system = made.of("header")[0]["systems"]["benefit"]
    dataset = next(d for d in datasets(INCLUDE) if d.id == system)
    files = made.of("rows", period=PERIODS[0], dataset=system)
    known = regions(INCLUDE, "demo", hub(INCLUDE, "demo").levels)
    towns = {town.code: town for town in known.of("town")}
    assert [f["scope"] for f in files] == sorted(towns)
    for f in files:
        table = read(made.out / f["path"], dataset.projection.file.above, dataset.projection.file.below)
        members = persons(dataset, table)
        assert {m["town"] for m in members} == {towns[f["scope"]].name}
        assert f["sums"] == {"amount": sum(int(row[table[0].index("月保障金额")]) for row in table[1:])}
        of_household = Counter(m["case_no"] for m in members)
        assert {m["case_no"]: int(m["insured_count"]) for m in members} == of_household
        assert [m["relation"] for m in members if m["member_no"] == "1"] == ["户主"] * len(of_household)
