"""Tokens: each normalised identifier is given a number once and keeps it for ever.

Numbers are dense and follow the order of first arrival, so that the same packages in the same order give the same
numbers on any machine, and a transaction that was rolled back leaves no gap.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, text

from bidui.domain.names import Variants
from bidui.store.copying import copy_frame
from bidui.store.ledger import lock


def persons(connection: Connection, numbers: pd.DataFrame, as_of: datetime) -> pd.Series:
    """Person ids for ID numbers. ``numbers`` has id_number, birth_date, sex; the answer is indexed by id_number."""
    wanted = numbers.drop_duplicates("id_number").assign(recorded_as_of=as_of.isoformat())
    _stage(connection, wanted, "id_number text, birth_date date, sex text, recorded_as_of timestamptz")
    _mint(connection, "identity.person", "person_id", "id_number", "id_number, birth_date, sex, recorded_as_of")
    return _tokens(connection, "SELECT w.id_number, p.person_id FROM wanted w JOIN identity.person p USING (id_number)")


def terms(connection: Connection, kind: str, texts: Iterable[str], variants: Variants | None = None) -> pd.Series:
    """Term ids for texts of one kind (``name``, ``phone``, ``text``); names also get their canonical form."""
    wanted = pd.DataFrame({"text": pd.unique(pd.Series(list(texts), dtype="object"))})
    wanted["canonical"] = wanted["text"].map(variants.canonical) if variants else wanted["text"]
    wanted["kind"] = kind
    _stage(connection, wanted, '"text" text, canonical text, kind text')
    _mint(connection, "identity.term", "term_id", "kind, text", "kind, text, canonical")
    return _tokens(connection, "SELECT w.text, t.term_id FROM wanted w JOIN identity.term t USING (kind, text)")


def households(connection: Connection, hub: str, system: str, numbers: Iterable[str]) -> pd.Series:
    """Household ids for household numbers of one numbering system."""
    wanted = pd.DataFrame({"number": pd.unique(pd.Series(list(numbers), dtype="object"))})
    wanted["hub"], wanted["system"] = hub, system
    _stage(connection, wanted, "number text, hub text, system text")
    _mint(connection, "identity.household", "household_id", "hub, system, number", "hub, system, number")
    return _tokens(
        connection,
        "SELECT w.number, h.household_id FROM wanted w JOIN identity.household h USING (hub, system, number)",
    )


def _stage(connection: Connection, wanted: pd.DataFrame, definition: str) -> None:
    connection.execute(text("DROP TABLE IF EXISTS wanted"))
    connection.execute(text(f"CREATE TEMP TABLE wanted (place bigserial, {definition}) ON COMMIT DROP"))
    copy_frame(connection, "wanted", wanted)
    connection.execute(text("ANALYZE wanted"))


def _mint(connection: Connection, table: str, token: str, key: str, columns: str) -> None:
    missing = text(
        "SELECT EXISTS (SELECT FROM wanted w"
        f" WHERE NOT EXISTS (SELECT FROM {table} k WHERE ({_of('k', key)}) = ({_of('w', key)})))"
    )
    if not connection.execute(missing).scalar():
        return
    lock(connection, "mint")  # one for all kinds: a package mints names before the persons of rows that it sets aside
    connection.execute(
        text(f"""
        INSERT INTO {table} ({token}, {columns})
        SELECT (SELECT coalesce(max({token}), 0) FROM {table}) + row_number() OVER (ORDER BY w.place), {columns}
        FROM wanted w WHERE NOT EXISTS (SELECT FROM {table} k WHERE ({_of("k", key)}) = ({_of("w", key)}))
    """)
    )


def _of(alias: str, names: str) -> str:
    return ", ".join(f"{alias}.{name.strip()}" for name in names.split(","))


def _tokens(connection: Connection, query: str) -> pd.Series:
    rows = connection.execute(text(query)).all()
    return pd.Series(dict(map(tuple, rows)), dtype="int64")
