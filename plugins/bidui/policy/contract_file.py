"""Reading one contract file: the Open Data Contract Standard's own schema first, then ours."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema

from bidui.domain.keys import digest
from bidui.policy.contract import Column, Contract
from bidui.policy.source import PolicyError, Source

# Our closed list of customProperties, and the field of Contract or Column that each one fills.
_ON_CONTRACT = {
    "party": "party", "role": "role", "by": "by", "delivery": "delivery", "cadence": "cadence",
    "validityMonths": "validity_months", "clauses": "clauses", "completeIf": "complete_if", "limits": "limits",
    "layout": "layout",
}  # fmt: skip
_ON_COLUMN = {"role": "role", "codeList": "code_list", "identifier": "identifier", "locked": "locked", "many": "many"}
_NESTED = {
    "minimumRows": "minimum_rows", "maximumQuarantinedShare": "maximum_quarantined_share",
    "maximumChange": "maximum_change", "dataDate": "data_date",
}  # fmt: skip
_TYPES = {"integer": "integer", "number": "decimal", "date": "date", "boolean": "boolean", "string": "text"}


@cache
def _standard() -> Any:
    schema = json.loads(files("open_data_contract_standard").joinpath("schema.json").read_text(encoding="utf-8"))
    return jsonschema.validators.validator_for(schema)(schema)


def read(source: Source) -> Contract:
    """The contract in ``source``; PolicyError names every line that breaks the standard or our list."""
    document = source.plain()
    faults = [source.fault(e.message[:200], list(e.absolute_path)) for e in _standard().iter_errors(document)]
    if faults:
        raise PolicyError(faults)
    tables = document.get("schema") or []
    if len(tables) != 1:
        raise PolicyError([source.fault("a contract here describes exactly one table", ["schema"])])
    table = tables[0]
    fields = _custom(source, document.get("customProperties"), _ON_CONTRACT, ["customProperties"])
    for name in ("complete_if", "limits", "layout"):
        if name in fields:
            fields[name] = {_NESTED.get(key, key): value for key, value in fields[name].items()}
    columns = [
        _column(source, prop, ["schema", 0, "properties", at]) for at, prop in enumerate(table.get("properties") or [])
    ]
    model = Source(source.file, {
        **fields, "id": document["id"], "title": document["name"], "version": document["version"], "columns": columns,
        "hash": digest(document), "file": source.file,
    }, source.text)  # fmt: skip
    return model.as_model(Contract)


def _column(source: Source, prop: dict[str, Any], path: list[Any]) -> dict[str, Any]:
    extra = _custom(source, prop.get("customProperties"), _ON_COLUMN, [*path, "customProperties"])
    options = prop.get("logicalTypeOptions") or {}
    kind = _TYPES.get(prop.get("logicalType", "string"))
    if kind is None:
        raise PolicyError([source.fault(f"logicalType {prop['logicalType']} is not used here", [*path, "logicalType"])])
    if options.get("format") == "yyyyMM":
        kind = "month"
    many = extra.pop("many", False)
    if extra.get("code_list"):
        kind = "codes" if many else "code"
    return Column(
        name=prop["name"], title=prop.get("businessName") or prop["name"],
        aliases=tuple(s["synonym"] for s in prop.get("synonyms") or ()), type=kind,  # type: ignore[arg-type]
        required=bool(prop.get("required")), classification=prop.get("classification") or "一般",
        key_position=prop.get("primaryKeyPosition") if prop.get("primaryKey") else None,
        minimum=options.get("minimum"), maximum=options.get("maximum"), **extra,
    ).model_dump()  # fmt: skip


def _custom(source: Source, given: Any, known: dict[str, str], path: list[Any]) -> dict[str, Any]:
    fields, faults = {}, []
    for at, pair in enumerate(given or ()):
        if pair["property"] in known:
            fields[known[pair["property"]]] = pair["value"]
        else:
            faults.append(
                source.fault(f"unknown customProperty {pair['property']}; known: {', '.join(known)}", [*path, at])
            )
    if faults:
        raise PolicyError(faults)
    return fields
