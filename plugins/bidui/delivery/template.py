"""Templates (``include/templates/``): the texts and tables that go out, as validated data.

A document is Markdown under a YAML front matter; a workbook is YAML. Each declares the values it needs: a
template that uses an undeclared name, or declares one it does not use, does not load.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from jinja2 import TemplateSyntaxError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bidui.delivery.document import names_used, terms_used
from bidui.delivery.workbook import Kind

_FRONT_MATTER = re.compile(r"---\n(?P<head>.*?\n)---\n(?P<body>.*)", re.DOTALL)
_REVEAL = r"none|name|id_masked|id_number|phone|household|region|term|code:[a-z][a-z0-9_]*"
Reveal = Annotated[str, Field(pattern=f"^({_REVEAL})$")]
"""How a stored value becomes text when a delivery is rendered.

- ``none``: it is text or a number already
- ``name``, ``phone``: token to text
- ``id_number``, ``id_masked``: person to ID number, full or masked
- ``household``: household to its number; ``region``: code to name
- ``term``: text in which tokens stand as marks ``{name:<token>}``, each to its text
- ``code:<list>``: code to its label; several are joined by 、
"""
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class TemplateError(ValueError):
    """A template that does not load; the text begins with file and line."""


class Frozen(BaseModel):
    """Immutable; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DocumentTemplate(Frozen):
    """A text: mail body, document, or both."""

    id: Name
    title: str
    subject: str
    """One line; seen by every relay, so no value about a person may stand in it."""
    values: dict[Name, str]
    """Each name the text needs, with one line that says what it is."""
    clauses: tuple[str, ...] = ()
    header: str = ""
    """Small line above each page of the document form."""
    footer: str = ""
    """Small line below each page of the document form."""
    compact: bool = False
    """Set as an annex in smaller type instead of a letter."""
    body: str
    file: str
    hash: str

    @property
    def lines(self) -> tuple[str, ...]:
        """Every Jinja text of the document."""
        return (self.subject, self.header, self.footer, self.body)

    @property
    def terms(self) -> frozenset[str]:
        """Codes of the words of the field that it uses."""
        return frozenset().union(*map(terms_used, self.lines))


class ColumnTemplate(Frozen):
    """One column of a workbook."""

    key: Name
    title: str
    width: float = 12
    kind: Kind = "text"
    locked: bool = True
    choices: Name | None = None
    """Code list whose labels are the only entries allowed."""
    reveal: Reveal = "none"
    note: str = ""


class SheetTemplate(Frozen):
    """One sheet of a workbook; ``title`` and the lines are Jinja."""

    key: Name
    name: str
    title: str
    subtitle: tuple[str, ...] = ()
    sign_off: tuple[str, ...] = ()
    footer: tuple[str, ...] = ()
    page_footer: str = ""
    protected: bool = True
    frozen_columns: int = 0
    columns: tuple[ColumnTemplate, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """Every Jinja text of the sheet."""
        return (self.name, self.title, *self.subtitle, *self.sign_off, *self.footer, self.page_footer)


class WorkbookTemplate(Frozen):
    """A workbook: its sheets, and the contract through which it comes back, if it does."""

    id: Name
    title: str
    file_name: str
    """Jinja; without a person's data."""
    returns: str | None = None
    """Id of the contract that reads the returned workbook."""
    values: dict[Name, str]
    clauses: tuple[str, ...] = ()
    sheets: tuple[SheetTemplate, ...] = Field(min_length=1)
    file: str
    hash: str

    @property
    def lines(self) -> tuple[str, ...]:
        """Every Jinja text of the workbook."""
        return (self.file_name, *(line for sheet in self.sheets for line in sheet.lines))

    @property
    def terms(self) -> frozenset[str]:
        """Codes of the words of the field that it uses."""
        return frozenset().union(*map(terms_used, self.lines))


T = TypeVar("T", bound=BaseModel)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise TemplateError(f"{path.name}:1: not in UTF-8; save it as UTF-8") from None


def load_document(path: Path) -> DocumentTemplate:
    """Read a document template. Raises TemplateError with file and line."""
    text = _text(path)
    found = _FRONT_MATTER.fullmatch(text)
    if not found:
        raise TemplateError(f"{path.name}:1: no front matter between two lines of ---")
    template = _parse(DocumentTemplate, path, found["head"], text, offset=1, body=found["body"])
    _check_names(path, template.lines, template.values)
    return template


def load_workbook(path: Path) -> WorkbookTemplate:
    """Read a workbook template. Raises TemplateError with file and line."""
    text = _text(path)
    template = _parse(WorkbookTemplate, path, text, text, offset=0)
    _check_names(path, template.lines, template.values)
    return template


def narrowed(template: WorkbookTemplate, seen: Collection[str] | None) -> WorkbookTemplate:
    """The workbook with only the columns that somebody may see (SQ-09); all of them for ``None``."""
    if seen is None:
        return template
    return template.model_copy(update={"sheets": tuple(_narrowed(sheet, seen) for sheet in template.sheets)})


def _narrowed(sheet: SheetTemplate, seen: Collection[str]) -> SheetTemplate:
    frozen = sum(column.key in seen for column in sheet.columns[: sheet.frozen_columns])
    kept = tuple(column for column in sheet.columns if column.key in seen)
    return sheet.model_copy(update={"columns": kept, "frozen_columns": frozen})


def _parse(model: type[T], path: Path, head: str, text: str, *, offset: int, **more: Any) -> T:
    try:
        data, node = yaml.safe_load(head), yaml.compose(head, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = (error.problem_mark.line if error.problem_mark else 0) + 1 + offset
        raise TemplateError(f"{path.name}:{line}: not YAML: {error.problem}") from None
    if not isinstance(data, dict):
        raise TemplateError(f"{path.name}:{1 + offset}: not a mapping")
    if taken := sorted({"file", "hash", *more} & set(data)):
        raise TemplateError(f"{path.name}:{1 + offset}: {', '.join(taken)}: not for the file to say")
    own = {"file": path.name, "hash": hashlib.sha256(text.encode()).hexdigest()}
    try:
        return model.model_validate({**data, **own, **more})
    except ValidationError as error:
        places = ((found["loc"], found["msg"]) for found in error.errors())
        problems = (
            f"{path.name}:{_line(node, place) + offset}: {'.'.join(map(str, place))}: {message}"
            for place, message in places
        )
        raise TemplateError("\n".join(problems)) from None


def _line(node: yaml.Node | None, place: Iterable[Any]) -> int:
    """Line (from 1) of the deepest node on the way to ``place``."""
    line = 0
    for step in place:
        if isinstance(node, yaml.MappingNode):
            pair = next((pair for pair in node.value if pair[0].value == step), None)
            if not pair:
                break
            line, node = pair[0].start_mark.line, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line
    return line + 1


def _check_names(path: Path, texts: Iterable[str], declared: Iterable[str]) -> None:
    try:
        used = frozenset().union(*(names_used(text) for text in texts))
    except TemplateSyntaxError as error:
        raise TemplateError(f"{path.name}: not Jinja: {error.message}") from None
    wrong = [f"{name} is used but not declared" for name in sorted(used - set(declared))]
    wrong += [f"{name} is declared but not used" for name in sorted(set(declared) - used)]
    if wrong:
        raise TemplateError(f"{path.name}: values: {'; '.join(wrong)}")
