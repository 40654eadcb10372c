"""A whole synthetic hub: made twice, made larger, and what it refuses."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from bidui.synth import SynthError, make
from bidui.synth.projection import datasets
from tests.unit.synth.made import INCLUDE, PERIODS, ROOT, Made


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
    allowed = ("bidui.synth", "bidui.domain", "bidui.policy.contract", "bidui.policy.profile")
    sources = sorted((ROOT / "plugins" / "bidui" / "synth").rglob("*.py"))
    assert len(sources) > 10
    names = [dataset.id for dataset in datasets(INCLUDE)]
    for source in sources:
        text = source.read_text(encoding="utf-8")
        imported = [n.module or "" for n in ast.walk(ast.parse(text)) if isinstance(n, ast.ImportFrom)]
        assert [m for m in imported if m.startswith("bidui") and not m.startswith(allowed)] == []
        assert "include/sql" not in text
        assert [n for n in names if n in text] == []
