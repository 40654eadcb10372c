"""What differs between two versions of a contract, how much it matters, and which version it asks for."""

from __future__ import annotations

from typing import Any

import pytest

from bidui.policy import changes
from bidui.policy.changes import Weight, differences, ordered, raised, weight
from bidui.policy.contract import Column, Completeness, Contract, Layout, Limits, Members
from tests.contracts import ITEMS

NAME = Column(name="name", title="姓名", aliases=("名字",), required=True, role="subject_name", identifier="name")
AGE = Column(name="age", title="年龄", type="integer", minimum=0, maximum=150)
STATE = Column(name="state", title="状态", type="code", code_list="state")
HOUSEHOLD = Column(name="household", title="户编号", required=True, role="household_key", key_position=1)
PERSON = Column(name="id_no", title="证件号码", required=True, role="subject", identifier="id_number", key_position=2)
NUMBER = Column(name="no", title="序号", type="integer")


def contract(*columns: Column, **stated: Any) -> Contract:
    items = {**ITEMS, "title": "名册", "party": "agency", "roles": ("roster",), "cadence": "month", "clauses": ("X-1",)}
    stated = {**items, **stated}
    return Contract(
        id="agency.roster", version="1.0.0", columns=columns, hash=repr((columns, stated)), file="", **stated
    )


def column(**stated: Any) -> tuple[Column, Column]:
    """A column of text, and the same with something else said of it."""
    before = Column(name="note", title="备注")
    return before, before.model_copy(update=stated)


def in_columns(*pairs: tuple[Column | None, Column | None]) -> tuple[Contract, Contract]:
    return (contract(NAME, *(old for old, _ in pairs if old)), contract(NAME, *(new for _, new in pairs if new)))


def in_contract(before: dict[str, Any], after: dict[str, Any]) -> tuple[Contract, Contract]:
    return contract(NAME, AGE, **before), contract(NAME, AGE, **after)


def sheet(slots: int, *members: str, once: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"layout": Layout(members=Members(slots=slots, columns=members, number="no", once=once))}


def households(before: dict[str, Any], after: dict[str, Any]) -> tuple[Contract, Contract]:
    columns = (HOUSEHOLD, PERSON, NUMBER, AGE)
    return contract(*columns, **before), contract(*columns, **after)


TEXT, COMPATIBLE, BREAKING = Weight

CASES = [
    ("a new optional column", in_columns((None, AGE)), COMPATIBLE, "新增可选列 年龄（age）"),
    ("a new required column", in_columns((None, AGE.model_copy(update={"required": True}))), BREAKING,
     "新增必填列 年龄（age）"),
    ("a new column of the key", in_columns((None, AGE.model_copy(update={"key_position": 1}))), BREAKING,
     "新增必填列 年龄（age）"),
    ("a column gone", in_columns((AGE, None)), BREAKING, "删去列 年龄（age）"),
    ("a column renamed", in_columns((AGE, AGE.model_copy(update={"name": "years"}))), BREAKING, "删去列 年龄（age）"),
    ("newly required", in_columns(column(required=True)), BREAKING, "列 备注（note） 改为必填"),
    ("no more required", in_columns((column(required=True)[1], column()[0])), COMPATIBLE, "列 备注（note） 改为可不填"),
    ("another type", in_columns(column(type="integer")), BREAKING, "列 备注（note） 类型改变"),
    ("another code list", in_columns((STATE, STATE.model_copy(update={"code_list": "other"}))), BREAKING,
     "列 状态（state） 代码表改变"),
    ("another role", in_columns(column(role="relation")), BREAKING, "列 备注（note） 用途改变"),
    ("now an identifier", in_columns(column(identifier="text")), BREAKING, "列 备注（note） 标识类别改变"),
    ("now of the key", in_columns(column(key_position=1)), BREAKING, "列 备注（note） 业务主键改变"),
    ("one more header", in_columns(column(aliases=("说明",))), COMPATIBLE, "列 备注（note） 可用表头增加 说明"),
    ("one header less", in_columns((column(aliases=("说明",))[1], column()[0])), BREAKING,
     "列 备注（note） 不再接受表头 说明"),
    ("another header", in_columns(column(title="附注")), BREAKING, "列 附注（note） 不再接受表头 备注"),
    ("another header, the old one taken still", in_columns(column(title="附注", aliases=("备注",))), COMPATIBLE,
     "列 附注（note） 可用表头增加 附注"),
    ("a wider bound", in_columns((AGE, AGE.model_copy(update={"maximum": 200}))), COMPATIBLE,
     "列 年龄（age） 上限由 150 改为 200"),
    ("no bound", in_columns((AGE, AGE.model_copy(update={"minimum": None}))), COMPATIBLE,
     "列 年龄（age） 下限由 0 改为 不限"),
    ("a narrower bound", in_columns((AGE, AGE.model_copy(update={"minimum": 16}))), BREAKING,
     "列 年龄（age） 下限由 0 改为 16"),
    ("a first bound", in_columns((column(type="integer")[1], column(type="integer", maximum=9)[1])), BREAKING,
     "列 备注（note） 上限由 不限 改为 9"),
    ("another class of a column", in_columns(column(classification="敏感")), COMPATIBLE,
     "列 备注（note） 字段分级改变"),
    ("another example", in_columns(column(example="甲")), TEXT, "列 备注（note） 示例改变"),
    ("another name", in_contract({}, {"title": "花名册"}), TEXT, "名称改变"),
    ("parts by region", in_contract({}, {"by": "region"}), BREAKING, "分地区或者分部门报送改变"),
    ("another provider", in_contract({}, {"party": "other"}), BREAKING, "提供单位改变"),
    ("one use more", in_contract({}, {"roles": ("roster", "named")}), COMPATIBLE, "新增用途 named"),
    ("one use less", in_contract({"roles": ("roster", "named")}, {}), BREAKING, "不再用作 named"),
    ("larger files", in_contract({}, {"limits": Limits(rows=2_000_000)}), COMPATIBLE,
     "行数上限由 1000000 改为 2000000"),
    ("smaller files", in_contract({}, {"limits": Limits(megabytes=1)}), BREAKING, "文件大小上限由 64 改为 1"),
    ("a text file", in_contract({}, {"layout": Layout(encoding="gb18030")}), BREAKING, "文件的文字编码或形式改变"),
    ("another footer", in_contract({}, {"layout": Layout(footer=("合计",))}), COMPATIBLE, "表头以上或表尾的写法有修改"),
    ("complete by other rules", in_contract({}, {"complete_if": Completeness(maximum_change=0.9)}), COMPATIBLE,
     "完整性要求改变"),
    ("room for more members", households(sheet(4, "id_no"), sheet(6, "id_no")), COMPATIBLE, "每行人数由 4 改为 6"),
    ("room for fewer members", households(sheet(4, "id_no"), sheet(3, "id_no")), BREAKING, "每行人数由 4 改为 3"),
    ("a column now told of each member", households(sheet(4, "id_no"), sheet(4, "id_no", "age")), BREAKING,
     "列 年龄（age） 在每户一次与每人一次之间改变"),
    ("a household's sum", households(sheet(4, "id_no"), sheet(4, "id_no", once=("age",))), BREAKING,
     "一户一行的写法改变"),
]  # fmt: skip


@pytest.mark.parametrize(("pair", "matters", "says"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_difference_is_told_and_weighed(pair: tuple[Contract, Contract], matters: Weight, says: str) -> None:
    found = differences(*pair)
    assert weight(found) is matters
    assert found[0].said == says


def test_the_worst_is_told_first() -> None:
    found = differences(*in_columns((AGE, None), (None, STATE)))
    assert [d.weight for d in found] == [BREAKING, COMPATIBLE]


def test_nothing_differs_in_the_same_document_and_other_words_are_text() -> None:
    one = contract(NAME, AGE)
    assert differences(one, one) == []
    assert differences(one, one.model_copy(update={"hash": "other"}))[0].weight is TEXT


@pytest.mark.parametrize(
    ("by", "least"), [(TEXT, "1.2.4"), (COMPATIBLE, "1.3.0"), (BREAKING, "2.0.0")], ids=[w.name for w in Weight]
)
def test_a_version_is_raised_by_the_weight_of_what_changed(by: Weight, least: str) -> None:
    assert raised("1.2.3", by) == least


def test_everything_that_a_contract_says_is_weighed() -> None:
    """A new key of the model is to be given its weight, or to be judged apart."""
    assert {*changes._OF_CONTRACT, *changes._APART} == set(Contract.model_fields)
    assert {*changes._OF_COLUMN, *changes._APART_IN_COLUMN} == set(Column.model_fields)


def test_versions_compare_as_numbers() -> None:
    assert sorted(["1.10.0", "1.9.9", "2.0.0"], key=ordered) == ["1.9.9", "1.10.0", "2.0.0"]
