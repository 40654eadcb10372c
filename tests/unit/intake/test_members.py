"""Sheets with a household in each row: one line a member, and everything noticed at the row and header of the file."""

from __future__ import annotations

from typing import Any

import openpyxl
import pandas as pd
import pytest

from bidui.domain.issues import Refusal
from bidui.intake.members import fold, once
from bidui.intake.normalise import Normalised, normalise
from bidui.intake.reading import read_table_bytes
from bidui.policy.contract import Column, Contract, Layout, Members

from .conftest import CODES, DAY, OTHER, SOUND, contract, saved, workbook

THIRD = "990821201001010012"
HEADER = ["证号", "村", "人数", "金额", "姓名1", "证件号码1", "关系1", "姓名2", "证件号码2", "关系2"]


@pytest.fixture
def households() -> Contract:
    """Three slots; a member's name and number are required, the relation is not."""
    return contract(
        Column(name="case_no", title="证号", required=True, role="household_key", key_position=1),
        Column(name="village", title="村", role="region_village"),
        Column(name="persons", title="人数", type="integer"),
        Column(name="amount", title="金额", type="decimal", minimum=0),
        Column(name="slot", title="成员序号", type="integer", role="line_number"),
        Column(name="name", title="姓名", required=True, role="subject_name", identifier="name"),
        Column(
            name="id_no", title="证件号码", aliases=("身份证号",), required=True, role="subject",
            identifier="id_number", key_position=2,
        ),
        Column(name="relation", title="关系", role="relation"),
        layout=Layout(
            footer=("合计",),
            members=Members(slots=3, columns=("name", "id_no", "relation"), number="slot", once=("amount",)),
        ),
    )  # fmt: skip


def read(made: Contract, *rows: list[Any], header: list[str] | None = None, data: bytes | None = None) -> Normalised:
    raw = read_table_bytes(data or workbook([header or HEADER, *rows]), made)
    return normalise(raw, made, CODES, on=DAY)


def lines(result: Normalised) -> list[tuple[int, str, str | None]]:
    """(line, case number, name) of every line."""
    return list(result.frame[["case_no", "name"]].itertuples(name=None))


def seen(result: Normalised, made: Contract) -> set[tuple[int | None, str | None, str]]:
    """(row, column, code) as a person is told."""
    told = fold(result.issues, made)
    return {
        (None if pd.isna(row) else int(row), column, code)
        for row, column, code in told[["row", "column", "code"]].itertuples(index=False)
    }


def test_each_filled_slot_is_a_line_with_its_household(households):
    result = read(households, ["A", "一村", 2, 300, "张三", SOUND, "户主", "李四", OTHER, "配偶"],
                  ["B", "二村", 1, 150, "王五", THIRD, "户主"])  # fmt: skip
    assert lines(result) == [(201, "A", "张三"), (202, "A", "李四"), (301, "B", "王五")]
    assert result.frame["village"].tolist() == ["一村", "一村", "二村"]
    assert result.frame["slot"].tolist() == [1, 2, 1]
    assert result.frame["relation"].tolist() == ["户主", "配偶", "户主"]
    assert result.frame["slot__count"].tolist() == [2, 2, 1]
    assert seen(result, households) == set()


def test_lines_lead_back_to_rows_and_slots(households):
    rows, slots = households.places(households.lines(pd.Index([12, 12345]), 3))
    assert (rows.tolist(), slots.tolist()) == ([12, 12345], [3, 3])
    ordinary = contract()
    rows, slots = ordinary.places(ordinary.lines(pd.Index([12])))
    assert (rows.tolist(), slots.tolist()) == ([12], [0])


def test_a_gap_between_slots_is_nothing(households):
    header = [*HEADER, "姓名3", "证件号码3", "关系3"]
    result = read(
        households, ["A", "", 2, 300, "张三", SOUND, "户主", "", "", "", "李四", OTHER, "配偶"], header=header
    )
    assert lines(result) == [(201, "A", "张三"), (203, "A", "李四")]
    assert seen(result, households) == set()


@pytest.mark.parametrize("nothing", ["", " ", "/", "无", "—"])
def test_a_word_for_nothing_fills_no_slot(households, nothing):
    result = read(households, ["A", "", 1, 300, "张三", SOUND, "户主", nothing, nothing, nothing])
    assert lines(result) == [(201, "A", "张三")]


@pytest.mark.parametrize(
    ("name", "number", "column"), [("李四", "", "id_no_2"), ("", OTHER, "name_2"), ("李四", "9.90821E+17", "id_no_2")]
)
def test_a_member_that_is_set_aside_does_not_take_its_household_away(households, name, number, column):
    result = read(households, ["A", "", 2, 300, "张三", SOUND, "户主", name, number, "配偶"])
    assert result.quarantined.tolist() == [202]
    assert {(row, at) for row, at, _ in seen(result, households)} == {(2, column)}


def test_two_unreadable_numbers_in_one_row_stay_two_lines(households):
    result = read(households, ["A", "", 2, 300, "张三", SOUND[:-1] + "1", "户主", "李四", OTHER[:-1] + "1", "配偶"])
    assert seen(result, households) == {(2, "id_no_1", "id_check_digit"), (2, "id_no_2", "id_check_digit")}
    assert result.quarantined.empty


def test_what_is_wrong_with_the_household_is_said_once_and_holds_for_all(households):
    result = read(households, ["", "", "三", 300, "张三", SOUND, "户主", "李四", OTHER, "配偶"])
    assert seen(result, households) == {(2, "case_no", "required_missing"), (2, "persons", "number_unreadable")}
    assert result.quarantined.tolist() == [201, 202]


def test_a_household_without_a_member_is_not_overlooked(households):
    result = read(households, ["A", "一村", 2, 300], ["B", "", 1, 150, "王五", THIRD, "户主"])
    assert seen(result, households) == {(2, "name_1", "required_missing"), (2, "id_no_1", "required_missing")}
    assert result.quarantined.tolist() == [201]


def test_what_stands_alone_in_a_slot_is_noted(households):
    result = read(households, ["A", "", 1, 300, "张三", SOUND, "户主", "", "", "配偶"])
    assert lines(result) == [(201, "A", "张三")]
    assert seen(result, households) == {(2, "name_2", "member_unnamed")}


def test_a_member_beyond_the_slots_is_set_aside_by_name(households):
    header = [*HEADER, "姓名4", "身份证号4"]
    result = read(
        households, ["A", "", 3, 300, "张三", SOUND, "户主", "李四", OTHER, "配偶", "王五", THIRD], header=header
    )
    assert lines(result)[-1] == (204, "A", "王五")
    assert result.quarantined.tolist() == [204]
    assert seen(result, households) >= {(2, "name_4", "member_beyond_slots"), (None, "relation_4", "column_absent")}
    assert result.frame["slot__count"].tolist() == [3, 3, 3]


def test_headers_far_beyond_the_slots_are_columns_that_nobody_agreed_on(households):
    result = read(households, ["A", "", 1, 300, "张三", SOUND, *[""] * 4, "王五"], header=[*HEADER, "姓名7"])
    assert seen(result, households) == {(None, "姓名7", "column_dropped")}


def test_a_file_may_have_fewer_slots_but_not_half_of_one(households):
    result = read(households, ["A", "", 1, 300, "张三", SOUND], header=HEADER[:6])
    assert seen(result, households) == {(None, "relation_1", "column_absent")}
    with pytest.raises(Refusal) as refused:
        read(households, ["A", "", 1, 300, "张三"], header=HEADER[:5])
    assert (refused.value.code, refused.value.facts) == ("columns_missing", {"columns": ["证件号码1"]})


def test_merged_cells_fill_the_households_below(households):
    book = openpyxl.Workbook()
    for row in (HEADER, ["A", "一村", 1, 300, "张三", SOUND, "户主"], ["B", "", 1, 150, "王五", THIRD, "户主"]):
        book.active.append(row)
    book.active.merge_cells("B2:B3")
    result = read(households, data=saved(book))
    assert result.frame["village"].tolist() == ["一村", "一村"]
    assert seen(result, households) == {(3, "village", "cell_merged")}


def test_rows_that_are_no_household(households):
    result = read(
        households, ["A", "", 1, 300, "张三", SOUND, "户主"], HEADER, [" "], ["B", "", 1, 150, "王五", THIRD, "户主"],
        ["合计", "", 2, 450],
    )  # fmt: skip
    assert [line for line, *_ in lines(result)] == [201, 501]
    assert seen(result, households) == {(3, None, "header_repeated"), (6, None, "footer_dropped")}


def test_a_person_named_twice_counts_once(households):
    result = read(households, ["A", "", 1, 300, "张三", SOUND, "户主", "张三", SOUND, "户主"])
    assert result.frame["slot__count"].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("apart", "amounts"),
    [
        ([], [300, None, 150, None]),
        ([201], [None, 300, 150, None]),
        ([201, 202], [None, None, 150, None]),
    ],
)
def test_money_stands_on_the_first_member_that_goes_on(households, apart, amounts):
    result = read(households, ["A", "", 2, 300, "张三", SOUND, "", "李四", OTHER, ""],
                  ["B", "", 2, 150, "王五", THIRD, "", "赵六", "990821198001010018", ""])  # fmt: skip
    settled = once(result.frame, households, pd.Index(apart))["amount"]
    assert [None if pd.isna(value) else value for value in settled] == amounts


def test_money_of_a_household_in_two_rows_stands_once(households):
    rows = ["A", "", 2, None, "张三", SOUND, "户主"], ["A", "", 2, 300, "李四", OTHER, "配偶"]
    settled = once(read(households, *rows).frame, households, pd.Index([]))["amount"]
    assert [None if pd.isna(value) else value for value in settled] == [300, None]


def test_an_ordinary_table_is_left_as_it_is():
    made = contract()
    frame = pd.DataFrame({"amount": [1.0, 2.0]}, index=[2, 3])
    assert once(frame, made, pd.Index([])) is frame


def test_a_sheet_without_rows_has_no_lines(households):
    result = read(households)
    assert (len(result.frame), result.frame["slot__count"].dtype) == (0, "Int64")
    assert once(result.frame, households, pd.Index([])).empty
