"""Documents in the form of Chinese official letters (GB/T 9704): Markdown becomes a word-processor file.

Same input, same bytes: properties come from the arguments and the archive carries no time of its own.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from docx import Document
from docx.document import Document as DocumentFile
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Length, Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph
from markdown_it.tree import SyntaxTreeNode

from bidui.delivery import markup
from bidui.delivery.wording import display_width

_TITLE, _BLACK, _KAI, _BODY, _SONG = "方正小标宋简体", "黑体", "楷体", "仿宋", "宋体"
_FALLBACKS = {_TITLE: "宋体", _BLACK: "SimHei", _KAI: "KaiTi", _BODY: "FangSong", _SONG: "SimSun"}
"""Name a machine without the font may use instead: ``altName`` in the file's font table."""
_LINE_PITCH = Pt(28.8)
_CHARACTER_MM = 1.86
"""Half-width character in a table's font size."""
_LONGEST = 60
"""Half-width characters beyond which a text asks for no more room: it has many lines anyhow."""
_SHORT = 12
"""Half-width characters up to which a text is not broken: a date, a telephone number, a figure with its unit."""
_WORD = re.compile(r"[!-~]+")
"""What is no Chinese breaks at spaces only: an address, an id."""
_ALIGN = {
    "left": WD_ALIGN_PARAGRAPH.LEFT,
    "center": WD_ALIGN_PARAGRAPH.CENTER,
    "right": WD_ALIGN_PARAGRAPH.RIGHT,
}
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class _Measures:
    """How much stands on a page: margins in millimetres, sizes in points."""

    scale: float
    top: float
    bottom: float
    header: float
    footer: float
    cell: float
    cell_pitch: float
    cell_space: float


_LETTER = _Measures(1, 37, 35, 24, 20, 10.5, 16, 2)
_SHEET = _Measures(0.75, 18, 18, 10, 9, 9.5, 13, 1)
"""For annexes that people keep beside the screen: a page holds twice as much."""


@dataclass(frozen=True)
class _Form:
    """How one kind of paragraph looks; ``indent`` (first line) and ``right`` in characters."""

    font: str
    size: float
    align: str = "left"
    indent: int = 0
    right: int = 0
    bold: bool = False
    pitch: Any = _LINE_PITCH
    before: float = 0
    after: float = 0


_STYLES = {
    "Normal": _Form(_BODY, 16, indent=2),
    "Title": _Form(_TITLE, 22, align="center", pitch=Pt(34), before=6, after=16),
    "Heading 1": _Form(_BLACK, 16, indent=2),
    "Heading 2": _Form(_KAI, 16, indent=2),
    "Heading 3": _Form(_BODY, 16, indent=2, bold=True),
    "Caption": _Form(_BLACK, 14, align="center", before=8, after=4),
    "Signature": _Form(_BODY, 16, align="right", right=2),
    "Quote": _Form(_KAI, 14, pitch=Pt(23), before=10, after=10),
    "List Number": _Form(_BODY, 16, indent=2),
}
_HEADINGS = {
    "h1": "Title",
    "h2": "Heading 1",
    "h3": "Heading 2",
    "h4": "Heading 3",
    "h5": "Caption",
    "h6": "Signature",
}


def to_docx(markdown: str, *, made_at: datetime, header: str = "", footer: str = "", compact: bool = False) -> bytes:
    """The document as docx bytes; ``header`` and ``footer`` are one line each, above and below the text.

    ``compact`` sets an annex in smaller type with smaller margins, instead of a letter.
    """
    measures = _SHEET if compact else _LETTER
    document = Document()
    _set_properties(document, made_at)
    _set_page(document, header, footer, measures)
    _set_styles(document, measures)
    for node in markup.tree(markdown).children:
        _add_block(document, node, measures)
    return _archive(document)


def _add_block(document: DocumentFile, node: SyntaxTreeNode, measures: _Measures) -> None:
    if node.type == "heading":
        paragraph = document.add_paragraph(style=_HEADINGS[node.tag])
        if node.tag == "h1" and not document.core_properties.title:
            document.core_properties.title = markup.plain(node.children)
        _add_runs(paragraph, node.children)
    elif node.type == "table":
        _add_table(document, node, measures)
    elif node.type == "hr":
        _begin_annexes(document, across=node.markup.startswith("*"))
    elif node.type in ("ordered_list", "bullet_list"):
        first = int(node.attrs.get("start", 1))
        for position, item in enumerate(node.children):
            paragraph = document.add_paragraph(style="List Number")
            paragraph.add_run(f"{first + position}." if node.type == "ordered_list" else "·")
            for child in item.children:
                _add_runs(paragraph, child.children)
    elif node.type == "blockquote":
        for child in node.children:
            _add_runs(document.add_paragraph(style="Quote"), child.children)
    else:
        paragraph = document.add_paragraph()
        _add_runs(paragraph, node.children)
        paragraph.paragraph_format.keep_with_next = paragraph.text.endswith("：") or None


def _add_runs(paragraph: Paragraph, nodes: Iterable[SyntaxTreeNode], *, bold: bool | None = None) -> None:
    for node in nodes:
        if node.type == "hardbreak":
            paragraph.add_run().add_break()
        elif node.children:
            _add_runs(paragraph, node.children, bold=True if node.type == "strong" else bold)
        elif node.type != "softbreak":
            paragraph.add_run(node.content).bold = bold


def _add_table(document: DocumentFile, node: SyntaxTreeNode, measures: _Measures) -> None:
    rows = [row for part in node.children for row in part.children]
    widths = _column_widths(markup.cell_texts(node), _text_width(document))
    if document.paragraphs:
        document.paragraphs[-1].paragraph_format.space_after = Pt(6)
    table = document.add_table(rows=0, cols=len(widths), style="Table Grid")
    table.autofit = False
    table.alignment = 1
    _set_cell_margins(table)
    for position, row in enumerate(rows):
        made = table.add_row()
        _mark_row(made, header=position == 0)
        for cell, source, width in zip(made.cells, row.children, widths, strict=True):
            cell.width = Mm(width)
            cell.vertical_alignment = 1
            _fill_cell(cell.paragraphs[0], source, measures, header=position == 0)
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)
    _tighten(document.add_paragraph())


def _fill_cell(paragraph: Paragraph, cell: SyntaxTreeNode, measures: _Measures, *, header: bool) -> None:
    style = str(cell.attrs.get("style", ""))
    side = "center" if header else style.removeprefix("text-align:") or "left"
    paragraph.alignment = _ALIGN[side]
    paragraph.paragraph_format.line_spacing = Pt(measures.cell_pitch)
    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(measures.cell_space)
    _indent(paragraph, 0)
    _add_runs(paragraph, cell.children)
    for run in paragraph.runs:
        run.font.size = Pt(measures.cell)
        _set_font(run._element.get_or_add_rPr(), _BLACK if header else _SONG)


def _text_width(document: DocumentFile) -> float:
    """Millimetres between the margins of the page that is written on."""
    section = document.sections[-1]
    sides = (section.page_width, section.left_margin, section.right_margin)
    whole, left, right = (Length(side or 0).mm for side in sides)
    return whole - left - right


def _column_widths(rows: list[list[str]], whole: float) -> list[float]:
    """Millimetres for each column of a table that is ``whole`` wide, by its widest text.

    Where room is short, each column has what its longest word takes, and they share the rest by what they lack.
    """
    wanted, least = [], []
    for head, *texts in zip(*rows, strict=True):
        named = max(min(display_width(head), 8), 4)
        content = min(max(map(display_width, texts), default=0), _LONGEST)
        wanted.append((max(content, named) + 2) * _CHARACTER_MM)
        least.append((max(named, *map(_unbroken, texts), 0) + 2) * _CHARACTER_MM)
    if sum(least) >= whole or sum(wanted) <= whole:
        asked = least if sum(least) >= whole else wanted
        return [whole * width / sum(asked) for width in asked]
    share = (whole - sum(least)) / (sum(wanted) - sum(least))
    return [small + (width - small) * share for width, small in zip(wanted, least, strict=True)]


def _unbroken(text: str) -> int:
    """How many half-width characters of a cell should stay on one line: all of a short text, or its longest word."""
    words = [display_width(word) for word in _WORD.findall(text)]
    return display_width(text) if display_width(text) <= _SHORT else min(max(words, default=0), _LONGEST)


def _set_cell_margins(table: Any) -> None:
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), "70")
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    table._tbl.tblPr.append(margins)


def _mark_row(row: Any, *, header: bool) -> None:
    properties = row._tr.get_or_add_trPr()
    for name in ("w:cantSplit", "w:tblHeader") if header else ("w:cantSplit",):
        properties.append(OxmlElement(name))


def _tighten(paragraph: Paragraph) -> None:
    paragraph.paragraph_format.line_spacing = Pt(8)


def _set_properties(document: DocumentFile, made_at: datetime) -> None:
    moment = made_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    properties = document.core_properties
    for name in ("author", "last_modified_by", "comments", "keywords", "subject", "category", "title"):
        setattr(properties, name, "")
    properties.created = properties.modified = moment
    properties.revision = 1


def _set_page(document: DocumentFile, header: str, footer: str, measures: _Measures) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(measures.top), Mm(measures.bottom)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.header_distance, section.footer_distance = Mm(measures.header), Mm(measures.footer)
    document.settings.odd_and_even_pages_header_footer = True
    for foot, side in ((section.footer, "right"), (section.even_page_footer, "left")):
        _add_page_number(foot.paragraphs[0], side)
        if footer:
            _add_small(foot.add_paragraph(), footer, "center")
    if header:
        for head in (section.header, section.even_page_header):
            _add_small(head.paragraphs[0], header, "right")


def _begin_annexes(document: DocumentFile, *, across: bool) -> None:
    """A new page; ``across``: from here on, pages lie across, with the same header and footer."""
    if not across:
        document.add_page_break()
        _tighten(document.paragraphs[-1])
        return
    section = document.add_section()
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Mm(297), Mm(210)
    section.top_margin, section.bottom_margin = Mm(28), Mm(26)
    section.left_margin = section.right_margin = Mm(24)


def _add_page_number(paragraph: Paragraph, side: str) -> None:
    """``— 1 —`` on the outer side, one character in, as the standard has it."""
    paragraph.alignment = _ALIGN[side]
    _plain_lines(paragraph)
    indent = paragraph._p.get_or_add_pPr().get_or_add_ind()
    indent.set(qn(f"w:{side}Chars"), "100")
    paragraph.add_run("— ")
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    run = paragraph.add_run("1")
    field.append(run._element)
    paragraph._p.append(field)
    last = paragraph.add_run(" —")
    for element in (paragraph.runs[0]._element, run._element, last._element):
        properties = element.get_or_add_rPr()
        _set_font(properties, _SONG)
        properties.get_or_add_sz().set(qn("w:val"), "28")


def _add_small(paragraph: Paragraph, text: str, side: str) -> None:
    paragraph.alignment = _ALIGN[side]
    _plain_lines(paragraph)
    run = paragraph.add_run(text)
    run.font.size = Pt(10.5)
    _set_font(run._element.get_or_add_rPr(), _SONG)


def _plain_lines(paragraph: Paragraph) -> None:
    paragraph.paragraph_format.line_spacing = 1.0
    _indent(paragraph, 0)


def _set_styles(document: DocumentFile, measures: _Measures) -> None:
    names = {style.name for style in document.styles}
    for name, form in _STYLES.items():
        style = document.styles[name] if name in names else document.styles.add_style(name, 1)
        style.font.size = Pt(form.size * measures.scale)
        style.font.bold, style.font.italic = form.bold, False
        style.font.color.rgb = RGBColor(0, 0, 0)
        _set_font(style.element.get_or_add_rPr(), form.font)
        _set_language(style.element.get_or_add_rPr())
        lines = style.paragraph_format
        lines.alignment = _ALIGN[form.align] if form.align != "left" else WD_ALIGN_PARAGRAPH.JUSTIFY
        lines.line_spacing_rule = WD_LINE_SPACING.EXACTLY
        lines.line_spacing = Pt(form.pitch.pt * measures.scale)
        lines.space_before, lines.space_after = Pt(form.before * measures.scale), Pt(form.after * measures.scale)
        lines.widow_control, lines.keep_with_next = True, name == "Caption" or name.startswith("Heading") or None
        _clear_decoration(style.element)
        _indent(style, form.indent, form.right, round(320 * measures.scale))
    _declare_fonts(document)


def _clear_decoration(style: Any) -> None:
    """Take away the template's borders, numbering and spacing of letters."""
    for mark in ("pPr/w:pBdr", "pPr/w:numPr", "pPr/w:contextualSpacing", "rPr/w:spacing", "rPr/w:kern"):
        for element in style.findall(f"w:{mark}", style.nsmap):
            element.getparent().remove(element)


def _indent(target: Any, characters: int, right: int = 0, character: int = 320) -> None:
    """First-line indent and right margin in characters; other indents are dropped."""
    element = target._p if isinstance(target, Paragraph) else target.element
    indent = element.get_or_add_pPr().get_or_add_ind()
    indent.attrib.clear()
    for name, value in (("firstLine", characters), ("right", right)):
        indent.set(qn(f"w:{name}Chars"), str(value * 100))
        indent.set(qn(f"w:{name}"), str(value * character))
    indent.set(qn("w:left"), "0")


def _set_font(properties: Any, font: str) -> None:
    fonts = properties.get_or_add_rFonts()
    fonts.attrib.clear()
    # One font for all scripts: to a word processor, Chinese quotation marks are Latin.
    for script in ("ascii", "hAnsi", "cs", "eastAsia"):
        fonts.set(qn(f"w:{script}"), font)


def _set_language(properties: Any) -> None:
    """Chinese of the mainland: it decides the shapes of characters and the place of punctuation."""
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "en-US")  # as Chinese, LibreOffice would break a number at a line's end (GB/T 9704)
    language.set(qn("w:eastAsia"), "zh-CN")
    properties.append(language)


def _declare_fonts(document: DocumentFile) -> None:
    """Name a substitute for each font: many machines lack the small standard Song."""
    part = next(p for p in document.part.package.iter_parts() if str(p.partname).endswith("/fontTable.xml"))
    entries = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{other}"/><w:charset w:val="86"/></w:font>'
        for name, other in _FALLBACKS.items()
    )
    part._blob = part.blob.replace(b"</w:fonts>", entries.encode() + b"</w:fonts>")


def _archive(document: DocumentFile) -> bytes:
    """Save, then write the archive anew without times."""
    raw, made = io.BytesIO(), io.BytesIO()
    document.save(raw)
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, date_time=_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, source.read(name))
    return made.getvalue()
