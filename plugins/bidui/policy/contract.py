"""Data contracts (数据契约): what one dataset must look like, in the Open Data Contract Standard v3.

The file is checked against the standard's JSON schema first (its Python model drops misspelt keys), then against our
own closed list of ``customProperties``. The classes here are the view of it that the rest of bidui uses.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

ColumnType = Literal["text", "integer", "decimal", "date", "month", "boolean", "code", "codes"]
Identifier = Literal["id_number", "name", "phone", "text"]
ColumnRole = Literal[
    "subject", "subject_name", "head", "head_name", "household_key", "relation",
    "region_county", "region_town", "region_village", "row_key", "line_number",
]  # fmt: skip


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
    classification: str = "一般"
    key_position: int | None = None
    """Place in the business key, from 1."""
    locked: bool = False
    """Sent out by us and not to be changed by the party that sends it back."""
    minimum: float | None = None
    maximum: float | None = None


class Completeness(Frozen):
    """When a submission is complete enough for absence to count as evidence (design, decision 7)."""

    minimum_rows: int = 0
    maximum_quarantined_share: float = 1.0
    maximum_change: float | None = None
    """Largest share by which the row count may differ from the previous submission's; beyond it, a warning."""


class Limits(Frozen):
    """Bounds on the file itself, checked before it is opened."""

    megabytes: int = 64
    rows: int = 1_000_000


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


class Contract(Frozen):
    """One dataset, as agreed."""

    id: str
    title: str
    version: str
    party: str
    role: str
    by: str | None = None
    """Region level whose files stand side by side in one period; ``None``: one file for the hub."""
    delivery: Literal["full", "increment"] = "full"
    cadence: Literal["month", "quarter", "half", "semester", "year", "as_needed"]
    validity_months: int = 1
    """How many months one submission speaks for."""
    clauses: tuple[str, ...]
    complete_if: Completeness = Completeness()
    limits: Limits = Limits()
    layout: Layout = Layout()
    columns: tuple[Column, ...]
    hash: str
    file: str

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

    @property
    def key(self) -> tuple[Column, ...]:
        """The columns of the business key, in order."""
        return tuple(sorted((c for c in self.columns if c.key_position), key=lambda c: c.key_position or 0))
