"""Making a synthetic hub: its people, what happens to them month by month, the parties' files and the truth.

Nothing here reads a rule. The same seed, scale, periods and data give the same bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bidui.domain.period import Period
from bidui.synth import hub, lists, places, settings, truth
from bidui.synth.crowd import Crowd
from bidui.synth.dice import Dice
from bidui.synth.effects import Teller
from bidui.synth.events import Planter
from bidui.synth.expect import Judge, Line
from bidui.synth.giving import Giver
from bidui.synth.naming import Namer, Sameness
from bidui.synth.parties import Parties
from bidui.synth.source import SynthError
from bidui.synth.statements import Statements, said
from bidui.synth.visits import visit
from bidui.synth.world import Maker


@dataclass(frozen=True)
class Summary:
    """What was made: counts only."""

    households: int
    persons: int
    outsiders: int
    expected: dict[str, dict[str, int]]
    """Period → kind → number of expected lines."""
    events: dict[str, dict[str, int]]
    """Period → kind → number of planted events."""
    files: tuple[Path, ...] = field(repr=False)
    truth: Path = field(repr=False)


def make(include: Path, profile: str, out: Path, *, seed: int, scale: float, periods: list[str]) -> Summary:
    """Write ``<out>/<period>/<party>/<dataset>/<file>`` and ``<out>/truth.jsonl`` (see ``synth.truth``).

    Datasets that each region of a level hands in have a file for each. ``periods`` are consecutive months. Raises
    SynthError with a code: ``bad_periods``, ``bad_settings``, ``columns_differ``, ``too_few_candidates`` (the scale is
    too small for what is to be planted), ``needs_projection`` (of a dataset that is to come as a plain list).
    """
    months = _months(periods)
    run = _Run(include, profile, out, seed, scale, months)
    lines = list(run.lines())
    file = out / "truth.jsonl"
    truth.write(file, lines)
    return run.summary(lines, file)


def _months(periods: list[str]) -> list[Period]:
    months = [Period.parse(p) for p in periods]
    if (
        not months
        or any(m.months != 1 for m in months)
        or any(b != a.shift(1) for a, b in zip(months, months[1:], strict=False))
    ):
        raise SynthError("bad_periods", count=len(periods))
    return months


class _Run:
    """One making."""

    def __init__(self, include: Path, profile: str, out: Path, seed: int, scale: float, months: list[Period]) -> None:
        self._settings, names = settings.settings(include, profile)
        self._profile, self._seed, self._scale, self._months = profile, seed, scale, months
        self._hub = hub.hub(include, profile)
        self._places = places.regions(include, profile, self._hub.levels)
        size = scale * self._settings.size
        sameness = Sameness(names.dots, lists.variants(include))
        namer = Namer(names, sameness)
        start = months[0].last_day
        maker = Maker(self._settings, names, namer, self._places, start, Dice(seed, "world"))
        self._world = maker.world(size)
        self._base_persons = len(self._world.people) - len(self._world.outsiders)
        self._giver = Giver(self._settings, self._world, self._places, seed, size)
        self._giver.start(start)
        crowd = Crowd(self._settings, names, self._world, sameness, self._places, start)
        teller = Teller(self._settings, namer, self._places)
        self._planter = Planter(self._settings, crowd, maker, self._giver, teller, seed, size)
        self._judge = Judge(self._settings.statement, self._settings.boundaries, sameness)
        self._parties = Parties(self._settings, self._world, self._planter, self._places, self._hub, include, out)

    def lines(self) -> Iterator[dict[str, Any]]:
        """All lines of truth, writing the files on the way."""
        for index, period in enumerate(self._months):
            self._planter.plant(index, period)
        yield self._header()
        yield from truth.event_lines(self._planter.events, self._months)
        effects, befallen = self._planter.effects(), self._planter.befallen()
        months: dict[Period, Statements] = {}
        for index, period in enumerate(self._months):
            self._giver.ordinary_costs(index, period, befallen)
            yield from truth.says_lines(self._planter.events, self._world, index, period)
            months[period] = said(self._world, effects, index, period, self._settings)
            yield from self._expected(self._judge.lines(months, period), period)
            yield from self._parties.write(index, period, months[period])

    def summary(self, lines: Sequence[dict[str, Any]], file: Path) -> Summary:
        """Counts of what was made."""
        expected: dict[str, Counter[str]] = {str(p): Counter() for p in self._months}
        events: dict[str, Counter[str]] = {str(p): Counter() for p in self._months}
        for line in lines:
            if line["type"] in ("expected", "event"):
                (expected if line["type"] == "expected" else events)[line["period"]][line["kind"]] += 1
        return Summary(
            len(self._world.households),
            self._base_persons,
            len(self._world.outsiders),
            {p: dict(c) for p, c in expected.items()},
            {p: dict(c) for p, c in events.items()},
            tuple(self._parties.files),
            file,
        )

    def _header(self) -> dict[str, Any]:
        return {
            "type": "header",
            "profile": self._profile,
            "seed": self._seed,
            "scale": self._scale,
            "periods": [str(p) for p in self._months],
            "systems": self._settings.systems,
            "boundaries": self._settings.boundaries.model_dump(),
            "plain": truth.PLAIN,
            "households": len(self._world.households),
            "persons": self._base_persons,
            "outsiders": len(self._world.outsiders),
        }

    def _expected(self, lines: list[Line], period: Period) -> Iterator[dict[str, Any]]:
        households = {h.number: h for h in self._world.households}
        dice = Dice(self._seed, f"visits {period}")
        for line in sorted(lines):
            yield truth.expected_line(line, period)
        for lead in self._judge.leads(sorted(lines)):
            household = households[lead.household]
            town = self._places.above(household.village, self._hub.offices).code
            yield truth.lead_line(lead, town, period)
            found = visit(lead, household, town, self._settings.data_date(period), self._settings.visits, dice)
            yield found | {"period": str(period)}
