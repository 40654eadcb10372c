"""A whole synthetic hub, made in a folder, and its files read back."""

from __future__ import annotations

import csv
import json
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from python_calamine import CalamineWorkbook

from bidui.synth import Summary, lists, make
from bidui.synth.id_number import check_digit
from bidui.synth.projection import Projected, datasets
from bidui.synth.statements import BenefitRow, CertificateRow, ExpenseRow, RegisterRow, RosterRow, Statements

ROOT = Path(__file__).parents[3]
INCLUDE = ROOT / "include"
PERIODS = ["2026-10", "2026-11", "2026-12"]


class Made:
    """One synthetic hub and its truth by type of line."""

    def __init__(
        self, out: Path, seed: int, scale: float, periods: list[str], profile: str = "demo", include: Path = INCLUDE
    ) -> None:
        self.out = out
        self.summary: Summary = make(include, profile, out, seed=seed, scale=scale, periods=periods)
        self.lines = [json.loads(line) for line in self.summary.truth.read_text(encoding="utf-8").splitlines()]

    def of(self, line_type: str, /, **facts: Any) -> list[dict[str, Any]]:
        return [x for x in self.lines if x["type"] == line_type and all(x.get(k) == v for k, v in facts.items())]


def read(file: Path, above: tuple[str, ...], below: tuple[str, ...]) -> list[list[str]]:
    if file.suffix == ".csv":
        with file.open(encoding="gb18030", newline="") as lines:
            table = list(csv.reader(lines))
    else:
        table = [
            [str(c) for c in row] for row in CalamineWorkbook.from_path(str(file)).get_sheet_by_index(0).to_python()
        ]
    return table[len(above) : len(table) - len(below)]


def repaired(text: str) -> str:
    """An ID number as a careful reader would mend it."""
    text = unicodedata.normalize("NFKC", text).replace(" ", "").upper()
    if len(text) == 15:
        text = text[:6] + "19" + text[6:]
        text += check_digit(text)
    return text[:18]


def a_date(text: str) -> date | None:
    for form in ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007
        except ValueError:
            continue
    return None


def persons(dataset: Projected, table: list[list[str]]) -> list[dict[str, str]]:
    """The rows of a table by column; of a sheet of households, one for each member."""
    header, *body = table
    columns = dict(zip(dataset.titles, (c.name for c in dataset.contract), strict=True))
    if not dataset.sheet.members:
        return [{columns[title]: text for title, text in zip(header, row, strict=True)} for row in body]
    found = []
    for row in body:
        cells = dict(zip(header, row, strict=True))
        household = {columns[title]: text for title, text in cells.items() if title in columns}
        for slot in range(1, dataset.sheet.members.slots + 1):
            titles = {dataset.titles[dataset.position(c)]: c for c in dataset.sheet.members.columns}
            member = {name: cells[f"{title}{slot}"] for title, name in titles.items()}
            if any(member.values()):
                found.append(household | member | {dataset.sheet.members.number: str(slot)})
    return found


def tables(made: Made, period: str) -> dict[str, list[dict[str, str]]]:
    """System → rows by column name, the amendment applied, the quarantined left out."""
    systems = made.of("header")[0]["systems"]
    found: dict[str, dict[tuple[str, ...], dict[str, str]]] = {}
    for system, dataset_id in systems.items():
        dataset = next(d for d in datasets(INCLUDE) if d.id == dataset_id)
        code_lists = {c.name: c.code_list for c in dataset.contract}
        codes = {n: {v: k for k, v in lists.labels(INCLUDE, c).items()} for n, c in code_lists.items() if c}
        form = dataset.projection.file
        for line in made.of("rows", period=period, dataset=dataset_id, refused=None):
            for row in persons(dataset, read(made.out / line["path"], form.above, form.below)):
                if any(
                    not row[c.name] or row[c.name] not in codes.get(c.name, {row[c.name]})
                    for c in dataset.contract
                    if c.required
                ):
                    continue
                row |= {n: c.get(row[n], "") for n, c in codes.items()}
                row["id_no"] = repaired(row.get("id_no") or row["certificate_no"])
                key = (row["id_no"], *(row.get(c, "") for c in ("household_no", "scheme", "case_no", "settlement_no")))
                found.setdefault(system, {})[key] = row
    return {system: list(rows.values()) for system, rows in found.items()}


def amount(text: str) -> Decimal | None:
    return Decimal(text.replace(",", "")) if text else None


def day(text: str) -> date:
    found = a_date(text)
    assert found
    return found


def statements(said: dict[str, list[dict[str, str]]]) -> Statements:
    """What the files say, for truth's evaluation."""
    for row in (row for rows in said.values() for row in rows):
        row["place"] = row["town"] + row["village"]
    return Statements(
        register=[
            RegisterRow(
                0, r["household_no"], r["id_no"], r["name"], r["place"], r["relation"], r["labour_skill"],
                r["monitored_category"], {"是": True, "否": False, "": None}[r["dibao"]], r["disability"],
            )
            for r in said["register"]
        ],
        roster=[
            RosterRow(
                0, r["id_no"], r["name"], r["place"], r["scheme"], r["state"], r["stop_reason"],
                a_date(r["stop_date"]), int(r["insured_year"]), r["aid_category"],
            )
            for r in said["roster"]
        ],
        expense=[
            ExpenseRow(
                0, r["id_no"], r["name"], r["place"], r["settlement_no"], r["visit_type"], day(r["settled_on"]),
                amount(r["total"]) or Decimal(0), amount(r["basic_paid"]), amount(r["serious_paid"]),
                amount(r["aid_paid"]), amount(r["own_paid"]) or Decimal(0),
            )
            for r in said["expense"]
        ],
        benefit=[
            BenefitRow(
                0, r["case_no"], r["id_no"], r["name"], r["place"], r["relation"], r["aid_type"], int(r["amount"]),
                day(r["started_on"]),
            )
            for r in said["benefit"]
        ],
        certificate=[
            CertificateRow(
                0, r["id_no"], r["name"], r["place"], r["category"], r["level"], r["status"], day(r["issued_on"])
            )
            for r in said["certificate"]
        ],
    )  # fmt: skip
