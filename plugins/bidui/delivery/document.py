"""Documents and mail bodies: a template and values become Markdown, HTML, plain text or an office document.

One source form for all: a template is written once and comes out as a mail or as a document in official form.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from html import escape as escape_html
from typing import Any

from jinja2 import StrictUndefined, meta, nodes
from jinja2.sandbox import SandboxedEnvironment
from markdown_it.tree import SyntaxTreeNode

from bidui.delivery import markup
from bidui.delivery.official_form import to_docx
from bidui.delivery.wording import DUE_FILTERS, FILTERS, display_width

__all__ = ["names_used", "render", "render_line", "terms_used", "to_docx", "to_html", "to_text"]

TERM = "term"
"""By this name every template has the words of the field as they are on the day it speaks of: ``term.<code>``."""

_FONTS = "'PingFang SC','Microsoft YaHei','Noto Sans CJK SC','Source Han Sans SC',SimSun,sans-serif"
_LINE = "border:1px solid #9aa5b1"
_STYLES = {
    "h1": "margin:0 0 18px;padding:0 0 12px;font-size:22px;line-height:1.4;text-align:center;color:#8c1515;"
    "border-bottom:2px solid #c0392b",
    "h2": "margin:24px 0 8px;font-size:17px;line-height:1.5;color:#1f2933",
    "h3": "margin:16px 0 6px;font-size:16px;line-height:1.5;color:#1f2933",
    "h4": "margin:12px 0 4px;font-size:15px;color:#1f2933",
    "h5": "margin:18px 0 6px;font-size:14px;text-align:center;color:#1f2933",
    "h6": "margin:4px 0;font-size:15px;font-weight:normal;text-align:right;color:#1f2933",
    "p": "margin:8px 0",
    "blockquote": "margin:14px 0;padding:8px 16px;background:#f5f7fa;border-left:4px solid #c0392b",
    "table": "width:100%;margin:10px 0 14px;border-collapse:collapse;font-size:14px;line-height:1.6",
    "th": f"{_LINE};padding:6px 10px;background:#e8edf3;font-weight:bold;white-space:nowrap",
    "td": f"{_LINE};padding:6px 10px;overflow-wrap:anywhere",
    "ol": "margin:8px 0;padding-left:28px",
    "ul": "margin:8px 0;padding-left:28px",
    "li": "margin:4px 0",
    "hr": "margin:24px 0;border:none;border-top:1px solid #cbd2d9",
}
_PAGE = (
    '<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><title>{title}</title></head>\n'
    '<body style="margin:0;padding:16px;background:#eef1f4">\n'
    '<div style="max-width:760px;margin:0 auto;padding:28px 32px;background:#ffffff;border:1px solid #d9dee3;'
    'font-family:{fonts};font-size:15px;line-height:1.75;color:#1f2933">\n{body}</div>\n</body></html>\n'
)
_WIDE = 72


@cache
def _environment(*, markdown: bool) -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - not HTML: every value is escaped for Markdown by finalize
        finalize=markup.escape if markdown else markup.one_line,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(FILTERS)
    environment.filters.update(DUE_FILTERS)
    return environment


def render(template: str, values: Mapping[str, Any]) -> str:
    """Markdown of ``template`` filled with ``values``; no value can become markup.

    Raises jinja2.UndefinedError for a name that ``values`` lacks.
    """
    return _environment(markdown=True).from_string(template).render(values)


def render_line(template: str, values: Mapping[str, Any]) -> str:
    """One line of plain text (a subject, a file name, a sheet's heading) filled with ``values``.

    The template's own spaces stay as they are; values are freed of line breaks and control characters.
    """
    return " ".join(_environment(markdown=False).from_string(template).render(values).splitlines()).strip()


def names_used(template: str) -> frozenset[str]:
    """The names that a template asks for, besides `TERM`. Raises jinja2.TemplateSyntaxError."""
    return frozenset(meta.find_undeclared_variables(_environment(markdown=True).parse(template))) - {TERM}


def terms_used(template: str) -> frozenset[str]:
    """The words of the field that a template asks for, as codes. Raises jinja2.TemplateSyntaxError."""
    asked = _environment(markdown=True).parse(template).find_all(nodes.Getattr)
    return frozenset(node.attr for node in asked if isinstance(node.node, nodes.Name) and node.node.name == TERM)


def to_html(markdown: str) -> str:
    """A self-contained page for a mail body: inline styles only, nothing to load."""
    parser = markup.parser()
    parsed = parser.parse(markdown)
    title = ""
    for position, token in enumerate(parsed):
        if token.nesting >= 0 and token.tag in _STYLES:
            own = "text-align:center" if token.tag == "th" else str(token.attrs.get("style", ""))
            token.attrs["style"] = ";".join(filter(None, (_STYLES[token.tag], own)))
        if token.type == "heading_open" and token.tag == "h1":
            title = title or markup.plain(SyntaxTreeNode(parsed[position + 1 : position + 2]).children)
        for child in token.children or ():
            if child.type == "softbreak":  # Chinese has no space between lines
                child.type = "text"
                child.content = ""
    body = parser.renderer.render(parsed, parser.options, {})
    return _PAGE.format(title=escape_html(title), fonts=_FONTS, body=body)


def to_text(markdown: str) -> str:
    """The plain alternative of a mail body: headings, lines, and tables with their columns aligned."""
    blocks = [block for node in markup.tree(markdown).children if (block := _text_block(node))]
    return "\n\n".join(blocks) + "\n"


def _text_block(node: SyntaxTreeNode) -> str:
    if node.type == "table":
        return _text_table(node)
    if node.type == "blockquote":
        return "\n".join(f"※ {_text_block(child)}" for child in node.children)
    if node.type in ("ordered_list", "bullet_list"):
        first = int(node.attrs.get("start", 1))
        ordered = node.type == "ordered_list"
        return "\n".join(
            f"{first + n}. {_text_block(item)}" if ordered else f"· {_text_block(item)}"
            for n, item in enumerate(node.children)
        )
    if node.type == "list_item":
        return "\n".join(_text_block(child) for child in node.children)
    if node.type == "hr":
        return "-" * 40
    text = markup.plain(node.children)
    return f"{text}\n{'=' * display_width(text)}" if node.tag == "h1" else text


def _text_table(node: SyntaxTreeNode) -> str:
    """Facts as lines, narrow tables with aligned columns, wide ones as one entry a row."""
    rows = markup.cell_texts(node)
    if len(rows[0]) == 2:  # a list of facts
        return "\n".join(f"{name}：{fact}" for name, fact in rows[1:])
    widths = [max(map(display_width, texts)) for texts in zip(*rows, strict=True)]
    if sum(widths) > _WIDE:
        entries = ("；".join(map("：".join, zip(rows[0], row, strict=True))) for row in rows[1:])
        return "\n".join(f"{n}. {entry}" for n, entry in enumerate(entries, start=1))
    return "\n".join("  ".join(map(_padded, row, widths)).rstrip() for row in rows)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - display_width(text))
