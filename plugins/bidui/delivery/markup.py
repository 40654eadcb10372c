"""The Markdown that documents are written in: what it allows, and how a value is kept from becoming markup.

Headings carry the meaning: ``#`` title, ``##`` level 1 (一、), ``###`` level 2 (（一）), ``####`` level 3,
``#####`` caption of a table, ``######`` sign-off (right-aligned). ``>`` is a notice box, ``---`` begins the
annexes, ``***`` annexes on pages laid across, for tables of many columns.
Links, pictures and HTML are switched off: nothing in a document can be clicked or loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from bidui.delivery.wording import NOTHING

_MARKUP = re.compile(r"[\\`*_\[\]<>&|#~!{}]|^[-+=.:)]|^\d+[.)]")
_OFF = ("link", "image", "autolink", "html_inline", "html_block", "reference", "code", "fence", "lheading")


def parser() -> MarkdownIt:
    """CommonMark with tables; without links, pictures, HTML and code blocks."""
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable(list(_OFF))


def tokens(markdown: str) -> list[Token]:
    """The flat tokens, for the HTML renderer."""
    return parser().parse(markdown)


def tree(markdown: str) -> SyntaxTreeNode:
    """The syntax tree, for the other forms."""
    return SyntaxTreeNode(tokens(markdown))


def escape(value: Any) -> str:
    """``value`` as one line of text in which nothing is markup, wherever in a document it may stand.

    Character references are used, not backslashes: CommonMark never reads them as structure.
    """
    if value is None:
        return NOTHING
    line = " ".join(_printable(str(value)).split())
    return _MARKUP.sub(lambda found: "".join(c if c.isdigit() else f"&#{ord(c)};" for c in found[0]), line)


def one_line(value: Any) -> str:
    """``value`` as one line of plain text: no line break, no control character."""
    return NOTHING if value is None else " ".join(_printable(str(value)).split())


def plain(nodes: Iterable[SyntaxTreeNode]) -> str:
    """The text of inline nodes, without their markup."""
    parts = []
    for node in nodes:
        if node.type == "hardbreak":
            parts.append("\n")
        elif node.children:
            parts.append(plain(node.children))
        elif node.type != "softbreak":
            parts.append(node.content)
    return "".join(parts)


def cell_texts(table: SyntaxTreeNode) -> list[list[str]]:
    """The plain text of each cell, row by row, the heading first."""
    rows = (row for part in table.children for row in part.children)
    return [[plain(cell.children) for cell in row.children] for row in rows]


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
