"""Forms made from contracts: filled in with the contract's own examples, each comes in without a word."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from docx import Document
from openpyxl.worksheet.worksheet import Worksheet

from bidui.domain.issues import Refusal
from bidui.domain.period import Period
from bidui.intake import headers
from bidui.intake.normalise import normalise
from bidui.intake.preamble import confirm, words_before
from bidui.intake.reading import read_table_bytes
from bidui.pipeline import forms
from bidui.pipeline.arrive import period_in_name, provision_by_name
from bidui.pipeline.catalogue import ExportError
from bidui.pipeline.check import check
from bidui.policy.contract import Contract
from bidui.policy.policy_set import PolicySet
from bidui.policy.recipe import Recipe
from tests.policies import unreleased

PERIOD = Period.parse("2026-12")
INCLUDE = Path(__file__).parents[3] / "include"
DATASETS = sorted(
    f"{path.parent.name}.{path.stem}" for path in INCLUDE.glob("catalogue/*/*.yaml") if path.parent.name != "releases"
)


def opened(policy: PolicySet, contract: Contract) -> openpyxl.Workbook:
    """The blank workbook of a contract."""
    return openpyxl.load_workbook(io.BytesIO(forms.blank(policy, contract, "县示例局", PERIOD)[1]))


def header_of(book: openpyxl.Workbook, contract: Contract) -> int:
    """The row of the first sheet that holds the headers."""
    wanted = contract.as_written[0].title
    return next(row[0].row for row in book.worksheets[0].iter_rows() if row[0].value == wanted)


def filled_in(book: openpyxl.Workbook, contract: Contract) -> bytes:
    """The workbook with the example, and the day of the data beside its label."""
    sheet, header = book.worksheets[0], header_of(book, contract)
    later = {c.title for n, slot in contract.slots.items() if n > 1 for c in slot.values()}
    examples = {c.title: c.example for c in contract.as_written if c.title not in later}
    for cell in sheet[header]:
        sheet.cell(header + 1, cell.column, examples.get(cell.value))
    if contract.layout.data_date:
        beside = next(cell for cell in sheet[header - 1] if cell.fill.fill_type == "solid")
        beside.value = "2026-12-20"
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_blank_form_filled_in_with_its_example_comes_in_without_a_word(policy: PolicySet, dataset: str) -> None:
    contract = policy.contracts[dataset]
    book = opened(policy, contract)
    assert not _read_as_data(book.worksheets[1], contract)
    raw = read_table_bytes(filled_in(book, contract), contract)
    result = normalise(raw, contract, policy.codes, on=PERIOD.last_day)
    said = confirm(raw, contract)
    assert result.issues.to_dict("records") == []
    assert (len(result.accepted), said.issues) == (1, ())
    assert said.data_date == (date(2026, 12, 20) if contract.layout.data_date else None)
    assert said.period == (PERIOD if contract.layout.period else None)


def _read_as_data(examples: Worksheet, contract: Contract) -> bool:
    rows = [(at, [str(value or "") for value in row]) for at, row in enumerate(examples.values, 1)]
    found = headers.locate(rows, contract)
    return bool(found and not found.missing)


def test_an_empty_form_has_no_rows(policy: PolicySet) -> None:
    contract = policy.contracts["disabled.certificate"]
    data = forms.blank(policy, contract, "县示例局", PERIOD)[1]
    assert len(read_table_bytes(data, contract).rows) == 0


def test_what_a_form_tells_of_a_column(policy: PolicySet) -> None:
    contract = policy.contracts["disabled.certificate"]
    book = opened(policy, contract)
    sheet, header = book.worksheets[0], header_of(book, contract)
    cells = {cell.value: cell for cell in sheet[header]}
    assert list(cells) == [column.title for column in contract.columns]
    assert "20位残疾人证号" in cells["残疾人证号"].comment.text
    assert "可选项：有效、注销、过期" in cells["证件状态"].comment.text
    colours = {title: cell.fill.start_color.rgb for title, cell in cells.items()}
    assert len({colours[c.title] for c in contract.columns if c.required}) == 1
    assert {colours[c.title] for c in contract.columns if c.required}.isdisjoint(
        {colours[c.title] for c in contract.columns if not c.required}
    )
    below = {title: sheet.cell(header + 1, cell.column).number_format for title, cell in cells.items()}
    assert set(below.values()) == {"@"}
    listed = {str(rule.sqref).split(":")[0]: rule.formula1 for rule in sheet.data_validations.dataValidation}
    assert listed[f"{cells['证件状态'].column_letter}{header + 1}"] == '"有效,注销,过期"'
    assert (sheet.freeze_panes, sheet.page_setup.orientation, sheet.page_setup.paperSize) == (
        f"A{header + 1}", "landscape", 9,
    )  # fmt: skip


def test_figures_are_figures_and_all_else_is_text(policy: PolicySet) -> None:
    contract = policy.contracts["insurance_med.high_selfpay"]
    book = opened(policy, contract)
    sheet, header = book.worksheets[0], header_of(book, contract)
    for cell, column in zip(sheet[header], contract.columns, strict=True):
        form = "General" if column.type in ("integer", "decimal") else "@"
        assert sheet.cell(header + 1, cell.column).number_format == form, column.name


def test_members_stand_in_the_slots_that_the_contract_has(policy: PolicySet) -> None:
    contract = policy.contracts["civil.dibao"]
    book = opened(policy, contract)
    titles = [cell.value for cell in book.worksheets[0][header_of(book, contract)]]
    assert titles[-3:] == ["姓名8", "证件号码8", "与户主关系8"]
    assert [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"] == ["报送表", "填写示例"]


def test_a_long_list_stands_in_a_hidden_sheet(policy: PolicySet) -> None:
    relations = policy.codes["relation"]
    longer = tuple(replace(entry, label=entry.label * 5) for entry in relations.entries)
    spoken = replace(policy, codes={**policy.codes, "relation": replace(relations, entries=longer)})
    book = opened(spoken, policy.contracts["civil.dibao"])
    assert [sheet.title for sheet in book.worksheets if sheet.sheet_state != "visible"] == ["_lists"]


def test_a_form_speaks_the_words_of_its_period(policy: PolicySet) -> None:
    contract = policy.contracts["civil.marginal_rigid"]
    listed = replace(policy.codes["marginal_kind"], entries=tuple(
        replace(entry, valid_to=date(2026, 11, 30)) if at == 0 else entry
        for at, entry in enumerate(policy.codes["marginal_kind"].entries)
    ))  # fmt: skip
    changed = replace(policy, codes={**policy.codes, "marginal_kind": listed})
    told = {
        month: "".join(str(v) for row in openpyxl.load_workbook(io.BytesIO(
            forms.blank(changed, contract, "县示例局", Period.parse(month))[1])).worksheets[1].values for v in row)
        for month in ("2026-11", "2026-12")
    }  # fmt: skip
    gone = listed.entries[0].label
    assert f"{gone}、" in told["2026-11"]
    assert f"{gone}、" not in told["2026-12"]


def test_the_name_of_a_form_says_dataset_and_period_to_the_intake(policy: PolicySet) -> None:
    for party, made in policy.agreements.items():
        for provision, contract in forms.given(policy, party, PERIOD):
            name, _ = forms.blank(policy, contract, made.title, PERIOD)
            assert (period_in_name(name), provision_by_name(made, name)) == (PERIOD, provision), name


def test_what_comes_back_on_our_own_sheets_has_no_form(policy: PolicySet) -> None:
    (visits,) = policy.in_role(forms.OUTCOME)
    towns = policy.visiting
    assert towns.provision(visits)
    assert visits not in {contract.id for _, contract in forms.given(policy, towns.party, PERIOD)}


def guide(policy: PolicySet, party: str, word: str) -> str:
    """The text of a guide."""
    made = forms.forms(policy, party, policy.agreements[party].title, PERIOD)
    document = Document(io.BytesIO(next(d for name, d in made.items() if word in name and name.endswith(".docx"))))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(p.text for p in document.paragraphs), *cells])


def test_a_guide_says_all_that_is_needed(policy: PolicySet) -> None:
    said = guide(policy, "town", "低保")
    for words in ("农村低保填报说明", "2026年12月25日至2026年12月30日", "全量", policy.profile.desk.email, "零报告",
                  "密码加密", "超过8人的", "文件没有加密", "全额、差额", "姓名1至8"):  # fmt: skip
        assert words in said, words


@pytest.mark.parametrize(("party", "word", "reach"), [("town", "低保", "全量"), ("insurance_med", "高额自付", "增量")])
def test_a_guide_says_what_is_counted_as_it_is_agreed(policy: PolicySet, party: str, word: str, reach: str) -> None:
    said = guide(policy, party, word)
    (provision,) = (p for p in policy.agreements[party].provides if any(word in name for name in p.words))
    assert provision.calibre in said
    assert f"\n{reach}，" in said
    assert "上次报送以后" not in said


def test_who_sends_text_is_told_that_the_workbook_only_shows(policy: PolicySet) -> None:
    assert "GB18030编码），列名与上表一致；空白报送表只供对照" in guide(policy, "insurance_med", "参保名册")
    assert "空白报送表只供对照" not in guide(policy, "insurance_med", "高额自付")


def test_what_is_not_expected_each_month_has_no_day(policy: PolicySet) -> None:
    seldom = replace(policy, profile=policy.profile.model_copy(update={"expected": ()}))
    assert "更新周期为“每月”" in guide(seldom, "disabled", "残疾人")
    assert "2026年12月25日" not in guide(seldom, "disabled", "残疾人")


def test_the_same_forms_have_the_same_bytes(policy: PolicySet, tmp_path: Path) -> None:
    first = forms.write(policy, "town", "990821101", PERIOD, tmp_path)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in first}
    assert forms.write(policy, "town", "990821101", PERIOD, tmp_path) == first
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in first} == before
    assert {path.suffix for path in first} == {".xlsx", ".docx"}


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (r"数据截止日[期]?[:：]\s*(\d{4}-\d{2}-\d{2})", "数据截止日："),
        (r"截至(\d{4}-\d{2}-\d{2})", None),
        (r"As of:? *(\d{4}-\d{2}-\d{2})", None),
        (r"(\d{4}-\d{2}-\d{2})止", None),
    ],
)
def test_the_words_before_a_day_are_those_that_the_pattern_finds(pattern: str, words: str | None) -> None:
    assert words_before(pattern) == words


def test_two_filled_sheets_would_have_been_refused(policy: PolicySet) -> None:
    """Why the examples stand in a column of their own and not under the same headers."""
    contract = policy.contracts["disabled.certificate"]
    book = openpyxl.load_workbook(io.BytesIO(filled_in(opened(policy, contract), contract)))
    book.copy_worksheet(book.worksheets[0])
    made = io.BytesIO()
    book.save(made)
    with pytest.raises(Refusal, match="ambiguous_sheet"):
        read_table_bytes(made.getvalue(), contract)


def test_forms_need_a_recipient_that_gives_something(policy: PolicySet) -> None:
    stated = policy.recipes["call_for_data"].model_dump()
    with pytest.raises(ValueError, match="to must be provider"):
        Recipe.model_validate({**stated, "to": "sender"})


@pytest.mark.parametrize(
    ("party", "region", "says"),
    [
        ("town", "990821999", "town 没有代码为 990821999 的地区"),
        ("disabled", "990821101", "disabled 没有代码为 990821101 的地区"),
        ("bureau", None, "bureau 在 2026-12 没有自行报送的数据，不用报送表"),
    ],
)
def test_forms_that_nobody_fills_in_are_not_made(
    policy: PolicySet, tmp_path: Path, party: str, region: str | None, says: str
) -> None:
    with pytest.raises(ExportError, match=says):
        forms.write(policy, party, region, Period.parse("2026-12"), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("file", [f"templates/{forms.FORM}.yaml", f"templates/{forms.GUIDE}.md"])
def test_a_template_that_is_missing_is_told(tmp_path: Path, file: str) -> None:
    include = unreleased(tmp_path / "include")
    (include / file).unlink()
    _, found = check(include, "demo")
    assert [str(fault) for fault in found] == [f"{file}: the file is missing"]


def test_a_town_is_offered_only_what_it_may_ask_for(policy: PolicySet) -> None:
    """SQ-09: what its agreement does not let it ask for, the form does not offer; whoever may, is offered all."""
    made, every = policy.agreements["town"], policy.codes["change_item"].vocabulary(PERIOD.last_day)
    offered = []
    for may in (made.may, {**made.may, "membership": "own"}):
        agreements = {**policy.agreements, "town": made.model_copy(update={"may": may})}
        files = forms.forms(replace(policy, agreements=agreements), "town", "示例镇", PERIOD)
        (data,) = [data for name, data in files.items() if name.endswith(".xlsx") and "变更申请" in name]
        cells = [cell for row in openpyxl.load_workbook(io.BytesIO(data)).worksheets[0].iter_rows() for cell in row]
        (told,) = [str(cell.comment.text) for cell in cells if cell.value == "事项"]
        (line,) = [line for line in told.splitlines() if line.startswith("可选项：")]
        offered.append(line.removeprefix("可选项：").split("、"))
    assert offered == [["基础信息修改", "帮扶力量调整"], list(every.values())]


def test_columns_that_are_not_agreed_are_not_asked_for(policy: PolicySet) -> None:
    made = policy.agreements["disabled"]
    fields = tuple(c.name for c in policy.contracts["disabled.certificate"].columns if c.name != "category")
    provision = made.provision("disabled.certificate").model_copy(update={"fields": fields})
    agreements = {**policy.agreements, "disabled": made.model_copy(update={"provides": (provision,)})}
    ((_, contract),) = forms.given(replace(policy, agreements=agreements), "disabled", PERIOD)
    assert "残疾类别" not in [column.title for column in contract.as_written]
    assert "残疾等级" in [column.title for column in contract.as_written]
