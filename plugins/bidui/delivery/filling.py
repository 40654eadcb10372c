"""Templates filled with values: what the other modules turn into bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from bidui.delivery.document import render, render_line
from bidui.delivery.template import DocumentTemplate, SheetTemplate, TemplateError, WorkbookTemplate
from bidui.delivery.workbook import Sheet, SheetColumn

Rows = Sequence[Mapping[str, Any]]
Standing = Mapping[str, Any]
"""What every template may use without declaring it: `document.TERM` and `wording.PUBLISHED`."""
_NOTHING: Standing = MappingProxyType({})


@dataclass(frozen=True)
class FilledDocument:
    """A text ready to be sent or set: ``markdown`` for the body, the rest single lines."""

    subject: str
    markdown: str
    header: str
    footer: str
    compact: bool = False


@dataclass(frozen=True)
class FilledWorkbook:
    """Sheets ready to be written, and the file's name."""

    file_name: str
    sheets: tuple[Sheet, ...]


def fill_document(
    template: DocumentTemplate, values: Mapping[str, Any], standing: Standing = _NOTHING
) -> FilledDocument:
    """Fill a document. ``values`` holds exactly the declared names, else TemplateError."""
    _check_values(template.file, template.values, values)
    values = {**values, **standing}
    return FilledDocument(
        subject=render_line(template.subject, values),
        markdown=render(template.body, values),
        header=render_line(template.header, values),
        footer=render_line(template.footer, values),
        compact=template.compact,
    )


def fill_workbook(
    template: WorkbookTemplate,
    values: Mapping[str, Any],
    rows: Mapping[str, Rows],
    choices: Mapping[str, Sequence[str]],
    standing: Standing = _NOTHING,
) -> FilledWorkbook:
    """Fill a workbook: ``rows`` by sheet key, already revealed; ``choices``: labels by code list.

    Raises TemplateError for missing or unknown values, sheets and code lists.
    """
    _check_values(template.file, template.values, values)
    _check_values(template.file, [sheet.key for sheet in template.sheets], rows)
    values = {**values, **standing}
    sheets = (_sheet(template.file, sheet, values, rows[sheet.key], choices) for sheet in template.sheets)
    return FilledWorkbook(file_name=render_line(template.file_name, values), sheets=tuple(sheets))


def _sheet(
    file: str,
    sheet: SheetTemplate,
    values: Mapping[str, Any],
    rows: Rows,
    choices: Mapping[str, Sequence[str]],
) -> Sheet:
    missing = {column.choices for column in sheet.columns if column.choices} - set(choices)
    if missing:
        raise TemplateError(f"{file}: sheet {sheet.key}: no code list {', '.join(sorted(missing))}")
    columns = tuple(
        SheetColumn(
            key=column.key, title=column.title, width=column.width, kind=column.kind, locked=column.locked,
            choices=tuple(choices[column.choices]) if column.choices else (), note=column.note,
        )
        for column in sheet.columns
    )  # fmt: skip

    def lines(texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(line for text in texts if (line := render_line(text, values)))

    return Sheet(
        name=render_line(sheet.name, values),
        title=render_line(sheet.title, values),
        columns=columns,
        rows=rows,
        subtitle=lines(sheet.subtitle),
        sign_off=lines(sheet.sign_off),
        footer=lines(sheet.footer),
        page_footer=render_line(sheet.page_footer, values),
        protected=sheet.protected,
        frozen_columns=sheet.frozen_columns,
    )


def _check_values(file: str, declared: Any, given: Mapping[str, Any]) -> None:
    wrong = [f"{name} is missing" for name in sorted(set(declared) - set(given))]
    wrong += [f"{name} is not declared" for name in sorted(set(given) - set(declared))]
    if wrong:
        raise TemplateError(f"{file}: {'; '.join(wrong)}")
