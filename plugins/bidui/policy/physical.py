"""The physical form of a contract: the typed table ``data.<party>__<dataset>`` (design, decision 2).

Identifier columns never become text there: each becomes a token (decision 4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, text

from bidui.policy.contract import Column, Contract

Token = Literal["person", "name", "term", "household", "region"]

_SQL_TYPES = {
    "text": "text", "integer": "bigint", "decimal": "numeric", "date": "date", "month": "date", "boolean": "boolean",
    "code": "text", "codes": "text[]",
}  # fmt: skip

BOOKKEEPING = (
    ("hub", "text NOT NULL"), ("submission_id", "bigint NOT NULL"), ("row_no", "integer NOT NULL"),
    ("person_id", "bigint NOT NULL"), ("origin", "bigint NOT NULL"),
)  # fmt: skip
"""Every typed table begins with these. A row that speaks of no person carries person 0, an unresolved one a negative
number. ``origin`` is the submission whose package holds the row: an amendment carries the other rows of the submission
that it replaces."""

SUBJECT_FACTS = (("birth_date", "date"), ("sex", "text"), ("id_form", "text"))
"""What an ID number says of its bearer, for contracts with a subject."""


@dataclass(frozen=True)
class PhysicalColumn:
    """One column of the typed table beyond the bookkeeping ones."""

    name: str
    sql_type: str
    source: Column
    token: Token | None = None


class BreakingChange(ValueError):  # noqa: N818 - what it is
    """A contract no longer fits its table: it needs a new major version."""


def columns(contract: Contract) -> list[PhysicalColumn]:
    """The typed columns of ``contract``, in its order; region columns fold into one ``region``."""
    found: list[PhysicalColumn] = []
    for column in contract.columns:
        made = _physical(column)
        if made and made.name not in {p.name for p in found}:
            found.append(made)
    return found


def settles_in(column: Column) -> str:
    """Name of the typed column that holds what ``column`` says: its subject is the row's person."""
    made = _physical(column)
    return made.name if made else "person_id"


def _physical(column: Column) -> PhysicalColumn | None:
    match column.role, column.identifier:
        case "subject", _:
            return None  # person_id and SUBJECT_FACTS stand for it
        case "household_key", _:
            return PhysicalColumn("household_id", "bigint", column, "household")
        case str(role), _ if role.startswith("region_"):
            return PhysicalColumn("region", "text", column, "region")
        case "subject_name", _:
            return PhysicalColumn("name_id", "bigint", column, "name")
        case "head_name", _:
            return PhysicalColumn("head_name_id", "bigint", column, "name")
        case "head", _:
            return PhysicalColumn("head_person_id", "bigint", column, "person")
        case _, "id_number":
            return PhysicalColumn(f"{column.name}_person_id", "bigint", column, "person")
        case _, "name":
            return PhysicalColumn(f"{column.name}_name_id", "bigint", column, "name")
        case _, "phone" | "text":
            return PhysicalColumn(f"{column.name}_term_id", "bigint", column, "term")
        case _:
            return PhysicalColumn(column.name, _SQL_TYPES[column.type], column)


_COLUMNS_OF = text("""
    SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a
    WHERE a.attrelid = to_regclass(:name) AND a.attnum > 0 AND NOT a.attisdropped
""")


def definition(contract: Contract) -> dict[str, str]:
    """Column name → SQL type of the whole typed table."""
    facts = SUBJECT_FACTS if contract.column("subject") else ()
    return dict(BOOKKEEPING) | dict(facts) | {p.name: p.sql_type for p in columns(contract)}


def apply(connection: Connection, contract: Contract) -> list[str]:
    """Make or extend the typed table; returns what was done. A change that is no extension raises BreakingChange."""
    wanted = definition(contract)
    present = dict(map(tuple, connection.execute(_COLUMNS_OF, {"name": f'data."{contract.table}"'})))
    if not present:
        body = ", ".join(f'"{name}" {kind}' for name, kind in wanted.items())
        key = "PRIMARY KEY (hub, submission_id, row_no, person_id, origin)"
        connection.execute(text(f'CREATE TABLE data."{contract.table}" ({body}, {key})'))
        return [f"table {contract.table}: created, {len(wanted)} columns"]
    changed = sorted(n for n, kind in present.items() if n not in wanted or wanted[n].split(" NOT")[0] != kind)
    if changed:
        raise BreakingChange(
            f"{contract.id} {contract.version}: columns {', '.join(changed)} changed or gone;"
            " a new major version is needed"
        )
    added = [name for name in wanted if name not in present]
    for name in added:
        connection.execute(text(f'ALTER TABLE data."{contract.table}" ADD COLUMN "{name}" {wanted[name]}'))
    return [f"table {contract.table}: added {name}" for name in added]
