"""Documents in official form, opened again."""

from __future__ import annotations

import io
import zipfile

import pytest
from docx import Document
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from bidui.delivery.document import to_docx

MARKDOWN = """# 月度报告

正文**要点**“引语”。

## 一、总体情况

### （一）报送

##### 附表

| 乡镇 | 户数 |
| --- | ---: |
| 甲镇 | 12 |
| 乙镇 | 7 |

1. 第一
2. 第二

> 口径

---

###### 某局
"""


@pytest.fixture
def data(made_at) -> bytes:
    return to_docx(MARKDOWN, made_at=made_at, header="页眉", footer="参考数据")


@pytest.fixture
def document(data):
    return Document(io.BytesIO(data))


def east_asian_font(element) -> str:
    return element.rPr.rFonts.get(qn("w:eastAsia"))


def test_same_input_same_bytes(data, made_at):
    assert data == to_docx(MARKDOWN, made_at=made_at, header="页眉", footer="参考数据")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_page_is_the_standards(document):
    section = document.sections[0]
    measures = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
    assert [round(measure.mm) for measure in measures] == [37, 35, 28, 26]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)


@pytest.mark.parametrize(
    ("style", "font", "size"),
    [
        ("Title", "方正小标宋简体", 22),
        ("Normal", "仿宋", 16),
        ("Heading 1", "黑体", 16),
        ("Heading 2", "楷体", 16),
    ],
)
def test_each_level_has_its_font(document, style, font, size):
    found = document.styles[style]
    assert east_asian_font(found.element) == font
    assert found.font.size == Pt(size)


def test_body_lines_are_spaced_exactly_and_indented_by_two_characters(document):
    style = document.styles["Normal"]
    assert style.paragraph_format.line_spacing == Pt(28.8)
    assert style.element.pPr.ind.get(qn("w:firstLineChars")) == "200"


def test_paragraphs_have_the_style_of_their_level(document):
    pairs = [(paragraph.style.name, paragraph.text) for paragraph in document.paragraphs if paragraph.text.strip()]
    assert pairs == [
        ("Title", "月度报告"),
        ("Normal", "正文要点“引语”。"),
        ("Heading 1", "一、总体情况"),
        ("Heading 2", "（一）报送"),
        ("Caption", "附表"),
        ("List Number", "1.第一"),
        ("List Number", "2.第二"),
        ("Quote", "口径"),
        ("Signature", "某局"),
    ]
    assert [run.text for run in document.paragraphs[1].runs if run.bold] == ["要点"]


def test_a_table_has_borders_a_repeated_header_and_fits_the_page(document):
    table = document.tables[0]
    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["乡镇", "户数"],
        ["甲镇", "12"],
        ["乙镇", "7"],
    ]
    assert table.style.name == "Table Grid"
    headers = [row._tr.trPr.find(qn("w:tblHeader")) is not None for row in table.rows]
    assert headers == [True, False, False]
    assert sum(column.width for column in table.columns) == pytest.approx(Mm(156), rel=0.01)


def test_annexes_behind_stars_lie_across_with_the_same_header_and_footer(made_at):
    across = to_docx(
        "# 协议\n\n正文\n\n***\n\n##### 附表\n\n| 甲 | 乙 |\n| --- | --- |\n| 一 | 二 |\n",
        made_at=made_at,
        header="页眉",
    )
    document = Document(io.BytesIO(across))
    upright, annex = document.sections
    sizes = [(round(section.page_width.mm), round(section.page_height.mm)) for section in (upright, annex)]
    assert sizes == [(210, 297), (297, 210)]
    assert sum(column.width for column in document.tables[0].columns) == pytest.approx(Mm(249), rel=0.01)
    assert annex.header.is_linked_to_previous
    assert annex.footer.is_linked_to_previous
    assert document.styles["Caption"].paragraph_format.keep_with_next


def test_page_numbers_stand_outside_and_texts_in_header_and_footer(document):
    section = document.sections[0]
    assert document.settings.odd_and_even_pages_header_footer
    for footer in (section.footer, section.even_page_footer):
        assert 'w:instr="PAGE"' in footer._element.xml
        assert [paragraph.text for paragraph in footer.paragraphs] == ["—  —", "参考数据"]
    assert section.header.paragraphs[0].text == section.even_page_header.paragraphs[0].text == "页眉"


def test_properties_name_nobody(document, made_at):
    properties = document.core_properties
    assert properties.title == "月度报告"
    assert {properties.author, properties.last_modified_by, properties.comments} == {""}
    assert properties.created == properties.modified == made_at


def test_fonts_have_a_declared_substitute(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        fonts = archive.read("word/fontTable.xml").decode()
    assert '<w:font w:name="方正小标宋简体"><w:altName w:val="宋体"/>' in fonts
