"""Reading a table: which sheet, which row is the header, which encoding; and what is refused."""

from __future__ import annotations

import io
import resource
import zipfile

import openpyxl
import pytest
import xlsxwriter

from bidui.domain.issues import Refusal
from bidui.intake.isolation import Bounds
from bidui.intake.reading import read_table_bytes, within
from bidui.policy.contract import Column, Limits

from .conftest import COLUMNS, HEADER, OTHER, ROW, SOUND, contract, raw_of, saved, text_file, workbook


def refusal(data: bytes, made=None, bounds=None) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read_table_bytes(data, made or contract(), bounds)
    assert caught.value.__cause__ is None
    return caught.value


# --- header, preamble, rows ---


def test_rows_keep_the_numbers_that_people_see():
    raw = raw_of([["2026年10月 名册"], ["数据截止日：2026-10-20"], HEADER, ROW, [], ["李四", OTHER, "居民医保"]])
    assert raw.header_row == 3
    assert raw.preamble == ("2026年10月 名册", "数据截止日：2026-10-20")
    assert raw.rows.to_dict("index") == {
        4: dict(zip(["name", "id_no", "scheme", "stop_date", "amount"], ROW, strict=True)),
        6: {"name": "李四", "id_no": OTHER, "scheme": "居民医保", "stop_date": "", "amount": ""},
    }


def test_cells_become_text_as_a_person_would_write_them():
    from datetime import date, datetime

    rows = [HEADER, ["张三", 990821900307001, True, date(2026, 3, 5), 400.0],
            ["李四", 990821199003070014, 1.5, datetime(2026, 3, 5, 1, 2, 3), 0.1 + 0.2]]  # fmt: skip  # noqa: DTZ001
    assert raw_of(rows).rows.to_numpy().tolist() == [
        ["张三", "990821900307001", "true", "2026-03-05", "400"],
        ["李四", "9.9082119900307e+17", "1.5", "2026-03-05 01:02:03", "0.3"],
    ]


def test_headers_meet_over_spaces_width_line_breaks_and_aliases():
    raw = raw_of([["姓 名", "身份\n证号", "＊险种", "停保日期：", " 金额"], ROW])
    assert [cell.column for cell in raw.headers] == [c.name for c in COLUMNS]


def test_a_table_may_begin_right_of_the_first_column():
    raw = raw_of([["", "", *HEADER], ["", "", *ROW]])
    assert [cell.position for cell in raw.headers] == [2, 3, 4, 5, 6]
    assert raw.rows.loc[2, "id_no"] == SOUND


def test_unknown_columns_are_dropped_and_noted_and_absent_ones_too():
    raw = raw_of([["姓名", "证件号码", "险种", "备注"], [*ROW[:3], "x"]])
    assert raw.dropped == 1
    assert [(i.code, i.column) for i in raw.issues] == [
        ("column_dropped", "备注"), ("column_absent", "stop_date"), ("column_absent", "amount"),
    ]  # fmt: skip


def test_a_header_note_shows_no_long_number():
    assert raw_of([[*HEADER, SOUND], ROW]).issues[0].column == "…"


def test_the_second_header_of_one_name_ends_in_0():
    cleared = (
        Column(name="cleared", title="风险是否已消除"),
        Column(name="cleared_again", title="风险是否已消除0"),
    )
    raw = raw_of([[*HEADER, "风险是否已消除", "风险是否已消除"], [*ROW, "否", "是"]], contract(*COLUMNS, *cleared))
    assert raw.rows.loc[2, ["cleared", "cleared_again"]].tolist() == ["否", "是"]


def test_a_title_goes_before_an_alias_and_two_aliases_are_refused():
    raw = raw_of([[*HEADER, "身份证号"], [*ROW, "x"]])
    assert raw.rows.loc[2, "id_no"] == SOUND
    answer = refusal(workbook([["姓名", "身份证号", "證件號碼", "险种"], ROW]))
    assert (answer.code, answer.facts) == ("columns_ambiguous", {"columns": ["证件号码"]})


def test_missing_required_columns_are_named():
    answer = refusal(workbook([["姓名", "险种"], ["张三", "居民医保"]]))
    assert (answer.code, answer.facts) == ("columns_missing", {"columns": ["证件号码"]})


@pytest.mark.parametrize("rows", [[["学校", "班级", "姓名"], ["a", "b", "c"]], [["学校", "班级"], ["a", "b"]], [[]]])
def test_another_dataset_is_refused(rows):
    assert refusal(workbook(rows)).code == "not_this_dataset"


def test_a_header_below_the_tenth_row_is_not_found():
    assert refusal(workbook([*[["说明"]] * 10, HEADER, ROW])).code == "not_this_dataset"
    assert read_table_bytes(workbook([*[["说明"]] * 9, HEADER, ROW]), contract()).header_row == 10


def test_a_header_in_two_lines_is_refused_unless_merging_makes_it_whole():
    two = [
        ["姓名", "基本信息", "", "停保日期"],
        ["", "证件号码", "险种", ""],
        ["张三", SOUND, "居民医保", "2026-03-05"],
    ]
    assert refusal(workbook(two)).code == "header_two_lines"
    book = openpyxl.load_workbook(io.BytesIO(workbook(two)))
    for area in ("A1:A2", "D1:D2", "B1:C1"):
        book.active.merge_cells(area)
    raw = read_table_bytes(saved(book), contract())
    assert raw.header_row == 2
    assert raw.rows.loc[3, "name"] == "张三"


def test_cells_merged_downwards_hold_in_every_row_and_titles_may_be_merged():
    book = openpyxl.load_workbook(io.BytesIO(workbook([["2026年10月 名册"], HEADER, ROW, ["", OTHER, "职工医保"]])))
    book.active.merge_cells("A1:E1")
    book.active.merge_cells("A3:A4")
    raw = read_table_bytes(saved(book), contract())
    assert raw.rows["name"].tolist() == ["张三", "张三"]
    assert raw.filled == ((4, "name"),)


# --- sheets ---


def test_the_sheet_that_fits_is_taken():
    data = workbook(
        [["填报说明"], ["请勿改动表头"]],
        sheet="说明",
        名册=[HEADER, ROW],
        其他=[["姓名", "学校"], ["a", "b"]],
    )
    assert read_table_bytes(data, contract()).sheet == "名册"


def test_two_sheets_that_fit_are_refused_but_an_empty_template_does_not_count():
    assert refusal(workbook([HEADER, ROW], 名册2=[HEADER, ROW])).code == "ambiguous_sheet"
    assert read_table_bytes(workbook([HEADER], 名册2=[HEADER, ROW]), contract()).sheet == "名册2"


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_hidden_sheets_are_not_read(state):
    book = openpyxl.load_workbook(io.BytesIO(workbook([HEADER, ROW], 旧=[HEADER, ROW, ROW])))
    book["旧"].sheet_state = state
    assert len(read_table_bytes(saved(book), contract()).rows) == 1


# --- text files ---

ENGLISH_SAFE = [
    ["姓名", "證件號碼", "險種", "停保時間", "金額(元)"],
    ["張三", SOUND, "居民醫保", "2026-03-05", "400"],
]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8-sig", "utf-8", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_text_files_in_any_encoding_and_with_any_delimiter(encoding, delimiter):
    raw = read_table_bytes(text_file([HEADER, ROW], encoding, delimiter), contract())
    assert raw.rows.to_numpy().tolist() == [ROW]


def test_big5_that_gb18030_would_decode_to_nonsense_is_known_by_its_header():
    data = text_file(ENGLISH_SAFE * 1, "big5")
    data.decode("gb18030")  # does not fail, and proves nothing
    made = contract(layout=contract().layout.model_copy(update={"encoding": "gb18030"}))
    raw = read_table_bytes(data, made)
    assert raw.rows.loc[2, "name"] == "張三"
    assert [i.code for i in raw.issues] == ["encoding_other"]


def test_the_declared_encoding_is_no_news():
    made = contract(layout=contract().layout.model_copy(update={"encoding": "gb18030"}))
    assert read_table_bytes(text_file([HEADER, ROW], "gb18030"), made).issues == ()


def test_rare_characters_survive():
    rare = ["𠅤䶮", *ROW[1:]]
    assert read_table_bytes(text_file([HEADER, rare], "gb18030"), contract()).rows.loc[2, "name"] == "𠅤䶮"


def test_quoted_cells_may_hold_delimiters_and_line_breaks():
    data = text_file([HEADER, ['"张,三\n"', *ROW[1:]], ROW], "utf-8")
    assert read_table_bytes(data, contract()).rows["name"].tolist() == ["张,三\n", "张三"]


@pytest.mark.parametrize(
    "rows",
    [
        [HEADER, ['"张三', *ROW[1:]], ROW],  # never closed
        [HEADER, ['"张三', *ROW[1:]], ROW, ['李四"', *ROW[1:]]],  # closed two rows later: a row would vanish
        [HEADER, ['"张"三', *ROW[1:]]],
    ],
)
def test_broken_quotes_are_refused_and_swallow_no_row(rows):
    assert refusal(text_file(rows, "utf-8")).code == "broken_quotes"


def test_a_row_with_more_cells_than_the_header_is_marked():
    assert read_table_bytes(text_file([HEADER, ROW, [*ROW, "x"]], "utf-8"), contract()).misshapen == (3,)


def test_a_byte_of_no_encoding_is_refused_with_its_line():
    made = contract(layout=contract().layout.model_copy(update={"encoding": "gb18030"}))
    for rows in (3, 3000):  # within and beyond the part by which the encoding is chosen
        data = text_file([HEADER, *[ROW] * rows], "gb18030") + b"\xff\xff\r\n"
        answer = refusal(data, made)
        assert (answer.code, answer.facts) == ("encoding_broken", {"line": rows + 2})


# --- hostile ---


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00" * 100, b"PK\x03\x04garbage", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x07" * 600,
     bytes(range(256)) * 8, b"%PDF-1.7\n\x01\x02\xff"],
    ids=["empty", "zeros", "zip", "ole", "all bytes", "pdf"],
)  # fmt: skip
def test_garbage_is_unreadable(data):
    assert refusal(data).code == "file_unreadable"


def test_a_workbook_cut_short_is_unreadable():
    assert refusal(workbook([HEADER, ROW])[:-200]).code == "file_unreadable"


def test_an_encrypted_workbook_is_unreadable():
    import msoffcrypto.format.ooxml as ooxml

    sealed = io.BytesIO()
    ooxml.OOXMLFile(io.BytesIO(workbook([HEADER, *[ROW] * 200]))).encrypt("secret", sealed)
    answer = refusal(sealed.getvalue())
    assert (answer.code, answer.facts) == ("file_unreadable", {"reason": "encrypted"})


def rewritten(data: bytes, part: str, change) -> bytes:
    """The workbook with one part changed: ``change`` writes it anew from what it was."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as honest,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as evil,
    ):
        for name in honest.namelist():
            with evil.open(name, "w") as target:
                change(target, honest.read(name)) if name == part else target.write(honest.read(name))
    return made.getvalue()


def shared_strings_workbook() -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        page = book.add_worksheet()
        for at, row in enumerate([HEADER, ROW]):
            page.write_row(at, 0, row)
    return file.getvalue()


def test_a_bomb_of_shared_strings_is_too_heavy_and_harms_nobody():
    def bomb(target, was: bytes) -> None:
        head, tail = was.split(b"<si>", 1)
        target.write(head + b"<si><t>")
        for _ in range(400):
            target.write(b"A" * (1 << 20))
        target.write(b"</t></si><si>" + tail)

    data = rewritten(shared_strings_workbook(), "xl/sharedStrings.xml", bomb)
    assert len(data) < 1 << 20
    bounds = Bounds(8, 1000, memory_megabytes=300, cpu_seconds=20, wall_seconds=60, output_megabytes=64)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert refusal(data, bounds=bounds).code == "file_too_heavy"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_a_sheet_stretched_to_its_last_corner_is_too_heavy():
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "姓名", "x"
    assert refusal(saved(book)).code == "file_too_heavy"


def test_entities_are_not_expanded():
    def entity(target, was: bytes) -> None:
        target.write(b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>')
        target.write(was.split(b"?>", 1)[1].replace("张三".encode(), b"&e;"))

    data = rewritten(shared_strings_workbook(), "xl/sharedStrings.xml", entity)
    assert refusal(data).code == "file_unreadable"


def test_what_grows_beyond_the_bounds_is_too_heavy():
    rows = text_file([HEADER, *[ROW] * 900], "utf-8")
    bounds = Bounds.of(Limits(megabytes=8, rows=1000))
    slim = Bounds(**{**vars(bounds), "output_megabytes": 0})
    slow = Bounds(**{**vars(bounds), "wall_seconds": 0})
    assert refusal(rows, bounds=slim).code == "file_too_heavy"
    assert refusal(rows, bounds=slow).code == "file_too_heavy"


def test_more_bytes_or_rows_than_agreed():
    assert refusal(b"a" * (1 << 20) + b"b", contract(limits=Limits(megabytes=1))).code == "file_too_heavy"
    two = workbook([HEADER, ROW, ROW])
    assert len(read_table_bytes(two, contract(limits=Limits(rows=2))).rows) == 2
    answer = refusal(two, contract(limits=Limits(rows=1)))
    assert (answer.code, answer.facts) == ("too_many_rows", {"limit": 1})


def test_no_cell_shows_in_a_repr():
    assert "张三" not in repr(raw_of([HEADER, ROW]))


# --- columns that are not agreed ---


def test_a_column_that_is_not_agreed_is_dropped_and_noted_and_one_that_is_not_there_is_nothing():
    made = contract()
    agreed = made.within(["name", "id_no", "scheme"])
    raw = within(raw_of([["姓名", "证件号码", "险种", "金额", "备注"], [*ROW[:3], "400", "x"]], made), made, agreed)
    assert list(raw.rows) == ["name", "id_no", "scheme"]
    assert raw.dropped == 2
    assert [(i.code, i.column) for i in raw.issues] == [("column_dropped", "备注"), ("field_outside", "amount")]


def test_where_every_column_is_agreed_nothing_changes():
    made = contract()
    raw = raw_of([[*HEADER, "备注"], [*ROW, "x"]], made)
    assert within(raw, made, made.within(None)).issues == raw.issues
    assert made.within(None) is made


def test_no_agreement_leaves_out_what_a_row_cannot_do_without():
    made = contract()
    assert [c.name for c in made.within([]).columns] == [c.name for c in made.columns if c.indispensable]
