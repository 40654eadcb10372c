"""The form of a registered need (共享需求登记表): a short YAML text, read into what the ledger keeps.

Every fault is told at once, by the field it is in; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError

from bidui.delivery.mail import looks_personal
from bidui.pipeline import registered
from bidui.pipeline.registered import NeedRefused
from bidui.policy.contract import Frozen
from bidui.policy.policy_set import PolicySet

LABELS: Mapping[str, str] = MappingProxyType({
    "party": "申请单位", "office": "联系科室", "email": "联系邮箱", "dataset": "所需数据", "mode": "使用方式",
    "fields": "所需项目", "use": "用途", "purpose": "具体事项", "basis": "依据", "term_from": "使用期限起",
    "term_to": "使用期限止", "requested_on": "申请日期",
})  # fmt: skip
"""What the fields of the form are called."""
_WRITTEN_AS: Mapping[str, str] = MappingProxyType({
    "email": "应为一个邮箱地址", "mode": "应为 query（名单）或者 statistics（统计数）",
    "fields": "应为一列项目，写在方括号中并用逗号隔开，如 [村, 姓名]",
    **dict.fromkeys(("term_from", "term_to", "requested_on"), "应为一个日期，如 2026-12-01"),
})  # fmt: skip
"""How a field is written, told to who wrote it otherwise."""
_FREE_TEXTS = ("party", "office", "purpose", "basis")
_ADDRESS = r"^[\w.+-]+@[\w-]+(\.[\w-]+)+$"


class Asked(Frozen):
    """What is asked for."""

    party: str = Field(min_length=2)
    """What the agency is called, or the id of its agreement."""
    office: str = Field(min_length=1)
    email: str = Field(pattern=_ADDRESS)
    dataset: str
    """Id or name, an earlier one too, of a dataset in the catalogue."""
    mode: Literal["query", "statistics"]
    fields: tuple[str, ...] = Field(min_length=1)
    use: str
    """Code of the list ``use``, or its word."""
    purpose: str = Field(min_length=1)
    basis: str = Field(min_length=1)
    term_from: date
    term_to: date
    requested_on: date


def read(policy: PolicySet, form: str | bytes, today: date) -> Asked:
    """The form with its words made into codes and ids; asked today, unless it says when.

    Raises NeedRefused (``need_form_faulty``), which names every field with a fault.
    """
    try:
        stated = yaml.safe_load(form)
    except yaml.YAMLError:
        raise NeedRefused(policy, "need_form_faulty", "登记表不是“项目: 内容”的格式") from None
    if not isinstance(stated, dict):
        raise NeedRefused(policy, "need_form_faulty", "登记表不是“项目: 内容”的格式")
    try:
        asked = Asked.model_validate({"requested_on": today, **stated})
    except ValidationError as error:
        said = sorted({_told(str(found["loc"][0]), found["type"]) for found in error.errors()})
        raise NeedRefused(policy, "need_form_faulty", "；".join(said)) from None
    asked = asked.model_copy(update={"party": policy.name_of(asked.party)})
    return _known(policy, asked, today)


def _told(field: str, fault: str) -> str:
    known = f"{LABELS[field]}（{field}）" if field in LABELS else _quoted(field)
    if fault == "extra_forbidden":
        return f"{known}不是登记表中的项目"
    if fault in ("missing", "too_short", "string_too_short"):
        return f"{known}没有填写"
    return f"{known}填写不对{f'：{_WRITTEN_AS[field]}' if field in _WRITTEN_AS else ''}"


def _quoted(word: str) -> str:
    """What somebody wrote, unless it may be about a person."""
    return "（有一处）" if looks_personal(word) else f"“{word}”"


def _known(policy: PolicySet, asked: Asked, today: date) -> Asked:
    """The same with codes, ids and titles of the policy."""
    faults = [
        f"{LABELS[field]}（{field}）中有像证件号码或电话号码的内容"
        for field in _FREE_TEXTS if looks_personal(getattr(asked, field))
    ]  # fmt: skip
    if asked.term_to < asked.term_from:
        faults.append(f"{LABELS['term_to']}（term_to）早于{LABELS['term_from']}")
    if asked.requested_on > today:
        faults.append(f"{LABELS['requested_on']}（requested_on）还没有到")
    uses = {name: code for code, label in policy.codes["use"].vocabulary(today).items() for name in (code, label)}
    datasets = {name: d for d, c in policy.contracts.items() for name in (d, c.title, *c.titles.values())}
    if asked.use not in uses:
        faults.append(f"{LABELS['use']}（use）应为{'、'.join(policy.codes['use'].vocabulary(today).values())}之一")
    found: dict[str, Any] = {"use": uses.get(asked.use), "dataset": datasets.get(asked.dataset)}
    if found["dataset"] is None:
        close = get_close_matches(asked.dataset, datasets)
        meant = f"，是不是{'、'.join(close)}" if close else "，代号和名称用 catalogue export 导出"
        faults.append(f"{LABELS['dataset']}（dataset）目录中没有{_quoted(asked.dataset)}{meant}")
    else:
        named = registered.items(policy, policy.contracts[found["dataset"]], asked.mode)
        unknown = [item for item in asked.fields if item not in named]
        faults += [f"{LABELS['fields']}（fields）中的{_quoted(item)}不是这项数据的项目" for item in unknown]
        found["fields"] = tuple(dict.fromkeys(named.get(item, item) for item in asked.fields))
    if faults:
        raise NeedRefused(policy, "need_form_faulty", "；".join(faults))
    return asked.model_copy(update=found)


def as_data(asked: Asked) -> dict[str, Any]:
    """As the ledger keeps it."""
    return {**asked.model_dump(), "fields": list(asked.fields)}
