"""Making a synthetic hub: its people, what happens to them month by month, the parties' files and the truth.

Nothing here reads a rule. The same seed, scale, periods and data give the same bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from bidui.domain.period import Period
from bidui.synth import files, lists, projection, settings, truth
from bidui.synth.dice import Dice
from bidui.synth.events import Planter
from bidui.synth.expect import Judge, Line
from bidui.synth.id_number import is_valid
from bidui.synth.naming import Namer, Sameness
from bidui.synth.projection import Dataset, Row
from bidui.synth.settings import SynthError, System, Variant
from bidui.synth.statements import Effect, RegisterRow, RosterRow, register_rows, roster_rows
from bidui.synth.untidy import make_untidy, quarantined, repaired
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
    """Write ``<out>/<period>/<party>/<dataset>/<file>`` and ``<out>/truth.jsonl`` (described in ``synth.truth``).

    ``periods`` are consecutive months. Raises SynthError with a code: ``bad_periods``, ``bad_settings``, ``columns_differ``,
    ``too_few_candidates`` (the scale is too small for what is to be planted) and the like.
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

    def __init__(
        self, include: Path, profile: str, out: Path, seed: int, scale: float, months: list[Period]
    ) -> None:
        self._settings, names = settings.settings(include, profile)
        self._profile, self._out, self._seed, self._scale, self._months = profile, out, seed, scale, months
        self._places = lists.regions(include, profile)
        self._datasets = projection.datasets(include)
        sameness = Sameness(names.dots, lists.variants(include))
        namer = Namer(names, sameness)
        maker = Maker(self._settings, names, namer, self._places, months[0].last_day, Dice(seed, "world"))
        self._world = maker.world(scale)
        self._base_persons = len(self._world.people) - len(self._world.outsiders)
        self._planter = Planter(
            self._settings, names, self._world, maker, namer, sameness, self._places, seed, scale
        )
        self._judge = Judge(self._settings.statement, self._settings.boundaries, sameness)
        self._files: list[Path] = []

    def lines(self) -> Iterator[dict[str, Any]]:
        """All lines of truth, writing the files on the way."""
        for index, period in enumerate(self._months):
            self._planter.plant(index, period)
        yield self._header()
        yield from truth.event_lines(self._planter.events, self._months)
        for index, period in enumerate(self._months):
            yield from truth.says_lines(self._planter.events, self._world, index, period)
            register, roster = self._state(index, period, ())
            yield from self._expected(self._judge.lines(register, roster, period), period)
            yield from self._write(index, period, {"register": register, "roster": roster})

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
            tuple(self._files),
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

    def _state(
        self, index: int, period: Period, more: Sequence[Effect]
    ) -> tuple[list[RegisterRow], list[RosterRow]]:
        effects = [e for event in self._planter.events for e in event.effects] + list(more)
        return (
            register_rows(self._world, effects, index),
            roster_rows(self._world, effects, index, period, self._settings.statement),
        )

    def _expected(self, lines: list[Line], period: Period) -> Iterator[dict[str, Any]]:
        households = {h.number: h for h in self._world.households}
        dice = Dice(self._seed, f"visits {period}")
        for line in sorted(lines):
            yield truth.expected_line(line, period)
        for lead in self._judge.leads(sorted(lines)):
            household = households[lead.household]
            town = self._places.villages[household.village].parent
            yield truth.lead_line(lead, town, period)
            found = visit(lead, household, town, self._data_date(period), self._settings.visits, dice)
            yield found | {"period": str(period)}

    def _write(
        self, index: int, period: Period, final: dict[System, Sequence[Row]]
    ) -> Iterator[dict[str, Any]]:
        for dataset in self._datasets:
            system = dataset.projection.rows
            mine = [
                v
                for v in self._settings.variants
                if v.period == index + 1 and self._settings.systems[v.system] == dataset.id
            ]
            for variant in (v for v in mine if v.kind == "broken"):
                yield self._file(dataset, index, period, final[system], "broken", drop=variant.drop)
            amends = [v for v in mine if v.kind == "amend"]
            if not amends:
                yield self._file(dataset, index, period, final[system], "full")
                continue
            wrong = [e for v in amends for e in self._wrong(v, index, period)]
            first = self._state(index, period, wrong)[0 if system == "register" else 1]
            persons = {e.person for e in wrong}
            yield self._file(dataset, index, period, first, "full", leave=persons)
            changed = [row for row in final[system] if row.person in persons]
            yield self._file(dataset, index, period, changed, "amend", leave=persons)

    def _wrong(self, variant: Variant, index: int, period: Period) -> Iterator[Effect]:
        """What the full file says wrongly, until its amendment, about people to whom nothing happened."""
        dice = Dice(self._seed, f"{variant.kind} {variant.period} {variant.system}")
        wanted = self._planter.amount(variant.persons)
        for _, person in zip(range(wanted), self._planter.free_members(index, dice), strict=False):
            if variant.wrong:
                on = date.fromordinal(
                    period.last_day.toordinal() - self._planter.days_before(variant.days, period, dice)
                )
                yield self._planter.effect(
                    variant.wrong, variant.system, person, on, period.year, index, index + 1, dice
                )

    def _file(
        self,
        dataset: Dataset,
        index: int,
        period: Period,
        rows: Sequence[Row],
        variant: str,
        *,
        drop: tuple[str, ...] = (),
        leave: set[int] | None = None,
    ) -> dict[str, Any]:
        ordered = sorted(rows, key=lambda r: (r.village, isinstance(r, RegisterRow) and r.household))
        contexts = projection.contexts(ordered, self._world, self._places, period)
        table = [dataset.row(context) for context in contexts]
        counts: Counter[str] = Counter()
        if variant != "amend":
            counts = self._untidy(dataset, index, period, contexts, table, leave or set())
        kept = [at for at, c in enumerate(dataset.contract) if c.name not in drop]
        form = dataset.projection.file
        says = {
            "year": period.year,
            "month": period.first_month,
            "data_date": self._data_date(period),
            "county": self._places.county.name,
        }
        party, name = dataset.id.split(".", 1)
        path = Path(str(period)) / party / name / form.name[variant].format(**says)
        header = [dataset.header[at] for at in kept]
        body = table if len(kept) == len(dataset.contract) else [[row[at] for at in kept] for row in table]
        files.write(self._out / path, form, header, body, says, self._data_date(period))
        self._files.append(self._out / path)
        return {
            "type": "rows",
            "period": str(period),
            "dataset": dataset.id,
            "variant": variant,
            "path": path.as_posix(),
            "read": len(table),
            "quarantined": quarantined(dataset, counts),
            "unresolved": sum(not is_valid(r.id_no) for r in ordered),
            "repaired_by_code": repaired(dataset, counts),
        }

    def _untidy(
        self,
        dataset: Dataset,
        index: int,
        period: Period,
        contexts: Sequence[projection.Context],
        table: list[list[str]],
        leave: set[int],
    ) -> Counter[str]:
        touched = leave | {
            e.person for event in self._planter.events for e in event.effects if e.holds(index)
        }
        shared = {(p.name, p.village) for h in self._world.households for p in h.members}
        return make_untidy(
            dataset,
            contexts,
            table,
            calm=lambda c: c.said.person not in touched,
            shared=shared,
            amount=self._planter.amount,
            dice=Dice(self._seed, f"untidy {dataset.id} {period}"),
        )

    def _data_date(self, period: Period) -> date:
        return period.first_day.replace(day=self._settings.data_day)
