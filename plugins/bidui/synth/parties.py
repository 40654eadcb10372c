"""The parties' side of one period: their files, tidy or not, and what truth says of each file."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from bidui.domain.period import Period
from bidui.synth import files, projection
from bidui.synth.dice import Dice
from bidui.synth.events import Planter
from bidui.synth.expression import Context
from bidui.synth.hub import Hub
from bidui.synth.id_number import is_valid
from bidui.synth.kinds import Variant
from bidui.synth.places import Regions
from bidui.synth.plain import Plain
from bidui.synth.projection import Dataset, Projected, Table
from bidui.synth.settings import Settings
from bidui.synth.statements import Effect, Row, Statements, stated
from bidui.synth.untidy import Mark, make_untidy
from bidui.synth.world import World


@dataclass
class Parties:
    """Writes the files under ``out`` and remembers them in ``files``."""

    settings: Settings
    world: World
    planter: Planter
    places: Regions
    hub: Hub
    include: Path
    out: Path
    files: list[Path] = field(default_factory=list)
    _datasets: list[Projected] = field(init=False)
    _plain: Plain = field(init=False)

    def __post_init__(self) -> None:
        projected = projection.datasets(self.include)
        self._datasets = [d for d in projected if d.id in self.hub.given]
        self._plain = Plain.of(self.settings, self.world, self.places, self.hub, self.include, projected)

    def write(self, index: int, period: Period, final: Statements) -> Iterator[dict[str, Any]]:
        """All files of a period whose final state is ``final``; yields a ``rows`` line of truth for each."""
        yield from self._projected(index, period, final)
        for dataset, scope, table in self._plain.tables(index, period, self.planter.befallen(), self.planter.seed):
            path = self._save(dataset, period, table, "full", scope)
            yield _line(dataset, period, "full", path, len(table), scope=scope, sums=dataset.sums(table))

    def _projected(self, index: int, period: Period, final: Statements) -> Iterator[dict[str, Any]]:
        for dataset in self._datasets:
            rows = final.of(dataset.projection.rows)
            mine = [v for v in self.settings.variants if v.period == index + 1 and self._is_of(v, dataset)]
            for variant in (v for v in mine if v.kind == "broken"):
                _, table = self._table(dataset, period, rows)
                path = self._save(dataset, period, table, "broken", drop=variant.drop)
                yield _line(dataset, period, "broken", path, refused=variant.refused)
            amends = [v for v in mine if v.kind == "amend"]
            wrong = [e for v in amends for e in self._wrong(v, index, period)]
            persons = {e.person for e in wrong}
            yield from self._full(dataset, period, self._first(dataset, index, period, rows, wrong), persons)
            if amends:
                contexts, table = self._table(dataset, period, [row for row in rows if row.person in persons])
                path = self._save(dataset, period, table, "amend")
                yield _line(dataset, period, "amend", path, len(contexts), _unresolved(contexts))

    def _is_of(self, variant: Variant, dataset: Projected) -> bool:
        return self.settings.systems[variant.system] == dataset.id

    def _wrong(self, variant: Variant, index: int, period: Period) -> Iterator[Effect]:
        """What the full file says wrongly, until its amendment, about people to whom nothing happened."""
        if variant.wrong is None:
            return
        dice = Dice(self.planter.seed, f"{variant.kind} {variant.period} {variant.system}")
        tell, wanted = self.planter.teller.effect, self.planter.amount(variant.persons)
        for _, person in zip(range(wanted), self.planter.free_members(index, dice), strict=False):
            on = period.last_day - timedelta(days=self.planter.days_before(variant.days, period, dice))
            yield tell(variant.wrong, variant.system, person, on, period.year, index, index + 1, dice)

    def _first(
        self, dataset: Projected, index: int, period: Period, final: Sequence[Row], wrong: Sequence[Effect]
    ) -> Sequence[Row]:
        """What the full file says: the final state, but for what is yet to be amended."""
        if not wrong:
            return final
        effects = [*self.planter.effects(), *wrong]
        return stated(dataset.projection.rows, self.world, effects, index, period, self.settings)

    def _full(
        self, dataset: Projected, period: Period, rows: Sequence[Row], leave: Set[int]
    ) -> Iterator[dict[str, Any]]:
        contexts, table = self._table(dataset, period, rows)
        scopes = self._scopes(dataset, contexts)
        sums = [dataset.sums([table[row] for row in rows]) for _, rows in scopes]
        touched = leave | self.planter.befallen()
        marks = make_untidy(
            dataset,
            contexts,
            table,
            calm=lambda context: context.said.person not in touched,
            shared=self._members,
            amount=self.planter.amount,
            dice=Dice(self.planter.seed, f"untidy {dataset.id} {period}"),
        )
        for (scope, mine), total in zip(scopes, sums, strict=True):
            path = self._save(dataset, period, [table[row] for row in mine], "full", scope)
            spoilt = [mark for mark in marks if mark.row in mine]
            unresolved = _unresolved([contexts[row] for row in mine])
            yield _line(dataset, period, "full", path, len(mine), unresolved, spoilt, scope, total)

    @cached_property
    def _members(self) -> set[tuple[str, str]]:
        """Names and villages of the register's people."""
        return {(p.name, p.village) for h in self.world.households for p in h.members}

    def _scopes(self, dataset: Projected, contexts: Sequence[Context]) -> list[tuple[str | None, Sequence[int]]]:
        """Who hands in which rows: each region its own, or one party all."""
        level = self.hub.given[dataset.id].level
        if level is None:
            return [(None, range(len(contexts)))]
        rows: dict[str, list[int]] = defaultdict(list)
        for at, context in enumerate(contexts):
            rows[self.places.above(context.village.code, level).code].append(at)
        return sorted(rows.items())

    def _table(self, dataset: Projected, period: Period, rows: Sequence[Row]) -> tuple[list[Context], Table]:
        ordered = sorted(rows, key=lambda r: (r.village, r.together))
        contexts = projection.contexts(ordered, self.world, self.places, period)
        return contexts, [dataset.row(context) for context in contexts]

    def _save(
        self,
        dataset: Dataset,
        period: Period,
        table: Table,
        variant: str,
        scope: str | None = None,
        drop: tuple[str, ...] = (),
    ) -> str:
        form, day = dataset.file, self.settings.data_date(period)
        region = self.places.known.get(scope or "")
        says = {
            "title": dataset.sheet.title,
            "year": period.year,
            "half": (period.first_month + 5) // 6,
            "quarter": (period.first_month + 2) // 3,
            "month": period.first_month,
            "data_date": day,
            "county": self.places.county((region or self.places.top).code).name,
            "town": region.name if region else "",
        }
        party, name = dataset.id.split(".", 1)
        giver = scope if scope and not region else party
        path = Path(str(period)) / giver / name / form.name[variant].format(**says)
        header, body = dataset.written(table, drop)
        files.write(self.out / path, form, header, body, says, day)
        self.files.append(self.out / path)
        return path.as_posix()


def _unresolved(contexts: Sequence[Context]) -> int:
    return sum(not is_valid(context.said.id_no) for context in contexts)


def _line(
    dataset: Dataset,
    period: Period,
    variant: str,
    path: str,
    read: int = 0,
    unresolved: int = 0,
    marks: Sequence[Mark] = (),
    scope: str | None = None,
    sums: dict[str, float] | None = None,
    refused: str | None = None,
) -> dict[str, Any]:
    repaired, quarantined = (Counter(m.code for m in marks if m.quarantined == lost) for lost in (False, True))
    made = {
        "type": "rows",
        "period": str(period),
        "dataset": dataset.id,
        "variant": variant,
        "scope": scope,
        "path": path,
        "refused": refused,
        "read": read,
        "quarantined": quarantined.total(),
        "unresolved": unresolved,
        "repaired_by_code": dict(repaired),
        "quarantined_by_code": dict(quarantined),
    }
    return made | ({"sums": sums} if sums else {})
