"""The places of a synthetic hub: a tree of regions with villages at its ends, where the people live."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bidui.synth.lists import table
from bidui.synth.source import SynthError

_COUNTY, _TOWN, _VILLAGE = -3, -2, -1
"""Places of levels: whatever stands above, a hub's finest levels are these three."""


@dataclass(frozen=True, slots=True)
class Region:
    """One place of the hub."""

    code: str
    name: str
    level: str
    parent: str


@dataclass(frozen=True)
class Regions:
    """The hub's places by code; ``levels`` go from the hub's own down to that of villages."""

    levels: tuple[str, ...]
    known: dict[str, Region]

    @property
    def top(self) -> Region:
        """The hub's own region."""
        return self.of(self.levels[0])[0]

    @cached_property
    def villages(self) -> list[Region]:
        """Where people live, in the order of the dictionary."""
        return self.of(self.levels[_VILLAGE])

    def of(self, level: str) -> list[Region]:
        """The regions of one level."""
        return [r for r in self.known.values() if r.level == level]

    def around(self, code: str) -> tuple[Region, ...]:
        """The regions that hold a region, from the widest down to itself."""
        return self._paths[code]

    def above(self, code: str, level: str) -> Region:
        """The region of ``level`` that holds a finer one (or is it)."""
        return self._paths[code][self.levels.index(level)]

    def town(self, village: str) -> Region:
        """The town of a village."""
        return self._paths[village][_TOWN]

    def county(self, code: str) -> Region:
        """The county that holds a region; of what is wider than a county, the region itself."""
        return self._paths[code][: len(self.levels) + _COUNTY + 1][-1]

    @cached_property
    def _paths(self) -> dict[str, tuple[Region, ...]]:
        return {code: self._path(region) for code, region in self.known.items()}

    def _path(self, region: Region) -> tuple[Region, ...]:
        parent = self.known.get(region.parent)
        return (*self._path(parent), region) if parent else (region,)


def regions(include: Path, hub: str, levels: tuple[str, ...]) -> Regions:
    """The places of ``hub``; SynthError("no_region") where they are no tree of ``levels``, from one at the top."""
    listed = [row for row in table(include, "regions") if row["hub"] == hub and row["level"] in levels]
    known = {r["code"]: Region(r["code"], r["name"], r["level"], r["parent"]) for r in listed}
    found, wider = Regions(levels, known), dict(zip(levels[1:], levels, strict=False))
    lost = [r for r in known.values() if wider.get(r.level) != (known[r.parent].level if r.parent in known else None)]
    if lost or len(levels) < -_COUNTY or len(found.of(levels[0])) != 1 or not found.villages:
        raise SynthError("no_region", hub=hub, codes=[r.code for r in lost])
    return found
