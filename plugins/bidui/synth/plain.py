"""Plain lists: files of datasets that have no projection, from the contract alone.

They are tidy, and nothing is to be found in them: their people are those to whom nothing happens, and a dataset whose
role is one that truth's systems play needs a projection of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bidui.domain.period import Period
from bidui.policy.contract import Layout
from bidui.synth import lists
from bidui.synth.dice import Dice
from bidui.synth.filling import Filler, Subject
from bidui.synth.hub import Given, Hub
from bidui.synth.places import Regions
from bidui.synth.projection import Dataset, Form, Table
from bidui.synth.settings import Lists, Settings
from bidui.synth.source import SynthError
from bidui.synth.world import Person, World

_PERSONAL = {"subject", "subject_name", "head", "head_name", "household_key"}
_SAMPLE = {"year": 2026, "half": 2, "quarter": 4, "month": 10, "data_date": "2026-10-20"}
_OURS = "row_key"
"""What has it comes back from the hub's own workbooks: no party makes it."""


@dataclass(frozen=True)
class Plain:
    """The plain lists of one hub."""

    settings: Settings
    world: World
    places: Regions
    hub: Hub
    include: Path
    datasets: Sequence[Dataset]

    @classmethod
    def of(
        cls, settings: Settings, world: World, places: Regions, hub: Hub, include: Path, projected: Sequence[Dataset]
    ) -> Plain:
        """Those that the settings ask for.

        Raises:
            SynthError: not_given (no agreement provides it), needs_projection (of its role), and those of `_form`.
        """
        wanted, projections = settings.lists.datasets, {d.id: d for d in projected}
        names = sorted(hub.given.keys() - projections.keys()) if wanted == "all" else wanted
        if strange := [name for name in names if name not in hub.given]:
            raise SynthError("not_given", datasets=strange)
        sheets = {name: lists.sheet(include, name) for name in names}
        if wanted == "all":
            sheets = {name: sheet for name, sheet in sheets.items() if _OURS not in {c.role for c in sheet.columns}}
        taken = {role for dataset in projections.values() for role in dataset.sheet.roles}
        if clashing := [name for name, sheet in sheets.items() if taken & set(sheet.roles)]:
            raise SynthError("needs_projection", datasets=clashing)
        made = [
            Dataset(name, sheet, _form(name, sheet.layout, hub.given[name], settings.lists), {})
            for name, sheet in sheets.items()
        ]
        return cls(settings, world, places, hub, include, made)

    def tables(
        self, index: int, period: Period, befallen: Set[int], seed: int
    ) -> Iterator[tuple[Dataset, str | None, Table]]:
        """The tables of a period, each with the region or party that hands it in as its part (None: it is the whole).

        A list comes in the first period, and again when it speaks no longer or is due by the quarter; a full one holds
        the same people again.
        """
        members = [fit[0] for h in self.world.households if (fit := _fit(h.members, index, befallen))]
        people = members, _fit(self.world.outsiders, index, befallen)
        for dataset in self.datasets:
            due = period.ends_a_quarter and dataset.id in self.hub.quarterly
            if due or index % dataset.sheet.months == 0:
                dice = Dice(seed, f"list {dataset.id} {period if dataset.sheet.is_increment else ''}")
                filler = Filler(dataset, self.settings, self.world, self.places, self.include, period, dice)
                for scope, subjects in self._subjects(dataset, *people, dice):
                    yield dataset, scope, filler.rows(scope, subjects)

    def _subjects(
        self, dataset: Dataset, members: Sequence[Person], outsiders: Sequence[Person], dice: Dice
    ) -> Iterator[tuple[str | None, list[Subject]]]:
        """Of whom the rows of each file speak."""
        given, ours = self.hub.given[dataset.id], self.settings.lists
        parts: Sequence[str | None] = [None]
        if given.level:
            parts = [region.code for region in self.places.of(given.level)]
        elif dataset.sheet.by:
            parts = given.parties
        rows = ours.of.get(dataset.id, ours.rows)
        found: dict[str | None, list[Subject]] = {part: [] for part in parts}
        serial = 0
        for pool, wanted in self._pools(dataset, members, outsiders, rows):
            taken: Counter[str | None] = Counter()
            for subject in dice.shuffled(pool):
                part = min(parts, key=lambda part: taken[part])
                if given.level:
                    part = self.places.above(subject.village, given.level).code
                if taken[part] < wanted:
                    taken[part] += 1
                    serial += 1
                    found[part].append(subject._replace(serial=serial))
        for part, subjects in found.items():
            if not subjects:
                raise SynthError("too_few_rows", dataset=dataset.id, scope=part)
            yield part, subjects

    def _pools(
        self, dataset: Dataset, members: Sequence[Person], outsiders: Sequence[Person], rows: int
    ) -> Iterator[tuple[Sequence[Subject], int]]:
        """From whom how many are chosen for one file: members of the register, ordinary people; or villages."""
        columns = dataset.sheet.columns
        if not _PERSONAL & {c.role for c in columns}:
            yield [Subject(village.code) for village in self.places.villages], rows
            return
        is_certified = any(c.id_form == "certificate" for c in columns)
        household = next((c for c in columns if c.role == "household_key" and not dataset.sheet.numbering), None)
        in_register = household is not None and (household.required or household.key_position)
        inside = rows if in_register else rows - round(rows * self.settings.lists.outside)
        for people, wanted in ((members, inside), (outsiders, rows - inside)):
            yield [Subject(p.village, p) for p in people if p.certificate or not is_certified], wanted


def _fit(people: Sequence[Person], index: int, befallen: Set[int]) -> list[Person]:
    """Those who are there, and to whom nothing happens."""
    return [p for p in people if p.since <= index and not p.state and p.key not in befallen]


def _form(dataset: str, layout: Layout, given: Given, ours: Lists) -> Form:
    """The file that the contract asks for, named so that the agreement knows it.

    Raises SynthError("unknown_line") where the settings' line is none that the contract's pattern finds.
    """
    form: Literal["csv", "xlsx"] = "csv" if layout.encoding else "xlsx"
    word = given.words[0] if given.words else dataset
    lines = []
    if layout.period:
        groups = re.compile(layout.period).groupindex
        lines.append((next((part for part in ("month", "quarter", "half") if part in groups), "year"), layout.period))
    if layout.data_date:
        lines.append(("data_date", layout.data_date))
    for line, pattern in lines:
        if not re.search(pattern, ours.above[line].format(**_SAMPLE)):
            raise SynthError("unknown_line", dataset=dataset, line=line)
    return Form(
        form=form,
        name={"full": f"{word}{{town}}_{{year}}{{month:02d}}.{form}"},
        encoding=layout.encoding or "utf-8",
        above=tuple(ours.above[line] for line in ("title", *dict(lines))) if lines else (),
    )
