"""Reading one contract file: the Open Data Contract Standard's own schema first, then ours."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import jsonschema
import jsonschema_rs

from bidui.domain.keys import digest
from bidui.policy.contract import Column, Contract
from bidui.policy.source import Fault, PolicyError, Source, Tell, nearest, parse

# Our closed list of customProperties, and the field of Contract or Column that each one fills.
_ON_CONTRACT = {
    "party": "party", "titles": "titles", "role": "roles", "by": "by", "delivery": "delivery", "cadence": "cadence",
    "validityMonths": "validity_months", "clauses": "clauses", "completeIf": "complete_if", "limits": "limits",
    "layout": "layout", "numbering": "numbering", "category": "category", "information": "information",
    "format": "format", "sharing": "sharing", "sourceSystem": "source_system", "securityLevel": "security_level",
}  # fmt: skip
_ON_COLUMN = {
    "role": "role", "codeList": "code_list", "identifier": "identifier", "idForm": "id_form", "locked": "locked",
    "many": "many", "owner": "owner",
}  # fmt: skip
_NESTED = {
    "maximumQuarantinedShare": "maximum_quarantined_share", "maximumChange": "maximum_change", "dataDate": "data_date",
}  # fmt: skip
_OF_THE_HUB = "completeIf: minimumRows differs by hub; say it in its profile, under least_rows"
_NO_REGION = "99"
"""No region's code begins so: ID numbers that do are nobody's."""
_TYPES = {"integer": "integer", "number": "decimal", "date": "date", "boolean": "boolean", "string": "text"}


@cache
def _schema() -> Any:
    return json.loads(files("open_data_contract_standard").joinpath("schema.json").read_text(encoding="utf-8"))


@cache
def _keys() -> frozenset[str]:
    """Every key that the standard knows anywhere."""
    found: set[str] = set()
    rest: list[Any] = [_schema()]
    while rest:
        node = rest.pop()
        if isinstance(node, dict):
            found |= set(node["properties"]) if isinstance(node.get("properties"), dict) else set()
            rest += node.values()
        elif isinstance(node, list):
            rest += node
    return frozenset(found)


@cache
def _quick() -> Any:
    return jsonschema_rs.validator_for(_schema())


@cache
def _telling() -> Any:
    schema = _schema()
    return jsonschema.validators.validator_for(schema)(schema)


def _breaks(document: Any) -> Iterator[Any]:
    """The errors of a document that breaks the standard; who tells them best takes a hundred times longer."""
    try:
        sound = isinstance(document, dict) and _quick().is_valid(document)
    except ValueError:  # it holds what JSON has no type for, like a day without quotes
        sound = False
    if not sound:
        yield from _telling().iter_errors(document)


def read(source: Source) -> Contract:
    """The contract in ``source``; PolicyError names every line that breaks the standard or our list."""
    return _read(source.text, source.file)


@lru_cache(maxsize=512)  # holding a text against the standard takes far longer than reading it
def _read(text: str, file: str) -> Contract:
    source = parse(text, file)
    document = source.plain()
    if faults := [fault for error in _breaks(document) for fault in _against_standard(source, error)]:
        raise PolicyError(faults)
    tables = document.get("schema") or []
    if len(tables) != 1:
        raise PolicyError([source.fault("a contract here describes exactly one table", ["schema"])])
    table = tables[0]
    fields, tell = _custom(source, document.get("customProperties"), _ON_CONTRACT, ["customProperties"])
    if missing := [p for p, field in _ON_CONTRACT.items() if _required(field) and field not in fields]:
        raise PolicyError([source.fault(_lacks(name), ["customProperties"]) for name in missing])
    if "minimumRows" in fields.get("complete_if", ()):
        raise PolicyError([tell(_OF_THE_HUB, ["complete_if", "minimumRows"])])
    for name in ("complete_if", "limits", "layout"):
        if name in fields:
            fields[name] = {_NESTED.get(key, key): value for key, value in fields[name].items()}
    columns = [
        _column(source, prop, ["schema", 0, "properties", at], fields["party"])
        for at, prop in enumerate(table.get("properties") or [])
    ]
    stated = {
        **fields, "id": document["id"], "title": document["name"], "version": document["version"], "columns": columns,
        "purpose": (document.get("description") or {}).get("purpose") or "", "hash": digest(document),
        "file": source.file,
    }  # fmt: skip
    return source.as_model_of(stated, Contract, tell)


def _against_standard(source: Source, error: Any) -> Iterator[Fault]:
    """What breaks the standard; a key that it does not know, with the one that was probably meant."""
    path = list(error.absolute_path)
    unknown = [key for key in error.instance if f"'{key}'" in error.message] if "unexpected" in error.message else []
    if isinstance(error.instance, date):
        yield source.fault(f"a day is to be quoted here: '{error.instance}'", path)
        return
    for key in unknown:
        yield source.fault(f"{key} is no key of the standard{nearest(key, _keys())}", [*path, key])
    if not unknown:
        yield source.fault(error.message[:200], path)


def _required(field: str) -> bool:
    return Contract.model_fields[field].is_required()


def _lacks(name: str) -> str:
    return f"customProperty {name} is missing; add {{property: {name}, value: …}}"


def _column(source: Source, prop: dict[str, Any], path: list[Any], party: str) -> dict[str, Any]:
    extra, tell = _custom(source, prop.get("customProperties"), _ON_COLUMN, [*path, "customProperties"])
    options = prop.get("logicalTypeOptions") or {}
    kind = _TYPES.get(prop.get("logicalType", "string"))
    if kind is None:
        raise PolicyError([source.fault(f"logicalType {prop['logicalType']} is not used here", [*path, "logicalType"])])
    if options.get("format") == "yyyyMM":
        kind = "month"
    many = extra.pop("many", False)
    if extra.get("code_list"):
        kind = "codes" if many else "code"
    stated = {
        "name": prop["name"], "title": prop.get("businessName") or prop["name"],
        "aliases": tuple(s["synonym"] for s in prop.get("synonyms") or ()), "type": kind,
        "required": bool(prop.get("required")), "classification": prop.get("classification") or "一般",
        "key_position": prop.get("primaryKeyPosition") if prop.get("primaryKey") else None,
        "minimum": options.get("minimum"), "maximum": options.get("maximum"), "owner": party,
        "example": _example(source, prop, path, extra.get("identifier")), **extra,
    }  # fmt: skip
    return source.as_model_of(stated, Column, tell).model_dump()


def _example(source: Source, prop: dict[str, Any], path: list[Any], identifier: str | None) -> str | None:
    """The first of the standard's ``examples``, as a person would write it into a cell."""
    first = next(iter(prop.get("examples") or ()), None)
    if isinstance(first, bool):
        raise PolicyError([source.fault("examples: write what stands in the cell, 是 or 否", [*path, "examples"])])
    if first is not None and identifier == "id_number" and not str(first).startswith(_NO_REGION):
        said = f"examples: an ID number that might be somebody's; begin it with {_NO_REGION}"
        raise PolicyError([source.fault(said, [*path, "examples"])])
    return None if first is None else str(first)


def _custom(source: Source, given: Any, known: dict[str, str], path: list[Any]) -> tuple[dict[str, Any], Tell]:
    """Our own properties as fields of the model, and who knows where in the file each is stated."""
    fields: dict[str, Any] = {}
    stated: dict[str, int] = {}
    faults = []
    for at, pair in enumerate(given or ()):
        name = pair["property"]
        if name in known:
            fields[known[name]], stated[known[name]] = pair["value"], at
        else:
            said = f"unknown customProperty {name}{nearest(name, known)}; known: {', '.join(known)}"
            faults.append(source.fault(said, [*path, at]))
    if faults:
        raise PolicyError(faults)

    def tell(message: str, place: Sequence[Any]) -> Fault:
        field = place[0] if place else None
        at = [*path, stated[field], "value", *place[1:]] if field in stated else path[:-1]
        return source.fault(message, at)

    return fields, tell
