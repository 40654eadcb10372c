"""Data contracts (数据契约): what one dataset must look like, in the Open Data Contract Standard v3.

The file is checked against the standard's JSON schema first (its Python model drops misspelt keys), then against our
own closed list of ``customProperties``. The classes here are the view of it that the rest of bidui uses.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

if TYPE_CHECKING:  # a DAG file reads the policy, and parsing it must stay cheap
    import pandas as pd

ColumnType = Literal["text", "integer", "decimal", "date", "month", "boolean", "code", "codes"]
Identifier = Literal["id_number", "name", "phone", "text"]
ColumnRole = Literal[
    "subject", "subject_name", "head", "head_name", "household_key", "relation",
    "region_county", "region_town", "region_village", "row_key", "line_number", "change",
]  # fmt: skip
SharingClass = Literal["unconditional", "conditional", "withheld"]
Cadence = Literal["month", "quarter", "half", "semester", "school_year", "year", "at_once", "as_needed"]


VERSION = r"^[1-9]\d*\.\d+\.\d+$"
"""Versions of contracts: breaking, compatible and textual changes are counted apart (HY-03)."""


class Frozen(BaseModel):
    """Immutable; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(Frozen):
    """One column of a dataset."""

    name: str
    """Name in SQL: snake_case."""
    title: str
    """Header as the party writes it (Chinese)."""
    aliases: tuple[str, ...] = ()
    """Other headers that mean the same column."""
    type: ColumnType = "text"
    required: bool = False
    """A row without a value here is quarantined."""
    role: ColumnRole | None = None
    """What code may ask for instead of the column's name (design, decision 3)."""
    code_list: str | None = None
    """Dictionary that maps labels to codes, for types ``code`` and ``codes``."""
    identifier: Identifier | None = None
    """Direct identifier: stored as a token, never as text (design, decision 4)."""
    id_form: Literal["citizen", "certificate"] = "citizen"
    """Proper form of an ID number: its 18 characters, or a disability certificate's 20 (GB/T 26341)."""
    classification: str = "一般"
    key_position: int | None = None
    """Place in the business key, from 1."""
    locked: bool = False
    """Sent out by us and not to be changed by the party that sends it back."""
    minimum: float | None = None
    maximum: float | None = None
    owner: str = ""
    """Party that answers for the truth of this field (ES-09), whoever types it; a file that says none means its own."""
    example: str | None = None
    """A made-up value, for the example row of a blank workbook."""

    @model_validator(mode="after")
    def _changes_are_listed(self) -> Column:
        if self.role == "change" and self.type != "code":
            raise ValueError("role change needs a code list: what may be asked for, one code in a cell")
        return self

    @property
    def indispensable(self) -> bool:
        """Whether no agreement may leave it out: without it a row is set aside, or says nothing of anybody."""
        return self.required or bool(self.key_position) or self.role in ("subject", "household_key", "row_key")

    @property
    def parts(self) -> tuple[str, ...]:
        """What the intake reads out of an ID number; each stands beside the column as ``<column>__<part>``."""
        if self.identifier != "id_number":
            return ()
        digits = ("category", "level") if self.id_form == "certificate" else ()
        return ("number", "birth", "sex", "form", "problem", "digits", *digits)


class Completeness(Frozen):
    """When a submission is complete enough for absence to count as evidence (design, decision 7).

    How many rows that takes is the hub's own: `Profile.least_rows`.
    """

    maximum_quarantined_share: float = 1.0
    maximum_change: float | None = None
    """Largest share by which the row count may differ from the previous submission's; beyond it, a warning."""


class Limits(Frozen):
    """Bounds on the file itself, checked before it is opened."""

    megabytes: int = 64
    rows: int = 1_000_000


class Members(Frozen):
    """A sheet whose rows are households: columns with numbered headers (姓名1, 姓名2 …) hold a member in each slot.

    What settles is at the grain of members: one line for each filled slot.
    """

    slots: int = Field(ge=1, le=48)
    """How many members a row has room for. Twice as many are read: one too many is set aside, never overlooked."""
    columns: tuple[str, ...] = Field(min_length=1)
    """The columns that every slot has; their headers are the titles (or aliases) with the slot's number."""
    number: str
    """The column that tells a member's slot; it stands in no file."""
    once: tuple[str, ...] = ()
    """Columns that speak of the household once (money): they settle on its first member only."""


class Layout(Frozen):
    """Where the table stands in the file."""

    encoding: str | None = None
    """For text files; ``None`` for workbooks."""
    data_date: str | None = None
    """Pattern with one group that finds the data date (数据截止日) in the lines above the header."""
    period: str | None = None
    """Pattern with groups year and month that confirms the period in the lines above the header."""
    footer: tuple[str, ...] = ()
    """Words that begin the rows below the table (合计, 制表人): these rows are no data."""
    members: Members | None = None
    """For sheets with a household in each row; ``None``: each row speaks for itself."""


_TERMS: dict[SharingClass, tuple[str, ...]] = {
    "unconditional": ("scope", "mode"), "conditional": ("conditions", "scope", "mode"), "withheld": ("basis",),
}  # fmt: skip
"""What has to be stated of each class."""


class Sharing(Frozen):
    """With whom the dataset is shared (共享类型), and on what terms (HY-02)."""

    model_config = ConfigDict(populate_by_name=True)

    class_: SharingClass = Field(alias="class")
    conditions: str = ""
    """What must be met before it is shared (共享条件)."""
    scope: str = ""
    """Who gets it (共享范围)."""
    mode: str = ""
    """By which road (共享方式)."""
    basis: str = ""
    """The law or rule that it rests on; what is withheld must cite it (QA-19)."""

    @model_validator(mode="after")
    def _terms_are_stated(self) -> Sharing:
        if missing := [name for name in _TERMS[self.class_] if not getattr(self, name).strip()]:
            raise ValueError(f"what is {self.class_} must state {', '.join(missing)}")
        return self


_LINES = 100
"""Lines in a row of households: line 1203 is the third member in row 12 of the sheet."""


class Contract(Frozen):
    """One dataset, as agreed."""

    id: str
    title: str
    titles: dict[date, str] = {}
    """Its name by the day from which it is called so, where words of the field have changed; `title` until then."""
    version: str = Field(pattern=VERSION)
    purpose: str = ""
    """What it is for, in a sentence (信息资源摘要)."""
    party: str
    roles: tuple[str, ...] = Field(min_length=1)
    """What rules may ask for; the first is what the dataset mainly is."""
    by: Literal["region", "party"] | None = None
    """In one period, files of the regions whose agreement gives it (``region``), or of each party whose agreement does
    (``party``), stand side by side; ``None``: one file for the hub. What regions may give in parts, its own party may
    give whole: which of them does is the hub's (`PolicySet.parted_by`)."""
    delivery: Literal["full", "increment"] = "full"
    cadence: Cadence
    validity_months: int = 1
    """How many months one submission speaks for."""
    category: str = Field(pattern=r"^[^/\s]+(/[^/\s]+)+$")
    """Where the catalogue files it (信息资源分类): a class and an item of it, ``部门/教育``."""
    information: str
    """Code of the list ``information_class``: what sort of information it is, of which of the three families of systems
    (SQ-01)."""
    format: str
    """Code of the list ``resource_format``: what the party keeps it as."""
    sharing: Sharing
    source_system: str = Field(min_length=1)
    """The system that the party takes it from."""
    security_level: str
    """Code of the list ``security_level`` (GB/T 43697)."""
    clauses: tuple[str, ...]
    numbering: str | None = None
    """Numbering system of its household key; ``None``: the register's."""
    complete_if: Completeness = Completeness()
    limits: Limits = Limits()
    layout: Layout = Layout()
    columns: tuple[Column, ...]
    hash: str
    file: str

    @field_validator("roles", mode="before")
    @classmethod
    def _one_or_several(cls, stated: Any) -> Any:
        return (stated,) if isinstance(stated, str) else stated

    @model_validator(mode="after")
    def _members_are_columns(self) -> Contract:
        members = self.layout.members
        if members is None:
            return self
        names = {c.name for c in self.columns}
        if unknown := sorted({*members.columns, *members.once, members.number} - names):
            raise ValueError(f"layout.members: {', '.join(unknown)}: no such column")
        if not {"subject", "household_key"} <= {c.role for c in self.key if c.required}:
            raise ValueError("layout.members: the business key needs the household key and the subject, both required")
        if self.column("row_key"):
            raise ValueError("layout.members: what comes back by its row key has one line in a row")
        return self

    def title_on(self, day: date) -> str:
        """What the dataset is called on ``day``."""
        begun = [since for since in self.titles if since <= day]
        return self.titles[max(begun)] if begun else self.title

    @property
    def role(self) -> str:
        """What the dataset mainly is."""
        return self.roles[0]

    @property
    def table(self) -> str:
        """Name of the typed table in schema ``data``."""
        party, dataset = self.id.split(".", 1)
        return f"{party}__{dataset}" + ("" if self.major == 1 else f"__v{self.major}")

    @property
    def major(self) -> int:
        """Major version: a breaking change is a new table."""
        return int(self.version.split(".")[0])

    def column(self, role: str) -> Column | None:
        """The column that plays ``role``, if any."""
        return next((c for c in self.columns if c.role == role), None)

    def within(self, fields: Collection[str] | None) -> Contract:
        """The contract as one agreement has it: with the columns that are agreed; ``None``: with all of them."""
        if fields is None:
            return self
        members, kept = self.layout.members, {*fields, *(c.name for c in self.columns if c.indispensable)}
        layout = self.layout
        if members:
            kept.add(members.number)
            fewer = {name: tuple(n for n in getattr(members, name) if n in kept) for name in ("columns", "once")}
            layout = layout.model_copy(update={"members": members.model_copy(update=fewer)})
        return self.model_copy(update={"columns": tuple(c for c in self.columns if c.name in kept), "layout": layout})

    @property
    def of_places(self) -> bool:
        """Whether its rows speak of places alone: where one is unknown, nothing is left that the row could mean."""
        required = any(c.required for c in self.columns if (c.role or "").startswith("region_"))
        return required and not {"subject", "household_key", "row_key"} & {c.role for c in self.columns}

    @property
    def key(self) -> tuple[Column, ...]:
        """The columns of the business key, in order."""
        return tuple(sorted((c for c in self.columns if c.key_position), key=lambda c: c.key_position or 0))

    @property
    def derived(self) -> tuple[str, ...]:
        """Columns that the intake adds: the parts of ID numbers, and in how large a household a member stands."""
        members = self.layout.members
        parts = (f"{c.name}__{part}" for c in self.columns for part in c.parts)
        return (*parts, f"{members.number}__count") if members else tuple(parts)

    @property
    def slots(self) -> dict[int, dict[str, Column]]:
        """Of a sheet of households: slot → name of a member's column → that column as it stands in the slot."""
        members = self.layout.members
        if members is None:
            return {}
        repeated = [c for c in self.columns if c.name in members.columns]
        return {n: {c.name: _in_slot(c, n) for c in repeated} for n in range(1, 2 * members.slots + 1)}

    @property
    def as_written(self) -> tuple[Column, ...]:
        """The columns as they stand in the file; those of members once for each slot."""
        members = self.layout.members
        if members is None:
            return self.columns
        household = [c for c in self.columns if c.name not in {*members.columns, members.number}]
        return (*household, *(column for slot in self.slots.values() for column in slot.values()))

    def lines(self, rows: pd.Index[int], slot: int = 0) -> pd.Index[int]:
        """The lines of the members in ``slot`` of the sheet's ``rows``; slot 0 is the household itself.

        Every row of data is known by its line; where a row holds no household, its line is the row's own number.
        """
        return rows * _LINES + slot if self.layout.members else rows

    def places(self, lines: pd.Index[int]) -> tuple[pd.Index[int], pd.Index[int]]:
        """The sheet's rows, as a person sees them, and the slots (0 for the row itself) of ``lines``."""
        return (lines // _LINES, lines % _LINES) if self.layout.members else (lines, lines * 0)


def _in_slot(column: Column, slot: int) -> Column:
    """A member's column as the file has it; of a slot beyond the first, it may be missing."""
    return column.model_copy(update={
        "name": f"{column.name}_{slot}", "title": f"{column.title}{slot}",
        "aliases": tuple(f"{alias}{slot}" for alias in column.aliases), "required": column.required and slot == 1,
    })  # fmt: skip
