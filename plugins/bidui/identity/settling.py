"""Turning a checked frame into rows of tokens: no direct identifier settles in ``data`` (design, decision 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, text

from bidui.domain.names import Variants
from bidui.identity import tokens
from bidui.policy import physical
from bidui.policy.contract import Contract
from bidui.store.copying import copy_frame


@dataclass(frozen=True)
class Context:
    """What tokens depend on besides the rows."""

    hub: str
    numbering: str
    """The household numbering system of the register."""
    variants: Variants
    as_of: datetime


@dataclass(frozen=True)
class Tokenised:
    """Rows as they enter the typed table, without hub and submission; index = line (`Contract.lines`)."""

    rows: pd.DataFrame
    unresolved: pd.Index
    """Lines whose person is not known for certain; their person_id is the line, negative."""


def tokenise(
    connection: Connection, contract: Contract, frame: pd.DataFrame, region: pd.Series, context: Context
) -> Tokenised:
    """Replace identifiers by tokens.

    ``frame``: typed columns by contract name, and ``<id>__number/__birth/__sex/__form``.
    """
    made, numbering = physical.columns(contract), contract.numbering or context.numbering
    subject = contract.column("subject")
    out = pd.DataFrame(index=frame.index)
    people = [p.source for p in made if p.token == "person"]  # noqa: S105 - a kind of token, no secret
    numbers = [c.name for c in ([subject] if subject else []) + people]
    ids = _persons(connection, frame, numbers, context)
    if subject:
        facts = frame[[f"{subject.name}__{part}" for part in ("birth", "sex", "form")]]
        out[[name for name, _ in physical.SUBJECT_FACTS]] = facts.to_numpy()
        out["person_id"] = _mapped(frame[f"{subject.name}__number"], ids)
    else:
        out["person_id"] = 0
    unresolved = out.index[out["person_id"].isna()]
    out["person_id"] = out["person_id"].astype("object").where(out["person_id"].notna(), -out.index.to_series())
    for column in made:
        out[column.name] = _column(connection, column, frame, region, ids, numbering, context)
    out["row_no"] = contract.places(out.index)[0]
    return Tokenised(out, unresolved)


def keep_unsettled(
    connection: Connection, submission: int, contract: Contract, frame: pd.DataFrame, region: pd.Series,
    reasons: pd.Series, context: Context,
) -> None:  # fmt: skip
    """Remember, by their lines, rows that did not settle on a person.

    ``reasons``: line → ``unresolved`` or ``quarantined``.
    """
    subject, name = contract.column("subject"), contract.column("subject_name")
    if not subject or reasons.empty:
        return
    rows = frame.loc[reasons.index]
    known = _persons(connection, rows, [subject.name], context)
    # What could be mended is: a mistyped number in full width is as near to the right one as any other.
    given = rows[f"{subject.name}__digits"].fillna(rows[subject.name])
    written = tokens.terms(connection, "id_number", given.dropna().astype(str))
    names = (
        tokens.terms(connection, "name", rows[name.name].dropna(), context.variants)
        if name
        else pd.Series(dtype="int64")
    )
    kept = pd.DataFrame({
        "submission_id": submission, "row_no": reasons.index, "reason": reasons,
        "person_id": _mapped(rows[f"{subject.name}__number"], known), "id_term": _mapped(given, written),
        "name_id": _mapped(rows[name.name], names) if name else None, "region": region.loc[reasons.index],
    })  # fmt: skip
    copy_frame(connection, "identity.unsettled_row", kept)


def keep_sightings(connection: Connection, table: str, submission: int) -> None:
    """Remember under which name and in which region each person of a settled submission was seen."""
    connection.execute(text(f"""
        INSERT INTO identity.sighting (person_id, name_id, region)
        SELECT DISTINCT person_id, name_id, region FROM data."{table}"
        WHERE submission_id = :submission AND person_id > 0 AND name_id IS NOT NULL AND region IS NOT NULL
        ON CONFLICT DO NOTHING
    """), {"submission": submission})  # fmt: skip
    connection.execute(text("ANALYZE identity.person, identity.term, identity.sighting"))


def _persons(connection: Connection, frame: pd.DataFrame, columns: Sequence[str], context: Context) -> pd.Series:
    parts = [
        frame[[f"{c}__number", f"{c}__birth", f"{c}__sex"]].set_axis(["id_number", "birth_date", "sex"], axis=1)
        for c in columns
    ]
    if not parts:
        return pd.Series(dtype="int64")
    found = pd.concat(parts).dropna(subset="id_number")
    return tokens.persons(connection, found, context.as_of) if len(found) else pd.Series(dtype="int64")


def _column(
    connection: Connection,
    column: physical.PhysicalColumn,
    frame: pd.DataFrame,
    region: pd.Series,
    ids: pd.Series,
    numbering: str,
    context: Context,
) -> pd.Series:
    given = (
        frame[column.source.name] if column.source.name in frame else pd.Series(None, index=frame.index, dtype="object")
    )
    match column.token:
        case "region":
            return region
        case "person":
            return _mapped(frame[f"{column.source.name}__number"], ids)
        case "household":
            return _mapped(given, tokens.households(connection, context.hub, numbering, given.dropna().astype(str)))
        case "name":
            return _mapped(given, tokens.terms(connection, "name", given.dropna(), context.variants))
        case "term":
            return _mapped(
                given, tokens.terms(connection, column.source.identifier or "text", given.dropna().astype(str))
            )
        case _:
            return given


def _mapped(given: pd.Series, found: pd.Series) -> pd.Series:
    return given.map(found.to_dict(), na_action="ignore").astype("Int64")
