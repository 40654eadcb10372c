"""``truth.jsonl``: a JSON object a line, each with a ``type``; ISO dates, persons as their true ID numbers.

header    once: profile, seed, scale, periods, which datasets the five ``systems`` stand for, the thresholds, and the
          plain statement a system makes about everybody of whom no ``says`` line of that period speaks.
event     what happened: kind, period, until (the period in which it is put right or over; null: it stays), persons,
          households, date, boundary {name, threshold, distance (of money: in fen)}.
says      how one system's statement about one person differs from the plain one in one period: facts (fields
          of the row, or absent) and also (fields by which a second row differs from the first).
expected  what a comparison of the period's final state should find: kind, subject_type, subject, field,
          discriminator, systems (of a finding: the two that disagree; of a signal: the one that tells); a signal also
          has occurrence and household, a lead causes (kinds of its new signals), signals (how many) and town (the
          region whose office visits: in a city, a county).
          ``unknown``: field is the kind that an absence would have been.
visit     what a visitor to the household of an expected lead would find.
rows      one file: dataset, variant (broken, full, amend: in this order they come in), scope (the region, where each
          of a level hands in its own; else null), path, refused (code, or null), rows read, quarantined, unresolved
          (ID number that no repair makes valid), repaired_by_code, quarantined_by_code, and sums (totals of what is
          said once for a household). A sheet with a household in each row is counted by its members. Plain lists have
          such lines, too: all their rows are right.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from bidui.domain.period import Period
from bidui.synth.events import Event
from bidui.synth.expect import Lead, Line
from bidui.synth.world import World

PLAIN = {
    "register": "lists every member of every household under the true name and ID number, flags as they are",
    "roster": "has one insured row under the true name and ID number for everybody, members aided",
    "expense": "states the bills of the month under the true name and ID number, each once",
    "benefit": "lists everybody who gets the benefit under the true name and ID number",
    "certificate": "lists everybody who holds a certificate under the true name and ID number, as valid",
}


def write(file: Path, lines: Iterable[dict[str, Any]]) -> None:
    """All lines of truth."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(line, ensure_ascii=False, default=str) + "\n" for line in lines)


def event_lines(events: Iterable[Event], periods: list[Period]) -> Iterator[dict[str, Any]]:
    """One line an event."""
    for e in events:
        line: dict[str, Any] = {
            "type": "event",
            "kind": e.kind,
            "period": str(periods[e.index]),
            "until": str(periods[e.index].shift(e.until - e.index)) if e.until is not None else None,
            "persons": [p.id_no for p in e.persons],
            "households": [h.number for h in e.households],
            "date": e.date,
        }
        if e.boundary:
            line["boundary"] = dict(zip(("name", "threshold", "distance"), e.boundary, strict=True))
        yield line


def says_lines(events: Iterable[Event], world: World, index: int, period: Period) -> Iterator[dict[str, Any]]:
    """One line for each person and system with something to say in this period."""
    for e in events:
        for effect in e.effects:
            if effect.holds(index):
                line = {
                    "type": "says",
                    "period": str(period),
                    "system": effect.system,
                    "kind": e.kind,
                    "person": world.people[effect.person].id_no,
                    "facts": effect.change,
                }
                yield line | ({"also": effect.also} if effect.also else {})


def expected_line(line: Line, period: Period) -> dict[str, Any]:
    """One finding, signal or unknown."""
    made = {
        "type": "expected",
        "period": str(period),
        "kind": line.kind,
        "subject_type": line.subject_type,
        "subject": line.subject,
        "field": line.field,
        "discriminator": line.discriminator,
        "systems": list(line.systems),
    }
    return made | ({"occurrence": line.occurrence, "household": line.household} if line.household else {})


def lead_line(lead: Lead, town: str, period: Period) -> dict[str, Any]:
    """One lead."""
    return {
        "type": "expected",
        "period": str(period),
        "kind": "lead",
        "subject_type": "household",
        "subject": lead.household,
        "field": "",
        "discriminator": "",
        "systems": [],
        "causes": sorted({s.kind for s in lead.signals}),
        "signals": len(lead.signals),
        "town": town,
    }
