"""Typed columns and issues: what is read as it stands, what is repaired, and what stays unread."""

from __future__ import annotations

import csv
import io
import re
from datetime import date

import openpyxl
import pandas as pd
import pytest

from bidui.intake.normalise import normalise
from bidui.intake.reading import read_table_bytes
from bidui.policy.contract import Column

from .conftest import (
    CODES,
    DAY,
    HEADER,
    INCLUDE,
    OTHER,
    ROW,
    SOUND,
    contract,
    result_of,
    saved,
    text_file,
    told,
    workbook,
)


def column(kind: str, **more) -> Column:
    return Column(name="value", title="数值", type=kind, **more)


# --- types ---


@pytest.mark.parametrize(
    ("text", "value", "code"),
    [
        ("2026-03-05", "2026-03-05", None),
        ("20260305", "2026-03-05", None),
        ("2026-3-5", "2026-03-05", "date_form"),
        ("2026.3.5", "2026-03-05", "date_form"),
        ("2026/3/5", "2026-03-05", "date_form"),
        ("2026年3月5日", "2026-03-05", "date_form"),
        ("2026 年 3 月 5 日", "2026-03-05", "date_form"),
        ("２０２６－３－５", "2026-03-05", "date_form"),
        ("46086", "2026-03-05", "date_serial"),
        ("2026-03-05 00:00:00", "2026-03-05", "date_form"),
        ("2026-03-05T08:30:00", "2026-03-05", "date_time_dropped"),
        ("9999-12-31", "9999-12-31", None),
        ("无", None, None),
        ("—", None, None),
        ("nan", None, None),
        ("", None, None),
        ("2026-02-30", None, "date_unreadable"),
        ("3/5/2026", None, "date_unreadable"),
        ("26.3.5", None, "date_unreadable"),
        ("2026-3.5", None, "date_unreadable"),
        ("2026-03", None, "date_unreadable"),
        ("去年", None, "date_unreadable"),
        ("#N/A", None, "cell_error"),
    ],
)
def test_date(one_column, text, value, code):
    values, codes = one_column(column("date"), text)
    assert values == [pd.Timestamp(value) if value else None]
    assert codes == [code]


@pytest.mark.parametrize(
    ("text", "value", "code"),
    [
        ("202603", "2026-03-01", None),
        ("2026-03", "2026-03-01", None),
        ("2026-3", "2026-03-01", "month_form"),
        ("2026年3月", "2026-03-01", "month_form"),
        ("2026/3", "2026-03-01", "month_form"),
        ("2026.03", "2026-03-01", "month_form"),
        ("2026-03-01", "2026-03-01", "month_form"),
        ("2026-03-05", "2026-03-01", "month_day_dropped"),
        ("2026.1", None, "month_unreadable"),  # October, had a spreadsheet taken 2026.10 for a number
        ("202613", None, "month_unreadable"),
        ("3月", None, "month_unreadable"),
    ],
)
def test_month(one_column, text, value, code):
    values, codes = one_column(column("month"), text)
    assert values == [pd.Timestamp(value) if value else None]
    assert codes == [code]


@pytest.mark.parametrize(
    ("kind", "text", "value", "code"),
    [
        ("decimal", "400", 400.0, None),
        ("decimal", "-1.5", -1.5, None),
        ("decimal", "1,234.50", 1234.5, "number_form"),
        ("decimal", "¥1，234元", 1234.0, "number_form"),
        ("decimal", "１２", 12.0, None),
        ("decimal", "12,34", None, "number_unreadable"),
        ("decimal", "1.2万元", None, "number_unreadable"),
        ("decimal", "约400", None, "number_unreadable"),
        ("decimal", "￥ 1,234,567.89元", 1234567.89, "number_form"),
        ("decimal", "1.2345E4", 12345.0, None),
        ("decimal", "(300)", None, "number_unreadable"),
        ("decimal", "300元/月", None, "number_unreadable"),
        ("decimal", "1 234", None, "number_unreadable"),
        ("integer", "3", 3, None),
        ("integer", "3.0", 3, "number_form"),
        ("integer", "3.5", None, "number_unreadable"),
        ("integer", "1e20", None, "number_unreadable"),
        ("integer", "/", None, None),
        ("boolean", "是", True, None),
        ("boolean", "0", False, None),
        ("boolean", "TRUE", True, None),
        ("boolean", "无", None, None),
        ("boolean", "大概", None, "boolean_unreadable"),
        ("text", " 无 ", "无", None),  # in a text it may be meant
        ("text", "（一）组", "(一)组", "text_width"),
        ("text", "  ", None, None),
    ],
)
def test_number_boolean_text(one_column, kind, text, value, code):
    assert one_column(column(kind), text) == ([value], [code])


@pytest.mark.parametrize(
    ("value", "code"), [("-0.01", "out_of_range"), ("0", None), ("10000", None), ("10000.01", "out_of_range")]
)
def test_bounds_belong_to_the_range(one_column, value, code):
    assert one_column(column("decimal", minimum=0, maximum=10_000), value)[1] == [code]


@pytest.mark.parametrize(
    ("text", "value", "code"),
    [
        ("居民医保", "resident", None),
        ("城乡居民基本医疗保险", "resident", None),
        ("resident", "resident", None),
        (" 职工 医保 ", "employee", None),
        ("无", None, None),
        ("商业保险", None, "value_not_in_list"),
    ],
)
def test_code(one_column, text, value, code):
    assert one_column(column("code", code_list="scheme"), text) == ([value], [code])


@pytest.mark.parametrize(
    ("text", "value", "code"),
    [
        ("健康", ["healthy"], None),
        ("健康,长期慢性病", ["healthy", "chronic"], None),
        ("长期慢性病、健康；健康", ["chronic", "healthy"], None),
        ("财产/公职", ["asset"], None),
        ("健康，不明", ["healthy"], "value_not_in_list"),
        ("不明", None, "value_not_in_list"),
        ("", None, None),
    ],
)
def test_codes(one_column, text, value, code):
    assert one_column(column("codes", code_list="health"), text) == ([value], [code])


@pytest.mark.parametrize("kind", ["date", "month", "decimal", "integer", "boolean"])
def test_an_unreadable_value_costs_the_row_only_where_it_is_required(kind):
    for required, effect in ((False, "note"), (True, "quarantine")):
        made = contract(Column(name="key", title="编号"), column(kind, required=required))
        result = result_of([["编号", "数值"], ["1", "乱写"]], made)
        assert told(result) == [
            (
                2,
                "value",
                f"{kind.replace('integer', 'number').replace('decimal', 'number')}_unreadable",
                effect,
            )
        ]


# --- rows ---


def test_five_forms_of_a_date_in_one_column():
    rows = [HEADER] + [["张三", SOUND, "居民医保", day, 1] for day in
                       (date(2026, 3, 5), "2026.3.5", "2026年3月5日", 20260305, 46086)]  # fmt: skip
    result = result_of(rows)
    assert set(result.frame["stop_date"]) == {pd.Timestamp(2026, 3, 5)}
    assert told(result) == [
        (3, "stop_date", "date_form", "repair"), (4, "stop_date", "date_form", "repair"),
        (6, "stop_date", "date_serial", "repair"),
    ]  # fmt: skip


def test_id_numbers_get_their_readings_beside_them():
    result = result_of([HEADER, ["张三", f"'{SOUND.lower()}", "居民医保"], ["李四", "990821199003070011", "居民医保"]])
    assert result.frame.filter(like="id_no__").astype(object).to_dict("index") == {
        2: {"id_no__number": SOUND, "id_no__birth": pd.Timestamp(1990, 3, 7), "id_no__sex": "male",
            "id_no__form": "18", "id_no__problem": None, "id_no__digits": SOUND},
        3: {"id_no__number": None, "id_no__birth": pd.Timestamp(1990, 3, 7), "id_no__sex": "male",
            "id_no__form": "18", "id_no__problem": "id_check_digit", "id_no__digits": "990821199003070011"},
    }  # fmt: skip
    assert told(result) == [
        (2, "id_no", "id_apostrophe", "repair"), (2, "id_no", "id_lowercase_x", "repair"),
        (3, "id_no", "id_check_digit", "note"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "codes", "digits"),
    [
        (f"{SOUND}42", [], ("4", "2")),
        (f"{SOUND}42B1", [], ("4", "2")),
        (f" {SOUND[:6]} {SOUND[6:]}42", ["id_spaces"], ("4", "2")),
        (SOUND, ["certificate_digits_missing"], (None, None)),
        (OTHER[:17], ["id_form"], (None, None)),
    ],
)
def test_twenty_characters_are_the_proper_form_of_a_certificate(written, codes, digits):
    made = contract(
        Column(name="card", title="残疾人证号", role="subject", identifier="id_number", id_form="certificate")
    )
    result = result_of([["残疾人证号"], [written]], made)
    assert [code for _, _, code, _ in told(result)] == codes
    assert tuple(result.frame.loc[2, ["card__category", "card__level"]]) == digits


def test_twenty_characters_elsewhere_are_repaired():
    result = result_of([HEADER, ["张三", f"{SOUND}42", *ROW[2:]]])
    assert told(result) == [(2, "id_no", "id_disability_prefix", "repair")]
    assert "id_no__category" not in result.frame


def test_an_unresolved_number_stays_and_a_rounded_one_is_set_aside():
    result = result_of([HEADER, ["张三", 990821199003070014, "居民医保"], ["李四", "99082119900307001", "居民医保"]])
    assert told(result) == [(2, "id_no", "id_rounded", "quarantine"), (3, "id_no", "id_form", "note")]
    assert list(result.quarantined) == [2]
    assert list(result.accepted.index) == [3]


def test_a_rounded_number_of_somebody_else_is_a_note():
    head = Column(name="head_id", title="户主证件号码", role="head", identifier="id_number")
    result = result_of(
        [["编号", "户主证件号码"], ["1", 990821199003070014], ["2", ""]],
        contract(Column(name="key", title="编号"), head),
    )
    assert told(result) == [(2, "head_id", "id_rounded", "note")]


@pytest.mark.parametrize(
    ("row", "issue"),
    [
        (["", SOUND, "居民医保"], ("name", "required_missing")),
        (["张三", "", "居民医保"], ("id_no", "required_missing")),
        (["张三", "无", "居民医保"], ("id_no", "required_missing")),
        (["张三", SOUND, ""], ("scheme", "required_missing")),
        (["张三", SOUND, "商业保险"], ("scheme", "value_not_in_list")),
        (["张三", SOUND, "居民医保", "", "-1"], ("amount", "out_of_range")),
    ],
)
def test_a_row_without_what_is_required_is_set_aside_for_one_reason(row, issue):
    result = result_of([HEADER, row, ROW])
    assert told(result) == [(2, *issue, "quarantine")]
    assert list(result.accepted.index) == [3]


def test_footers_empty_rows_and_repeated_headers_are_no_data():
    rows = [
        HEADER,
        ROW,
        HEADER,
        ["", "", "", "", "", "旁注"],
        ["合计", "", "", "", "400"],
        ["制表人：某某", "审核人"],
    ]
    result = result_of(rows)
    assert list(result.frame.index) == [2]
    assert told(result) == [
        (3, None, "header_repeated", "note"), (4, None, "row_empty", "note"),
        (5, None, "footer_dropped", "note"), (6, None, "footer_dropped", "note"),
    ]  # fmt: skip


def test_a_full_row_that_begins_like_a_footer_is_data():
    assert list(result_of([HEADER, ["合计生", *ROW[1:]]]).frame["name"]) == ["合计生"]


def test_merged_cells_are_a_recorded_repair():
    book = openpyxl.load_workbook(io.BytesIO(workbook([HEADER, ROW, ["", OTHER, "居民医保"]])))
    book.active.merge_cells("A2:A3")
    result = normalise(read_table_bytes(saved(book), contract()), contract(), CODES, on=DAY)
    assert told(result) == [(3, "name", "cell_merged", "repair")]


def test_a_row_that_may_have_shifted_is_set_aside():
    data = text_file([HEADER, ROW, [*ROW, "x"]], "utf-8")
    result = normalise(read_table_bytes(data, contract()), contract(), CODES, on=DAY)
    assert (3, None, "row_shape", "quarantine") in told(result)
    assert list(result.accepted.index) == [2]


def test_absent_columns_are_there_without_values_and_typed():
    result = result_of([HEADER[:3], ROW[:3]])
    assert {name: str(kind) for name, kind in result.frame.dtypes.items() if "__" not in name} == {
        "name": "object", "id_no": "object", "scheme": "object",
        "stop_date": "datetime64[s]", "amount": "Float64",
    }  # fmt: skip
    assert result.frame[["stop_date", "amount"]].isna().all(axis=None)
    assert [row for row, *_ in told(result)] == [None, None]
    assert result.counts == {"column_absent": 2}


def test_names_stay_as_written():
    assert list(result_of([HEADER, [" 阿依•買 提\u3000", *ROW[1:]]]).frame["name"]) == ["阿依•買 提"]


def test_a_table_without_rows_is_an_empty_frame():
    result = result_of([HEADER])
    assert result.frame.empty
    assert result.accepted.empty
    assert result.issues.empty


def test_no_cell_shows_in_a_repr():
    assert "张三" not in repr(result_of([HEADER, ROW]))


# --- the closed list of codes ---


MODULES = (
    "domain/id_number", "domain/id_column", "intake/cells", "intake/child", "intake/headers",
    "intake/isolation", "intake/nil", "intake/normalise", "intake/preamble", "intake/reading",
)  # fmt: skip
STEMS = (
    "id_", "required_",
    "value_", "out_of", "number_", "date_", "month_", "boolean_", "text_", "cell_", "row_",
    "footer_", "header_", "column_", "columns_", "encoding_", "period_", "data_", "file_", "too_", "broken_",
    "not_this", "ambiguous_", "nil_",
)  # fmt: skip
NO_CODES = {"id_number", "data_date"}


def test_every_code_in_use_is_in_the_dictionary_and_has_words():
    with (INCLUDE / "dictionary" / "row_issue.csv").open(encoding="utf-8") as file:
        listed = {row["code"]: row for row in csv.DictReader(file)}
    source = "".join(
        (INCLUDE.parent / "plugins" / "bidui" / f"{module}.py").read_text(encoding="utf-8") for module in MODULES
    )
    words = set(re.findall(r'"([a-z]+(?:_[a-z0-9]+)+)"', source))
    used = {word for word in words if word.startswith(STEMS)} - NO_CODES
    assert used - set(listed) == set()
    assert len(used) > 40
    assert all(row["title"] and row["advice"] and row["clause"] for row in listed.values())
    assert {row["severity"] for row in listed.values()} <= {"repair", "note", "quarantine", "refuse", "warn"}


def test_a_hundred_thousand_rows_take_seconds():
    import resource

    rows = [HEADER, *([f"张{i}", SOUND, "居民医保", "2026.3.5", str(i % 400)] for i in range(100_000))]
    made = contract().model_copy(
        update={"limits": contract().limits.model_copy(update={"rows": 100_000, "megabytes": 64})}
    )

    def spent() -> float:
        who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, who))

    begun = spent()
    result = normalise(read_table_bytes(text_file(rows, "gb18030"), made), made, CODES, on=DAY)
    assert len(result.frame) == 100_000
    assert spent() - begun < 6
