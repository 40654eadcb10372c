"""A whole synthetic hub: made twice, made larger, read back from its own files."""

from __future__ import annotations

import ast
import csv
import json
import unicodedata
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from bidui.domain.period import Period
from bidui.synth import Summary, SynthError, lists, make, settings
from bidui.synth.expect import Judge
from bidui.synth.id_number import birth_date, check_digit, is_valid
from bidui.synth.naming import Sameness
from bidui.synth.projection import datasets
from bidui.synth.statements import RegisterRow, RosterRow

ROOT = Path(__file__).parents[3]
INCLUDE = ROOT / "include"
PERIODS = ["2026-10", "2026-11", "2026-12"]
SIGNALS = {"uninsured", "lost_supporter"}


class Made:
    """One synthetic hub and its truth by type of line."""

    def __init__(self, out: Path, seed: int, scale: float, periods: list[str]) -> None:
        self.out = out
        self.summary: Summary = make(INCLUDE, "demo", out, seed=seed, scale=scale, periods=periods)
        self.lines = [json.loads(line) for line in self.summary.truth.read_text(encoding="utf-8").splitlines()]

    def of(self, line_type: str, /, **facts: Any) -> list[dict[str, Any]]:
        return [x for x in self.lines if x["type"] == line_type and all(x.get(k) == v for k, v in facts.items())]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("synth"), 1, 0.1, PERIODS)


def files(out: Path) -> dict[str, bytes]:
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    one, same = Made(tmp_path / "a", 5, 0.05, PERIODS[:1]), Made(tmp_path / "b", 5, 0.05, PERIODS[:1])
    other = Made(tmp_path / "c", 6, 0.05, PERIODS[:1])
    assert files(one.out) == files(same.out)
    assert all(files(other.out)[path] != content for path, content in files(one.out).items())


def test_counts_scale(made: Made, tmp_path: Path) -> None:
    twice = Made(tmp_path, 1, 0.2, PERIODS[:1])
    assert (made.summary.households, made.summary.persons, made.summary.outsiders) == (350, 1200, 2800)
    assert (twice.summary.households, twice.summary.persons, twice.summary.outsiders) == (700, 2400, 5600)
    for kind in ("unpaid_dated", "never_enrolled", "name_misspelt_roster", "died"):
        assert twice.summary.events["2026-10"][kind] == pytest.approx(2 * made.summary.events["2026-10"][kind], abs=1)


def test_every_file_has_its_contract_columns_and_says_how_many_rows(made: Made) -> None:
    by_id = {dataset.id: dataset for dataset in datasets(INCLUDE)}
    rows = made.of("rows", refused=None)
    assert {r["dataset"] for r in rows} == set(by_id)
    for line in rows:
        dataset = by_id[line["dataset"]]
        table = read(made.out / line["path"], dataset.projection.file.above, dataset.projection.file.below)
        assert tuple(table[0]) == dataset.header
        assert len(table) - 1 == line["read"]
    assert sorted(p.relative_to(made.out).as_posix() for p in made.summary.files) == sorted(
        r["path"] for r in made.of("rows")
    )


def test_the_broken_file_lacks_its_column_and_comes_first(made: Made) -> None:
    roster = made.of("header")[0]["systems"]["roster"]
    november = made.of("rows", period="2026-11", dataset=roster)
    assert [r["variant"] for r in november] == ["broken", "full", "amend"]
    dataset = next(d for d in datasets(INCLUDE) if d.id == roster)
    header = read(made.out / november[0]["path"], (), ())[0]
    assert set(dataset.header) - set(header) == {dataset.header[dataset.position("state")]}


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
    ],
)
def test_on_which_side_of_the_boundary_it_fires(made: Made, event: str, kind: str, fires: dict[int, bool]) -> None:
    for period in PERIODS:
        subjects = {x["subject"] for x in made.of("expected", period=period, kind=kind)}
        events = made.of("event", kind=event, period=period)
        assert {e["boundary"]["distance"] for e in events} == set(fires)
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
    ],
)
def test_what_an_event_makes_findable_of_its_persons(made: Made, event: str, kinds: set[str]) -> None:
    events = made.of("event", kind=event, period="2026-10")
    assert events
    for person in (p for e in events for p in e["persons"]):
        assert {x["kind"] for x in made.of("expected", period="2026-10", subject=person)} == kinds


def test_everything_expected_comes_from_an_event(made: Made) -> None:
    befallen = {s for e in made.of("event") for s in (*e["persons"], *e["households"])}
    assert {x["subject"] for x in made.of("expected")} <= befallen


def test_expected_lines_are_unique_and_their_numbers_valid(made: Made) -> None:
    keys = Counter((x["period"], x["kind"], x["subject"], x["field"], *x["systems"]) for x in made.of("expected"))
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
    for number, towns in found.quiet_towns.items():
        leads = made.of("expected", kind="lead", period=PERIODS[number - 1])
        assert leads
        assert not {x["town"] for x in leads} & set(towns)


def test_the_second_month_brings_some_new_and_mends_some(made: Made) -> None:
    for kind in ("uninsured", "name_conflict", "missing_here"):
        first, second = ({x["subject"] for x in made.of("expected", kind=kind, period=p)} for p in PERIODS[:2])
        assert first - second
        assert second - first
        assert first & second


# --- the files, read back ---


def read(file: Path, above: tuple[str, ...], below: tuple[str, ...]) -> list[list[str]]:
    if file.suffix == ".csv":
        with file.open(encoding="gb18030", newline="") as lines:
            table = list(csv.reader(lines))
    else:
        table = [
            [str(c) for c in row] for row in CalamineWorkbook.from_path(str(file)).get_sheet_by_index(0).to_python()
        ]
    return table[len(above) : len(table) - len(below)]


def repaired(text: str) -> str:
    """An ID number as a careful reader would mend it."""
    text = unicodedata.normalize("NFKC", text).replace(" ", "").upper()
    if len(text) == 15:
        text = text[:6] + "19" + text[6:]
        text += check_digit(text)
    return text[:18]


def a_date(text: str) -> date | None:
    for form in ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007
        except ValueError:
            continue
    return None


def tables(made: Made, period: str) -> dict[str, list[dict[str, str]]]:
    """Role → rows by column name, the amendment applied, the quarantined left out."""
    systems = made.of("header")[0]["systems"]
    found: dict[str, dict[tuple[str, ...], dict[str, str]]] = {}
    for role, dataset_id in systems.items():
        dataset = next(d for d in datasets(INCLUDE) if d.id == dataset_id)
        names, code_lists = (
            [c.name for c in dataset.contract],
            {c.name: c.code_list for c in dataset.contract},
        )
        codes = {n: {v: k for k, v in lists.labels(INCLUDE, c).items()} for n, c in code_lists.items() if c}
        form = dataset.projection.file
        for line in made.of("rows", period=period, dataset=dataset_id, refused=None):
            for cells in read(made.out / line["path"], form.above, form.below)[1:]:
                row = dict(zip(names, cells, strict=True))
                if any(
                    not row[c.name] or row[c.name] not in codes.get(c.name, {row[c.name]})
                    for c in dataset.contract
                    if c.required
                ):
                    continue
                row |= {n: c.get(row[n], "") for n, c in codes.items()}
                row["id_no"] = repaired(row["id_no"])
                key = (row["id_no"], row.get("household_no", row.get("scheme", "")))
                found.setdefault(role, {})[key] = row
    return {role: list(rows.values()) for role, rows in found.items()}


def judged_from_files(made: Made) -> Iterator[tuple[str, set[tuple[Any, ...]]]]:
    found, names = settings.settings(INCLUDE, "demo")
    judge = Judge(found.statement, found.boundaries, Sameness(names.dots, lists.variants(INCLUDE)))
    for period in PERIODS:
        said = tables(made, period)
        register = [
            RegisterRow(
                0,
                r["household_no"],
                r["id_no"],
                r["name"],
                r["town"] + r["village"],
                r["relation"],
                r["labour_skill"],
            )
            for r in said["register"]
        ]
        roster = [
            RosterRow(
                0,
                r["id_no"],
                r["name"],
                r["town"] + r["village"],
                r["scheme"],
                r["state"],
                r["stop_reason"],
                a_date(r["stop_date"]),
                int(r["insured_year"]),
                r["aid_category"],
            )
            for r in said["roster"]
        ]
        lines = judge.lines(register, roster, Period.parse(period))
        leads = judge.leads(lines)
        yield (
            period,
            {(x.kind, x.subject, x.field) for x in lines} | {("lead", x.household, "") for x in leads},
        )


def test_the_files_say_what_truth_expects(made: Made) -> None:
    for period, found in judged_from_files(made):
        expected = {(x["kind"], x["subject"], x["field"]) for x in made.of("expected", period=period)}
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


# --- what it refuses, and what it does not know ---


@pytest.mark.parametrize("periods", [[], ["2026-10", "2026-12"], ["2026-Q4"], ["2026-11", "2026-10"]])
def test_periods_are_consecutive_months(tmp_path: Path, periods: list[str]) -> None:
    with pytest.raises(SynthError) as raised:
        make(INCLUDE, "demo", tmp_path, seed=1, scale=0.05, periods=periods)
    assert raised.value.code == "bad_periods"


def test_a_world_too_small_for_its_events_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SynthError) as raised:
        make(INCLUDE, "demo", tmp_path, seed=1, scale=0.005, periods=PERIODS)
    assert raised.value.code in ("too_few_candidates", "population_out_of_reach")


def test_an_unknown_profile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SynthError) as raised:
        make(INCLUDE, "nowhere", tmp_path, seed=1, scale=0.05, periods=PERIODS)
    assert raised.value.code == "no_file"


def test_the_makers_import_no_rule_and_name_no_dataset() -> None:
    allowed = ("bidui.synth", "bidui.domain", "bidui.policy.contract")
    sources = sorted((ROOT / "plugins" / "bidui" / "synth").glob("*.py"))
    assert len(sources) > 10
    names = [part for dataset in datasets(INCLUDE) for part in (dataset.id, dataset.id.split(".")[1])]
    for source in sources:
        text = source.read_text(encoding="utf-8")
        imported = [n.module or "" for n in ast.walk(ast.parse(text)) if isinstance(n, ast.ImportFrom)]
        assert [m for m in imported if m.startswith("bidui") and not m.startswith(allowed)] == []
        assert "include/sql" not in text
        assert [n for n in names if n in text] == []
