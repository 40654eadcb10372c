"""Tokens into text, at the last moment before a delivery is rendered, and only as its template says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from bidui.delivery.masking import mask_id
from bidui.delivery.template import SheetTemplate
from bidui.policy.policy_set import PolicySet

_MARK = re.compile(r"\{(\w+):(\w+)\}")
"""In a text that a report puts together: ``{name:<token>}``, ``{household:<token>}`` or ``{<code list>:<code>}``."""

Lookup = Callable[[Connection, Iterable[int]], Mapping[int, str]]


@dataclass(frozen=True)
class Lookups:
    """How each kind of token is looked up; handed in, because identity is another feature."""

    term: Lookup
    person: Lookup
    household: Lookup


def reveal(
    connection: Connection,
    policy: PolicySet,
    sheet: SheetTemplate,
    rows: Sequence[Mapping[str, Any]],
    lookups: Lookups,
    day: date,
) -> list[dict[str, Any]]:
    """The rows of one sheet as text. A column of the template that the rows lack is left empty, to be filled in."""
    regions = policy.region_names(day)
    revealed: list[dict[str, Any]] = [{} for _ in rows]
    for column in sheet.columns:
        given = [row.get(column.key) for row in rows]
        kind, _, code_list = column.reveal.partition(":")
        match kind:
            case "name" | "phone":
                texts = _looked_up(connection, lookups.term, given)
            case "id_number" | "id_masked":
                texts = _looked_up(connection, lookups.person, given)
                if kind == "id_masked":
                    texts = [mask_id(text) if text else text for text in texts]
            case "household":
                texts = _looked_up(connection, lookups.household, given)
            case "region":
                texts = [regions.get(code, code) if code else None for code in given]
            case "code":
                texts = [_labels(policy, code_list, value, day) for value in given]
            case "term":
                texts = _marks(connection, policy, lookups, given, day)
            case _:
                texts = given
        for row, text in zip(revealed, texts, strict=True):
            row[column.key] = text
    return revealed


def _looked_up(connection: Connection, lookup: Lookup, tokens: Sequence[Any]) -> list[str | None]:
    found = lookup(connection, {int(token) for token in tokens if token is not None})
    return [found.get(int(token)) if token is not None else None for token in tokens]


def _marks(
    connection: Connection, policy: PolicySet, lookups: Lookups, texts: Sequence[str | None], day: date
) -> list[str | None]:
    marks = {found for text in texts if text for found in _MARK.findall(text)}
    known = {
        (kind, token): said
        for kind, lookup in (("name", lookups.term), ("household", lookups.household))
        for token, said in lookup(connection, {int(token) for of, token in marks if of == kind}).items()
    }

    def told(mark: re.Match[str]) -> str:
        kind, token = mark.groups()
        if kind in policy.codes:
            return policy.codes[kind].label_of(token, day)
        return known.get((kind, int(token)), "？")

    return [_MARK.sub(told, text) if text else text for text in texts]


def _labels(policy: PolicySet, code_list: str, value: Any, day: date) -> str | None:
    if value is None:
        return None
    codes = value if isinstance(value, list) else [value]
    return "、".join(policy.codes[code_list].label_of(code, day) for code in codes)
