"""The project's templates load and, filled with samples, come out whole; faults are named with their line."""

from __future__ import annotations

import csv
import io
import re
from datetime import date

import pytest
import yaml
from openpyxl import load_workbook as reopen

from bidui.delivery.document import TERM, to_docx, to_html, to_text
from bidui.delivery.filling import fill_document, fill_workbook
from bidui.delivery.mail import looks_personal
from bidui.delivery.template import TemplateError, load_document, load_workbook, narrowed
from bidui.delivery.wording import PUBLISHED
from bidui.delivery.workbook import write

DOCUMENTS = [
    "agency_findings", "call_for_contacts", "call_for_data", "filling_guide", "monthly_report", "need_reply",
    "need_served", "quarterly_bulletin", "quarterly_bulletin_mail", "receipt", "refusal", "reminder", "town_visits",
]  # fmt: skip
WORKBOOKS = ["agency_findings", "issues", "need_figures", "need_rows", "town_visits"]
LEFT_OVER = re.compile(r"\{\{|\{%|\*\*|\bNone\b|\bTrue\b|&#|\n\n\n|，。|。。|；。|、、")


def document(text: str, tmp_path):
    path = tmp_path / "letter.md"
    path.write_text(text, encoding="utf-8")
    return load_document(path)


def workbook(text: str, tmp_path):
    path = tmp_path / "table.yaml"
    path.write_text(text, encoding="utf-8")
    return load_workbook(path)


def test_every_template_is_tested_here(include, samples):
    folder = include / "templates"
    assert {path.stem for path in folder.glob("*.md")} >= set(DOCUMENTS) == set(samples["documents"])
    assert {path.stem for path in folder.glob("*.yaml")} >= set(WORKBOOKS) == set(samples["workbooks"])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_comes_out_whole_in_every_form(include, samples, standing, made_at, name):
    template = load_document(include / "templates" / f"{name}.md")
    filled = fill_document(template, samples["documents"][name], standing)
    assert template.id == name
    assert not looks_personal(filled.subject)
    text = to_text(filled.markdown)
    assert not LEFT_OVER.findall(text)
    assert not LEFT_OVER.findall(filled.subject)
    assert "<h1" in to_html(filled.markdown)
    assert to_docx(filled.markdown, made_at=made_at, header=filled.header, footer=filled.footer)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_reads_well_when_nothing_is_to_report(include, samples, standing, name):
    template = load_document(include / "templates" / f"{name}.md")
    optional = {key for key, told in template.values.items() if "可空" in told or "为 None" in told}
    values = samples["documents"][name]
    quiet = {
        key: (None if "为 None" in template.values[key] else []) if key in optional else value
        for key, value in values.items()
    }
    text = to_text(fill_document(template, quiet, standing).markdown)
    assert not LEFT_OVER.findall(text)


@pytest.mark.parametrize("name", WORKBOOKS)
def test_a_workbook_comes_out_whole(include, samples, standing, made_at, name):
    template = load_workbook(include / "templates" / f"{name}.yaml")
    sample = samples["workbooks"][name]
    filled = fill_workbook(template, sample["values"], sample["rows"], sample["choices"], standing)
    book = reopen(io.BytesIO(write(filled.sheets, made_at=made_at)))
    assert book.sheetnames[: len(template.sheets)] == [sheet.name for sheet in filled.sheets]
    for sheet in filled.sheets:
        lines = (sheet.title, *sheet.subtitle, *sheet.sign_off, sheet.page_footer)
        assert not [line for line in lines if LEFT_OVER.search(line)]
        for row in sheet.rows:
            assert set(row) <= {column.key for column in sheet.columns}
    assert not looks_personal(filled.file_name)


@pytest.mark.parametrize(("earliest", "told"), [("2026-11-15", "见各行，最迟2026-11-30"), ("2026-11-30", "2026-11-30")])
def test_a_town_workbook_names_one_day_only_where_it_is_every_rows(include, samples, standing, earliest, told):
    sample = samples["workbooks"]["town_visits"]
    values = {**sample["values"], "earliest": earliest}
    template = load_workbook(include / "templates" / "town_visits.yaml")
    (sheet,) = fill_workbook(template, values, sample["rows"], sample["choices"], standing).sheets
    assert f"　　核查截止日：{told}　　" in sheet.subtitle[0]


def test_the_town_workbook_comes_back_through_its_contract(include):
    template = load_workbook(include / "templates" / "town_visits.yaml")
    party, dataset = template.returns.split(".")
    contract = yaml.safe_load((include / "catalogue" / party / f"{dataset}.yaml").read_text(encoding="utf-8"))
    own = [
        {p["property"]: p["value"] for p in c.get("customProperties", [])} for c in contract["schema"][0]["properties"]
    ]
    theirs = [
        (c["name"], c["businessName"], mine.get("locked", False), mine.get("codeList"))
        for c, mine in zip(contract["schema"][0]["properties"], own, strict=True)
    ]
    columns = template.sheets[0].columns
    assert [(c.key, c.title, c.locked, c.choices) for c in columns] == theirs


def test_the_town_workbook_confirms_its_period_and_ends_its_table_as_the_contract_says(include, samples, standing):
    sample = samples["workbooks"]["town_visits"]
    template = load_workbook(include / "templates" / "town_visits.yaml")
    sheet = fill_workbook(template, sample["values"], sample["rows"], sample["choices"], standing).sheets[0]
    contract = yaml.safe_load((include / "catalogue" / "town" / "verification.yaml").read_text(encoding="utf-8"))
    layout = next(p["value"] for p in contract["customProperties"] if p["property"] == "layout")
    found = re.findall(layout["period"], "\n".join((sheet.title, *sheet.subtitle)))
    assert found == [("2026", "10")]
    assert [line for line in (*sheet.sign_off, *sheet.footer) if not line.startswith(tuple(layout["footer"]))] == []


@pytest.mark.parametrize("name", WORKBOOKS)
def test_drop_downs_and_labels_name_code_lists_that_exist(include, name):
    columns = [c for sheet in load_workbook(include / "templates" / f"{name}.yaml").sheets for c in sheet.columns]
    lists = {c.choices for c in columns} | {c.reveal.partition(":")[2] for c in columns}
    for code_list in lists - {None, ""}:
        with (include / "dictionary" / f"{code_list}.csv").open(encoding="utf-8", newline="") as lines:
            assert {"code", "label"} <= set(next(csv.DictReader(lines)))


LETTER = """---
id: letter
title: 函
subject: '{{ number }}'
values:
  number: 编号
  town: 乡镇
---
{{ town }}：
"""
TABLE = """id: table
title: 表
file_name: '{{ number }}.xlsx'
values: {number: 编号}
sheets:
  - key: rows
    name: 表
    title: 表
    columns:
      - {key: a, title: 甲, reveal: 'code:risk_cause'}
"""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("title: 函", "titel: 函"), r"letter\.md:3: titel: Extra inputs are not permitted"),
        (("  town: 乡镇\n", ""), r"letter\.md: values: town is used but not declared"),
        (
            ("  number: 编号", "  number: 编号\n  day: 日期"),
            r"letter\.md: values: day is declared but not used",
        ),
        (("{{ town }}", "{{ town"), r"letter\.md: not Jinja"),
        (("---\nid", "id"), r"letter\.md:1: no front matter"),
        (("title: 函", "title: [函"), r"letter\.md:\d: not YAML"),
        (("title: 函", "title: 函\nbody: 别的"), r"letter\.md:2: body: not for the file to say"),
    ],
)
def test_a_faulty_document_does_not_load(tmp_path, change, message):
    assert document(LETTER, tmp_path).values == {"number": "编号", "town": "乡镇"}
    with pytest.raises(TemplateError, match=message):
        document(LETTER.replace(*change), tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("reveal: 'code:risk_cause'", "reveal: all"), r"table\.yaml:10: sheets\.0\.columns\.0\.reveal"),
        (
            ("reveal: 'code:risk_cause'", "lokced: true"),
            r"table\.yaml:10: sheets\.0\.columns\.0\.lokced: Extra",
        ),
        (("    name: 表\n", ""), r"table\.yaml:6: sheets\.0\.name: Field required"),
        (("{number: 编号}", "{}"), r"table\.yaml: values: number is used but not declared"),
        (("sheets:", "sheets: []\nrest:"), r"table\.yaml:6: rest: Extra inputs"),
    ],
)
def test_a_faulty_workbook_does_not_load(tmp_path, change, message):
    assert workbook(TABLE, tmp_path).sheets[0].columns[0].locked
    with pytest.raises(TemplateError, match=message):
        workbook(TABLE.replace(*change), tmp_path)


def test_a_word_of_the_field_is_the_one_that_is_handed_in_and_needs_no_declaring(tmp_path):
    text = LETTER.replace("{{ town }}：", "{{ town }}：{{ term.monitored_person }}")
    template = document(text.replace("'{{ number }}'", "'{{ number }}{{ term.funds }}'"), tmp_path)
    assert template.terms == {"monitored_person", "funds"}
    values = {"number": "1", "town": "东关镇"}
    for one, two in (("甲", "乙"), ("丙", "丁")):
        filled = fill_document(template, values, {TERM: {"monitored_person": one, "funds": two}})
        assert (filled.subject, filled.markdown.strip()) == (f"1{two}", f"东关镇：{one}")
    table = workbook(TABLE.replace("    title: 表", "    title: '{{ term.funds }}表'"), tmp_path)
    assert table.terms == {"funds"}
    filled = fill_workbook(table, {"number": "1"}, {"rows": []}, {}, {TERM: {"funds": "乙"}})
    assert filled.sheets[0].title == "乙表"


@pytest.mark.parametrize(
    ("due", "text"),
    [
        ("2026-12-31", "2026年12月31日|2026-12-31"),
        ("2027-01-06", "2027年1月6日（暂定）|2027-01-06（暂定）"),
        (date(2027, 1, 6), "2027年1月6日（暂定）|2027-01-06（暂定）"),
        (None, "—|—"),
    ],
)
def test_a_due_date_in_a_year_that_is_not_published_is_marked(tmp_path, standing, due, text):
    letter = LETTER.replace("town", "due").replace("{{ due }}：", "{{ due | cn_due }}|{{ due }}{{ due | provisional }}")
    template = document(letter, tmp_path)
    markdown = fill_document(template, {"number": "1", "due": due}, standing).markdown
    assert markdown.replace("&#124;", "|").strip() == text
    known = {**standing, PUBLISHED: frozenset({2026, 2027})}
    assert "暂定" not in fill_document(template, {"number": "1", "due": due}, known).markdown


@pytest.mark.parametrize(("due", "lines"), [("2026-12-31", 0), ("2027-01-06", 2)])
def test_the_town_workbook_says_which_of_its_dates_may_change(include, samples, standing, due, lines):
    sample = samples["workbooks"]["town_visits"]
    template = load_workbook(include / "templates" / "town_visits.yaml")
    values = {**sample["values"], "due": due}
    (sheet,) = fill_workbook(template, values, sample["rows"], sample["choices"], standing).sheets
    assert sum("暂定" in line for line in sheet.subtitle) == lines


@pytest.mark.parametrize(
    ("seen", "kept", "frozen"),
    [
        (None, 16, 5),
        (("lead_no", "village", "household_no", "due", "outcome"), 5, 3),
        (("lead_no", "household_no", "outcome"), 3, 2),
    ],
)
def test_a_workbook_is_narrowed_to_what_somebody_may_see(include, samples, standing, seen, kept, frozen):
    sample = samples["workbooks"]["town_visits"]
    template = narrowed(load_workbook(include / "templates" / "town_visits.yaml"), seen)
    (sheet,) = fill_workbook(template, sample["values"], sample["rows"], sample["choices"], standing).sheets
    assert (len(sheet.columns), sheet.frozen_columns) == (kept, frozen)
    assert seen is None or [column.key for column in sheet.columns] == list(seen)


def test_values_are_exactly_those_declared(tmp_path):
    template = document(LETTER, tmp_path)
    with pytest.raises(TemplateError, match="town is missing; more is not declared"):
        fill_document(template, {"number": "1", "more": "2"})


def test_rows_and_code_lists_must_be_there(tmp_path):
    template = workbook(TABLE.replace("reveal: 'code:risk_cause'", "choices: visit_outcome"), tmp_path)
    with pytest.raises(TemplateError, match="rows is missing"):
        fill_workbook(template, {"number": "1"}, {}, {})
    with pytest.raises(TemplateError, match="sheet rows: no code list visit_outcome"):
        fill_workbook(template, {"number": "1"}, {"rows": []}, {})


def test_a_template_is_known_by_its_text(tmp_path):
    first = document(LETTER, tmp_path).hash
    assert first == document(LETTER, tmp_path).hash != document(LETTER + "末\n", tmp_path).hash
