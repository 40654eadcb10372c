"""What differs between two versions of a contract, and how much it matters (HY-03).

Who writes a file by the old version must be able to hand it in under a *compatible* one: what asks more of a file, or
means something else by it, is *breaking*. Texts alone change nothing that a file or a rule could notice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from bidui.policy.contract import Column, Contract, Members


class Weight(IntEnum):
    """How much a difference matters: which part of the version has to be raised for it."""

    TEXT = 0
    COMPATIBLE = 1
    BREAKING = 2


@dataclass(frozen=True)
class Difference:
    """One difference, as the agencies are told of it."""

    weight: Weight
    said: str


_OF_CONTRACT = {
    "title": (Weight.TEXT, "名称"), "titles": (Weight.TEXT, "此后名称"), "purpose": (Weight.TEXT, "用途说明"),
    "clauses": (Weight.TEXT, "条款"),
    "category": (Weight.TEXT, "信息资源分类"), "information": (Weight.TEXT, "信息类别"),
    "source_system": (Weight.TEXT, "来源系统"),
    "format": (Weight.COMPATIBLE, "信息资源格式"),
    "sharing": (Weight.COMPATIBLE, "共享类型"), "security_level": (Weight.COMPATIBLE, "数据分级"),
    "cadence": (Weight.COMPATIBLE, "更新周期"), "validity_months": (Weight.COMPATIBLE, "有效月数"),
    "complete_if": (Weight.COMPATIBLE, "完整性要求"), "party": (Weight.BREAKING, "提供单位"),
    "by": (Weight.BREAKING, "分地区或者分部门报送"), "delivery": (Weight.BREAKING, "全量或增量"),
    "numbering": (Weight.BREAKING, "户编号体系"),
}  # fmt: skip
_OF_COLUMN = {
    "type": (Weight.BREAKING, "类型"), "code_list": (Weight.BREAKING, "代码表"),
    "identifier": (Weight.BREAKING, "标识类别"), "id_form": (Weight.BREAKING, "证件形式"),
    "role": (Weight.BREAKING, "用途"), "key_position": (Weight.BREAKING, "业务主键"),
    "locked": (Weight.BREAKING, "锁定"), "classification": (Weight.COMPATIBLE, "字段分级"),
    "owner": (Weight.COMPATIBLE, "责任单位"), "example": (Weight.TEXT, "示例"),
}  # fmt: skip
_APART = {"id", "version", "hash", "file", "columns", "roles", "limits", "layout"}
_APART_IN_COLUMN = {"name", "title", "aliases", "required", "minimum", "maximum"}


def differences(old: Contract, new: Contract) -> list[Difference]:
    """All that differs, worst first; a file that says nothing else in other words differs in its text."""
    if old.hash == new.hash:
        return []
    found = [*_of_columns(old, new), *_of_contract(old, new)]
    return sorted(found, key=lambda d: -d.weight) or [Difference(Weight.TEXT, "文字说明有修改")]


def weight(found: list[Difference]) -> Weight:
    """The weight of all together."""
    return max((d.weight for d in found), default=Weight.TEXT)


def ordered(version: str) -> tuple[int, int, int]:
    """A version as numbers that compare."""
    major, minor, patch = (int(part) for part in version.split("."))
    return major, minor, patch


def raised(version: str, by: Weight) -> str:
    """The lowest version after ``version`` that a change of that weight may bear."""
    major, minor, patch = ordered(version)
    return {Weight.TEXT: f"{major}.{minor}.{patch + 1}", Weight.COMPATIBLE: f"{major}.{minor + 1}.0",
            Weight.BREAKING: f"{major + 1}.0.0"}[by]  # fmt: skip


def _of_contract(old: Contract, new: Contract) -> Iterator[Difference]:
    yield from _of_fields(old, new, _OF_CONTRACT, set(Contract.model_fields) - _APART, "")
    if gone := set(old.roles) - set(new.roles):
        yield Difference(Weight.BREAKING, f"不再用作 {'、'.join(sorted(gone))}")
    if come := set(new.roles) - set(old.roles):
        yield Difference(Weight.COMPATIBLE, f"新增用途 {'、'.join(sorted(come))}")
    for name, what in (("megabytes", "文件大小"), ("rows", "行数")):
        before, after = getattr(old.limits, name), getattr(new.limits, name)
        if before != after:
            said = Weight.BREAKING if after < before else Weight.COMPATIBLE
            yield Difference(said, f"{what}上限由 {before} 改为 {after}")
    if old.layout.encoding != new.layout.encoding:
        yield Difference(Weight.BREAKING, "文件的文字编码或形式改变")
    yield from _of_members(old.layout.members, new.layout.members)
    apart = {"encoding": None, "members": None}
    if old.layout.model_copy(update=apart) != new.layout.model_copy(update=apart):
        yield Difference(Weight.COMPATIBLE, "表头以上或表尾的写法有修改")


def _of_members(old: Members | None, new: Members | None) -> Iterator[Difference]:
    """What makes a row of the sheet one line or several, but for which columns are repeated."""
    apart = {"columns": (), "slots": 1}
    if (old and old.model_copy(update=apart)) != (new and new.model_copy(update=apart)):
        yield Difference(Weight.BREAKING, "一户一行的写法改变")
    elif old and new and old.slots != new.slots:
        fewer = Weight.BREAKING if new.slots < old.slots else Weight.COMPATIBLE
        yield Difference(fewer, f"每行人数由 {old.slots} 改为 {new.slots}")


def _of_columns(old: Contract, new: Contract) -> Iterator[Difference]:
    before, after = ({c.name: c for c in contract.columns} for contract in (old, new))
    for name in before.keys() - after.keys():
        yield Difference(Weight.BREAKING, f"删去列 {_called(before[name])}")
    for name in after.keys() - before.keys():
        asked = after[name].required or after[name].key_position
        how = (Weight.BREAKING, "新增必填列") if asked else (Weight.COMPATIBLE, "新增可选列")
        yield Difference(how[0], f"{how[1]} {_called(after[name])}")
    for name in (name for name in before if name in after):
        yield from _of_column(before[name], after[name])
        if _repeated(old, name) != _repeated(new, name):
            yield Difference(Weight.BREAKING, f"列 {_called(after[name])} 在每户一次与每人一次之间改变")


def _repeated(contract: Contract, name: str) -> bool:
    return name in (contract.layout.members.columns if contract.layout.members else ())


def _of_column(old: Column, new: Column) -> Iterator[Difference]:
    called = f"列 {_called(new)} "
    yield from _of_fields(old, new, _OF_COLUMN, set(Column.model_fields) - _APART_IN_COLUMN, called)
    headers = {old.title, *old.aliases}, {new.title, *new.aliases}
    if gone := headers[0] - headers[1]:
        yield Difference(Weight.BREAKING, f"{called}不再接受表头 {'、'.join(sorted(gone))}")
    if come := headers[1] - headers[0]:
        yield Difference(Weight.COMPATIBLE, f"{called}可用表头增加 {'、'.join(sorted(come))}")
    if old.required != new.required:
        said = (Weight.BREAKING, "改为必填") if new.required else (Weight.COMPATIBLE, "改为可不填")
        yield Difference(said[0], called + said[1])
    for name, what, sign in (("minimum", "下限", 1), ("maximum", "上限", -1)):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            narrower = after is not None and (before is None or (after - before) * sign > 0)
            told = f"{called}{what}由 {_shown(before)} 改为 {_shown(after)}"
            yield Difference(Weight.BREAKING if narrower else Weight.COMPATIBLE, told)


def _of_fields(
    old: Any, new: Any, known: dict[str, tuple[Weight, str]], names: set[str], called: str
) -> Iterator[Difference]:
    """Fields that are equal or not; one that is not listed here is thought to be compatible."""
    for name in sorted(names):
        if getattr(old, name) != getattr(new, name):
            how, what = known.get(name, (Weight.COMPATIBLE, name))
            yield Difference(how, f"{called}{what}改变")


def _called(column: Column) -> str:
    return f"{column.title}（{column.name}）"


def _shown(bound: float | None) -> str:
    return "不限" if bound is None else f"{bound:g}"
