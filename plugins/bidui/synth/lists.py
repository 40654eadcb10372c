"""What the synthetic hub takes from dictionaries and contracts: words, places and headers. No rule."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from bidui.policy.contract import Column, Members
from bidui.synth.source import SynthError, load


@dataclass(frozen=True, slots=True)
class Region:
    """One place of the hub."""

    code: str
    name: str
    level: str
    parent: str


@dataclass(frozen=True)
class Regions:
    """The hub's places: one county, its towns and villages (code → place)."""

    county: Region
    towns: dict[str, Region]
    villages: dict[str, Region]


def _table(include: Path, name: str) -> list[dict[str, str]]:
    file = include / "dictionary" / f"{name}.csv"
    if not file.is_file():
        raise SynthError("no_file", file=file.name)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def regions(include: Path, hub: str) -> Regions:
    """The places of ``hub``; SynthError("no_region") where the tree is not county, towns, villages."""
    places = [
        Region(r["code"], r["name"], r["level"], r["parent"]) for r in _table(include, "regions") if r["hub"] == hub
    ]
    by_level = {level: [p for p in places if p.level == level] for level in ("county", "town", "village")}
    if len(by_level["county"]) != 1 or not by_level["town"] or not by_level["village"]:
        raise SynthError("no_region", hub=hub)
    towns = {p.code: p for p in by_level["town"]}
    villages = {p.code: p for p in by_level["village"]}
    if any(v.parent not in towns for v in villages.values()):
        raise SynthError("no_region", hub=hub)
    return Regions(by_level["county"][0], towns, villages)


def labels(include: Path, name: str) -> dict[str, str]:
    """Code → label of one code list."""
    return {r["code"]: r["label"] for r in _table(include, name)}


def variants(include: Path) -> tuple[tuple[str, str], ...]:
    """Pairs of characters that are the same in names."""
    return tuple((r["a"], r["b"]) for r in _table(include, "name_variant"))


@dataclass(frozen=True)
class Sheet:
    """What a dataset's contract says of its file."""

    columns: tuple[Column, ...]
    """In order: name, title, other headers, required, code list."""
    members: Members | None
    """For a sheet with a household in each row."""
    by: str | None
    """Level of the regions that hand in a file each."""


def sheet(include: Path, dataset: str) -> Sheet:
    """The sheet of a dataset, as its contract describes it."""
    party, name = dataset.split(".", 1)
    contract = load(include / "catalogue" / party / f"{name}.yaml")
    ours = {c["property"]: c["value"] for c in contract["customProperties"]}
    members = ours.get("layout", {}).get("members")
    columns = tuple(
        Column(
            name=p["name"],
            title=p["businessName"],
            required=bool(p.get("required")),
            aliases=tuple(s["synonym"] for s in p.get("synonyms") or ()),
            code_list=next((c["value"] for c in p.get("customProperties") or () if c["property"] == "codeList"), None),
        )
        for p in contract["schema"][0]["properties"]
    )
    return Sheet(columns, Members(**members) if members else None, ours.get("by"))
