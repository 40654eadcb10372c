"""A synthetic hub over the one that it extends."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from bidui.synth import settings
from bidui.synth.source import SynthError, extended, load
from tests.unit.synth.made import INCLUDE

BASE = """
data_day: 20
skills: [{to: 15, of: {none: 1}}]
boundaries: {death_days: 30, newborn_days: 90}
events:
  died: {who: unable, first: 26, later: 6}
  born: {who: newborn, first: 18, later: 8}
"""


def over(tmp_path: Path, own: str) -> dict[str, Any]:
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")
    (tmp_path / "own.yaml").write_text("extends: base\n" + dedent(own), encoding="utf-8")
    return extended(tmp_path, "own")


@pytest.mark.parametrize(
    ("own", "key", "said"),
    [
        ("", "data_day", 20),
        ("data_day: 15", "data_day", 15),
        ("boundaries: {death_days: 60}", "boundaries", {"death_days": 60, "newborn_days": 90}),
        ("skills: [{to: 120, of: {weak: 1}}]", "skills", [{"to": 120, "of": {"weak": 1}}]),
        ("size: 0.2", "size", 0.2),
    ],
)
def test_mappings_are_merged_and_all_else_is_replaced(tmp_path: Path, own: str, key: str, said: Any) -> None:
    assert over(tmp_path, own)[key] == said


def test_events_are_changed_left_out_and_added_by_kind(tmp_path: Path) -> None:
    events = over(tmp_path, "events: {died: {first: 3}, born: null, moved: {who: adult, first: 1, later: 1}}")["events"]
    assert events == {
        "died": {"who": "unable", "first": 3, "later": 6},
        "moved": {"who": "adult", "first": 1, "later": 1},
    }
    assert list(events) == ["died", "moved"]  # planted in this order


def test_what_is_extended_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("extends: nowhere\n", encoding="utf-8")
    with pytest.raises(SynthError) as raised:
        extended(tmp_path, "own")
    assert raised.value.code == "no_file"


def test_the_demo_has_every_kind_of_event_in_the_order_of_the_base() -> None:
    found, _ = settings.settings(INCLUDE, "demo")
    assert [event.kind for event in found.events] == list(load(INCLUDE / "synth" / "base.yaml")["events"])
    assert (found.size, found.lists.datasets) == (1, ("hub.contact_list",))
