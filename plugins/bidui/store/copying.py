"""Bulk rows into Postgres by COPY."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pandas as pd
import psycopg2
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


def copy_frame(connection: Connection, table: str, frame: pd.DataFrame, columns: Sequence[str] | None = None) -> int:
    """Append the frame's rows to ``table`` (a trusted, quoted name); returns their number.

    Missing values become NULL; lists become Postgres arrays. Column names of the frame are the table's.
    """
    names = list(columns or frame.columns)
    if frame.empty:
        return 0
    out = frame[names].copy(deep=False)
    for name in names:
        if out[name].dtype == object and out[name].map(lambda v: isinstance(v, list | tuple)).any():
            out[name] = out[name].map(_array, na_action="ignore")
    null = _unused(out)
    buffer = io.StringIO()
    out.to_csv(buffer, index=False, header=False, na_rep=null, quoting=0, doublequote=True, date_format="%Y-%m-%d")
    buffer.seek(0)
    listed = ", ".join(f'"{name}"' for name in names)
    cursor = connection.connection.cursor()
    try:
        cursor.copy_expert(f"COPY {table} ({listed}) FROM STDIN WITH (FORMAT csv, NULL '{null}')", buffer)
    except psycopg2.Error as error:
        # Leave as every other driver error does, so that Database.begin strips the values.
        raise DBAPIError("COPY", None, error) from None
    finally:
        cursor.close()
    return len(out)


def _unused(frame: pd.DataFrame) -> str:
    """A mark for missing values that no cell holds: other systems' exports write the usual one as text."""
    null = "\\N"
    while any((frame[name] == null).any() for name in frame.select_dtypes(["object", "str"])):
        null += "N"
    return null


def _array(values: object) -> str:
    quoted = ('"' + str(v).replace("\\", "\\\\").replace('"', '\\"') + '"' for v in values)  # type: ignore[attr-defined]
    return "{" + ",".join(quoted) + "}"
