"""Regions (行政区划) as policy: ``dictionary/regions.csv``, one line a region while its name and code are valid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bidui.policy.codes import Spans, day, lines, place
from bidui.policy.source import Fault, PolicyError

FILE = Path("dictionary", "regions.csv")
_COLUMNS = {"hub", "code", "name", "level", "parent", "valid_from", "valid_to"}


@dataclass(frozen=True)
class Region:
    """One region, while its name and code are valid."""

    hub: str
    code: str
    name: str
    level: str
    parent: str | None
    valid_from: date
    valid_to: date | None


def read(include: Path, hub: str) -> tuple[Region, ...]:
    """The regions of ``hub``; PolicyError names every line that states none."""
    path, found, faults = include / FILE, [], []
    spans = Spans(path)
    for line, row in lines(path, _COLUMNS):
        try:
            region = Region(
                row["hub"], row["code"], row["name"], row["level"], row["parent"] or None,
                date.fromisoformat(row["valid_from"]), day(row["valid_to"]),
            )  # fmt: skip
        except ValueError:
            faults.append(Fault(place(path), line, "valid_from and valid_to are days, YYYY-MM-DD"))
        else:
            found.append(region)
            faults += spans.faults(line, f"{region.hub} {region.code}", region.valid_from, region.valid_to)
    if faults:
        raise PolicyError(faults)
    return tuple(region for region in found if region.hub == hub)
