"""The parties' side of one period: their files, tidy or not, and what truth says of each file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from bidui.domain.period import Period
from bidui.synth import files, projection
from bidui.synth.dice import Dice
from bidui.synth.events import Planter
from bidui.synth.id_number import is_valid
from bidui.synth.lists import Regions
from bidui.synth.projection import Dataset, Row
from bidui.synth.settings import Settings, System, Variant
from bidui.synth.statements import Effect, RegisterRow, register_rows, roster_rows
from bidui.synth.untidy import Untidied, make_untidy
from bidui.synth.world import World


@dataclass
class Parties:
    """Writes the files under ``out`` and remembers them in ``files``."""

    settings: Settings
    world: World
    planter: Planter
    places: Regions
    include: Path
    out: Path
    files: list[Path] = field(default_factory=list)
    _datasets: list[Dataset] = field(init=False)

    def __post_init__(self) -> None:
        self._datasets = projection.datasets(self.include)

    def write(self, index: int, period: Period, final: Mapping[System, Sequence[Row]]) -> Iterator[dict[str, Any]]:
        """All files of a period whose final state is ``final``; yields a ``rows`` line of truth for each."""
        for dataset in self._datasets:
            system = dataset.projection.rows
            mine = [v for v in self.settings.variants if v.period == index + 1 and self._is_of(v, dataset)]
            for variant in (v for v in mine if v.kind == "broken"):
                yield self._broken(dataset, period, final[system], variant)
            amends = [v for v in mine if v.kind == "amend"]
            wrong = [e for v in amends for e in self._wrong(v, index, period)]
            persons = {e.person for e in wrong}
            first = self._said(system, index, period, wrong) if wrong else final[system]
            yield self._full(dataset, index, period, first, persons)
            if amends:
                yield self._amend(dataset, period, [row for row in final[system] if row.person in persons])

    def _is_of(self, variant: Variant, dataset: Dataset) -> bool:
        return self.settings.systems[variant.system] == dataset.id

    def _wrong(self, variant: Variant, index: int, period: Period) -> Iterator[Effect]:
        """What the full file says wrongly, until its amendment, about people to whom nothing happened."""
        if variant.wrong is None:
            return
        dice = Dice(self.planter.seed, f"{variant.kind} {variant.period} {variant.system}")
        wanted = self.planter.amount(variant.persons)
        for _, person in zip(range(wanted), self.planter.free_members(index, dice), strict=False):
            on = period.last_day - timedelta(days=self.planter.days_before(variant.days, period, dice))
            yield self.planter.effect(variant.wrong, variant.system, person, on, period.year, index, index + 1, dice)

    def _said(self, system: System, index: int, period: Period, more: Sequence[Effect]) -> Sequence[Row]:
        effects = [*self.planter.effects(), *more]
        if system == "register":
            return register_rows(self.world, effects, index)
        return roster_rows(self.world, effects, index, period, self.settings.statement)

    def _broken(self, dataset: Dataset, period: Period, rows: Sequence[Row], variant: Variant) -> dict[str, Any]:
        _, table = self._table(dataset, period, rows)
        path = self._save(dataset, period, table, variant.kind, variant.drop)
        return _line(dataset, period, variant.kind, path, refused=variant.refused)

    def _full(
        self, dataset: Dataset, index: int, period: Period, rows: Sequence[Row], leave: Set[int]
    ) -> dict[str, Any]:
        contexts, table = self._table(dataset, period, rows)
        touched = leave | {e.person for e in self.planter.effects() if e.holds(index)}
        untidied = make_untidy(
            dataset,
            contexts,
            table,
            calm=lambda context: context.said.person not in touched,
            shared={(p.name, p.village) for h in self.world.households for p in h.members},
            amount=self.planter.amount,
            dice=Dice(self.planter.seed, f"untidy {dataset.id} {period}"),
        )
        return _line(dataset, period, "full", self._save(dataset, period, table, "full"), rows, untidied)

    def _amend(self, dataset: Dataset, period: Period, rows: Sequence[Row]) -> dict[str, Any]:
        _, table = self._table(dataset, period, rows)
        return _line(dataset, period, "amend", self._save(dataset, period, table, "amend"), rows)

    def _table(
        self, dataset: Dataset, period: Period, rows: Sequence[Row]
    ) -> tuple[list[projection.Context], list[list[str]]]:
        ordered = sorted(rows, key=lambda r: (r.village, isinstance(r, RegisterRow) and r.household))
        contexts = projection.contexts(ordered, self.world, self.places, period)
        return contexts, [dataset.row(context) for context in contexts]

    def _save(
        self,
        dataset: Dataset,
        period: Period,
        table: Sequence[Sequence[str]],
        variant: str,
        drop: tuple[str, ...] = (),
    ) -> str:
        form, day = dataset.projection.file, self.settings.data_date(period)
        says = {
            "year": period.year,
            "month": period.first_month,
            "data_date": day,
            "county": self.places.county.name,
        }
        party, name = dataset.id.split(".", 1)
        path = Path(str(period)) / party / name / form.name[variant].format(**says)
        kept = [at for at, c in enumerate(dataset.contract) if c.name not in drop]
        header = [dataset.header[at] for at in kept]
        body = [[row[at] for at in kept] for row in table] if drop else table
        files.write(self.out / path, form, header, body, says, day)
        self.files.append(self.out / path)
        return path.as_posix()


def _line(
    dataset: Dataset,
    period: Period,
    variant: str,
    path: str,
    rows: Sequence[Row] = (),
    untidied: Untidied | None = None,
    refused: str | None = None,
) -> dict[str, Any]:
    found = untidied or Untidied()
    return {
        "type": "rows",
        "period": str(period),
        "dataset": dataset.id,
        "variant": variant,
        "path": path,
        "refused": refused,
        "read": len(rows),
        "quarantined": found.quarantined.total(),
        "unresolved": sum(not is_valid(row.id_no) for row in rows),
        "repaired_by_code": dict(found.repaired),
        "quarantined_by_code": dict(found.quarantined),
    }
