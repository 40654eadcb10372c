"""The catalogue (数据资源目录) as others ask for it: a workbook in the government's columns, and DCAT."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bidui.delivery import dcat, workbook
from bidui.delivery.filling import fill_workbook
from bidui.delivery.template import TemplateError, WorkbookTemplate, load_workbook
from bidui.policy.contract import Column, Contract
from bidui.policy.policy_set import PolicySet
from bidui.policy.source import Fault, PolicyError
from bidui.sealing import durable

TEMPLATES = DIRECTORY, ITEMS = "catalogue", "catalogue_items"
"""Of the workbook: its first sheet, and the sheet of each dataset's items."""
DCAT_FILE = "catalogue.jsonld"

_NOT_IN_A_NAME = re.compile(r"[\[\]:*?/\\']")
_LONGEST_NAME = 31
"""What Excel allows in the name of a sheet."""


class ExportError(RuntimeError):
    """The files cannot be written; the text is Chinese and says where."""


def export(policy: PolicySet, folder: Path, day: date) -> list[Path]:
    """Write the catalogue in the words of ``day`` to ``folder``: workbook and DCAT. What is there and equal, stays.

    Raises:
        PolicyError: a template of the workbook has a fault.
        ExportError: the folder cannot be written to.
    """
    name, book = directory(policy, day)
    linked = json.dumps(dcat.catalogue(policy, listed(policy, day), day), ensure_ascii=False, indent=1) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [put(folder / name, book), put(folder / DCAT_FILE, linked.encode())]
    except OSError as error:
        raise ExportError(f"目录写不进 {folder}：{error.strerror or type(error).__name__}") from None


def listed(policy: PolicySet, day: date) -> list[tuple[Contract, date | None]]:
    """The datasets of the catalogue, in order of id, each with the day on which this version of it was released.

    They are called as they are on ``day``.

    What was released stands as it was released, whatever its working file says by now, and what the newest release
    ended is not there; a dataset that never was released stands as a draft, without a day.
    """
    releases, newest = policy.releases, policy.releases.newest
    found = {dataset: contract for dataset, contract in policy.contracts.items() if dataset not in releases.versions}
    for dataset, stated in (newest.contracts if newest else {}).items():
        found[dataset] = releases.frozen[dataset, stated.version]
    called = (c.model_copy(update={"title": c.title_on(day)}) for _, c in sorted(found.items()))
    return [(contract, _released_on(policy, contract)) for contract in called]


def _released_on(policy: PolicySet, contract: Contract) -> date | None:
    releases = (r for r in policy.releases.known if contract.id in r.contracts)
    return next((r.released_on for r in releases if r.contracts[contract.id].version == contract.version), None)


def directory(policy: PolicySet, day: date) -> tuple[str, bytes]:
    """The workbook's name and content: the resources on one sheet, then each one's items on a sheet of its own."""
    entries = list(enumerate(listed(policy, day), 1))
    newest = policy.releases.newest
    values = {
        "hub": policy.profile.title, "day": day, "datasets": len(entries),
        "version": newest.number if newest else "未发布",
    }  # fmt: skip
    rows = [
        {**_resource(policy, contract, day), "number": number, "released_on": released_on}
        for number, (contract, released_on) in entries
    ]
    filled = fill_workbook(_template(policy, DIRECTORY), values, {"resources": rows}, {})
    sheets = [*filled.sheets]
    items = _template(policy, ITEMS)
    for number, (contract, _) in entries:
        columns = [_item(policy, column, at, day) for at, column in enumerate(contract.columns, 1)]
        sheets += fill_workbook(items, _told_of(policy, contract, number), {"items": columns}, {}).sheets
    made_at = datetime.combine(day, time(), ZoneInfo(policy.profile.time_zone))
    return filled.file_name, workbook.write(sheets, made_at=made_at)


def _resource(policy: PolicySet, contract: Contract, day: date) -> dict[str, Any]:
    """One line of the first sheet."""

    def label(list_name: str, code: str) -> str:
        return policy.codes[list_name].label_of(code, day)

    sharing, kind = contract.sharing, policy.codes["information_class"].entry_of(contract.information, day)
    return {
        "category": contract.category, "family": label("system_family", kind.about["family"]),
        "information": kind.label, "title": contract.title, "dataset": contract.id,
        "party": policy.name_of(contract.party), "purpose": contract.purpose,
        "format": label("resource_format", contract.format), "items": len(contract.columns),
        "cadence": label("cadence", contract.cadence), "sharing": label("sharing_class", sharing.class_),
        "conditions": sharing.conditions, "scope": sharing.scope, "mode": sharing.mode, "basis": sharing.basis,
        "source_system": contract.source_system, "security_level": label("security_level", contract.security_level),
        "version": contract.version,
    }  # fmt: skip


def _item(policy: PolicySet, column: Column, number: int, day: date) -> dict[str, Any]:
    """One line of a dataset's sheet."""
    return {
        "number": number, "title": column.title, "name": column.name,
        "type": policy.codes["column_type"].label_of(column.type, day), "required": "是" if column.required else "否",
        "code_list": column.code_list, "classification": column.classification, "owner": policy.name_of(column.owner),
    }  # fmt: skip


def _told_of(policy: PolicySet, contract: Contract, number: int) -> Mapping[str, Any]:
    named = _NOT_IN_A_NAME.sub("", f"{number:02d} {contract.title}")
    return {
        "sheet": named[:_LONGEST_NAME], "title": contract.title, "dataset": contract.id,
        "party": policy.name_of(contract.party), "version": contract.version,
    }  # fmt: skip


def _template(policy: PolicySet, name: str) -> WorkbookTemplate:
    try:
        return load_workbook(policy.include / "templates" / f"{name}.yaml")
    except (TemplateError, FileNotFoundError) as error:
        raise PolicyError([Fault(f"templates/{name}.yaml", None, str(error))]) from None


def put(path: Path, data: bytes) -> Path:
    """Write a file whole, or leave it as it is when it says the same."""
    if not path.exists() or path.read_bytes() != data:
        durable.write(path, data)
    return path
