"""What the synthetic hub takes from dictionaries and contracts: words and headers. No rule."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from bidui.policy.contract import Column, ColumnType, Layout, Members
from bidui.synth.source import SynthError


def table(include: Path, name: str) -> list[dict[str, str]]:
    """The rows of a dictionary."""
    file = include / "dictionary" / f"{name}.csv"
    if not file.is_file():
        raise SynthError("no_file", file=file.name)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def labels(include: Path, name: str, on: date | None = None) -> dict[str, str]:
    """Code → label of one code list; with ``on``, of what is in force that day."""
    day = on.isoformat() if on else ""
    listed = [r for r in table(include, name) if not day or r["valid_from"] <= day <= (r["valid_to"] or day)]
    return {r["code"]: r["label"] for r in listed}


def variants(include: Path) -> tuple[tuple[str, str], ...]:
    """Pairs of characters that are the same in names."""
    return tuple((r["a"], r["b"]) for r in table(include, "name_variant"))


@dataclass(frozen=True)
class Sheet:
    """What a dataset's contract says of its file and columns."""

    title: str
    columns: tuple[Column, ...]
    roles: tuple[str, ...]
    by: str | None
    """Whether regions, or parties, hand in a file each."""
    is_increment: bool
    months: int
    """For how many months one submission speaks."""
    numbering: str | None
    """Of its household key; None: the register's."""
    layout: Layout

    @property
    def members(self) -> Members | None:
        """For a sheet with a household in each row."""
        return self.layout.members


def sheet(include: Path, dataset: str) -> Sheet:
    """The sheet of a dataset, as its contract describes it."""
    party, name = dataset.split(".", 1)
    file = include / "catalogue" / party / f"{name}.yaml"
    if not file.is_file():
        raise SynthError("no_file", file=f"{party}/{file.name}")
    contract = yaml.load(file.read_bytes(), yaml.CSafeLoader)  # by far the fastest: a hub has many contracts
    ours = _custom(contract)
    layout = ours.get("layout", {})
    if "dataDate" in layout:
        layout["data_date"] = layout.pop("dataDate")
    roles = ours["role"]
    return Sheet(
        title=contract["name"],
        columns=tuple(_column(stated) for stated in contract["schema"][0]["properties"]),
        roles=(roles,) if isinstance(roles, str) else tuple(roles),
        by=ours.get("by"),
        is_increment=ours.get("delivery") == "increment",
        months=ours.get("validityMonths", 1),
        numbering=ours.get("numbering"),
        layout=Layout(**layout),
    )


_TYPES: dict[str, ColumnType] = {"integer": "integer", "number": "decimal", "date": "date", "boolean": "boolean"}


def _column(stated: Mapping[str, Any]) -> Column:
    ours, options = _custom(stated), stated.get("logicalTypeOptions") or {}
    kind: ColumnType = "code" if "codeList" in ours else _TYPES.get(stated.get("logicalType", ""), "text")
    example = next(iter(stated.get("examples") or ()), None)
    return Column(
        name=stated["name"],
        title=stated["businessName"],
        aliases=tuple(s["synonym"] for s in stated.get("synonyms") or ()),
        type="month" if options.get("format") == "yyyyMM" else kind,
        required=bool(stated.get("required")),
        role=ours.get("role"),
        code_list=ours.get("codeList"),
        identifier=ours.get("identifier"),
        id_form=ours.get("idForm", "citizen"),
        key_position=stated.get("primaryKeyPosition") if stated.get("primaryKey") else None,
        minimum=options.get("minimum"),
        maximum=options.get("maximum"),
        example=None if example is None else str(example),
    )


def _custom(stated: Mapping[str, Any]) -> dict[str, Any]:
    return {c["property"]: c["value"] for c in stated.get("customProperties") or ()}
