"""Policy files as written, with the place of everything in them, so that an error names file and line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from inspect import isclass
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from yaml import YAMLError as PlainYAMLError

from bidui.policy import plain_yaml

Model = TypeVar("Model", bound=BaseModel)

_QUOTED = re.compile(r"'([^']*)'")
_DAY = re.compile(r"(?<![\w-])(\d{4})-(\d{1,2})-(\d{1,2})(?![\w-])")
_HEADER = re.compile(r"^--\s?(.*)$")


def nearest(name: str, known: Iterable[str]) -> str:
    """A suggestion for a misspelt name, or nothing."""
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


@dataclass(frozen=True)
class Fault:
    """One thing wrong with the policy."""

    file: str
    line: int | None
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.message}"


class PolicyError(ValueError):
    """The policy cannot be loaded; ``faults`` says where and why."""

    def __init__(self, faults: Sequence[Fault], partial: Any = None) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)
        self.partial = partial
        """The policy of what could be read, for who looks for further faults in it; None when that is too little."""


Tell = Callable[[str, Sequence[Any]], Fault]
"""Makes a fault of a message and a place in a model."""


@dataclass(frozen=True)
class Source:
    """A parsed YAML document (or SQL header) and where it came from."""

    file: str
    data: Any
    """Plain dicts, lists and values."""
    text: str
    body: str = ""
    header: str | None = None
    """The part of ``text`` that is YAML; None: all of it."""

    def line_of(self, path: Sequence[Any]) -> int | None:
        """Line (from 1) of the value at ``path``; of its nearest known ancestor where it has none."""
        return self._found(path)[0]

    def reach(self, path: Sequence[Any]) -> int:
        """How many steps of ``path`` lead to something in this file."""
        return self._found(path)[1]

    def _found(self, path: Sequence[Any]) -> tuple[int | None, int]:
        node = _lined(self.text if self.header is None else self.header)
        line, steps = 1 if isinstance(node, Mapping) else None, 0
        for step in path:
            try:
                if isinstance(node, Mapping) and step in node:
                    line = node.lc.key(step)[0] + 1  # type: ignore[attr-defined]
                elif isinstance(node, Sequence) and isinstance(step, int):
                    line = node.lc.item(step)[0] + 1  # type: ignore[attr-defined]
                else:
                    break
                node = node[step]
            except (AttributeError, KeyError, IndexError, TypeError):
                break
            steps += 1
        return line, steps

    def fault(self, message: str, path: Sequence[Any] = ()) -> Fault:
        """A fault at ``path`` in this file."""
        return Fault(self.file, self.line_of(path), message)

    def as_model(self, model: type[Model], **extra: Any) -> Model:
        """This document as ``model``; every pydantic complaint becomes a fault with its line."""
        if not isinstance(self.data, Mapping):
            raise PolicyError([self.fault("expected a mapping")])
        return self.as_model_of({**self.data, **extra}, model)

    def as_model_of(self, stated: Mapping[str, Any], model: type[Model], tell: Tell | None = None) -> Model:
        """``stated``, which this file stands for, as ``model``; ``tell`` knows where each part of it stands."""
        try:
            return model.model_validate(stated)
        except ValidationError as error:
            tell = tell or self.fault
            raise PolicyError([tell(_said(e, model), e["loc"]) for e in error.errors()]) from None

    def plain(self) -> Any:
        """The document as plain dicts and lists."""
        return _plain(self.data)


def read_yaml(path: Path, include: Path) -> Source:
    """Parse one YAML file; ``include`` is the policy folder that names are given relative to."""
    return parse(text_of(path, include), str(path.relative_to(include)))


def text_of(path: Path, include: Path) -> str:
    """What a policy file says; PolicyError when it is not in UTF-8, as spreadsheet programs save it unasked."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        file, line = str(path.relative_to(include)), path.read_bytes()[: error.start].count(b"\n") + 1
        raise PolicyError([Fault(file, line, "not in UTF-8; save it as UTF-8 (in Excel: CSV UTF-8)")]) from None


def read_sql(path: Path, include: Path) -> Source:
    """Parse the YAML header of a SQL file: the comment lines before its first statement."""
    text = text_of(path, include)
    header: list[str] = []
    body: list[str] = []
    for line in text.splitlines():
        found = None if body else _HEADER.match(line)
        if found:
            header.append(found[1])
        elif line.strip() or body:
            body.append(line)
    source = parse("\n".join(header), str(path.relative_to(include)))
    return Source(source.file, source.data, text, "\n".join(body).rstrip().rstrip(";"), source.text)


@lru_cache(maxsize=512)  # what a file says depends on its text alone, and parsing is most of loading a policy
def parse(text: str, file: str) -> Source:
    """``text`` as the YAML document that it is; ``file`` is what faults call it. PolicyError when it is none."""
    try:
        return Source(file, _plain(plain_yaml.load(text)), text)
    except (PlainYAMLError, ValueError):
        return Source(file, _plain(_told(text, file)), text)


def _told(text: str, file: str) -> Any:
    """What the slow reader makes of it; PolicyError that says what is wrong, and where."""
    try:
        return _lined(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or "it holds characters that YAML does not allow"
        raise PolicyError([Fault(file, mark.line + 1 if mark else None, f"not YAML: {said}")]) from None
    except ValueError:  # of all that is written plainly, only a day can be no such thing
        raise PolicyError(list(_no_days(text, file))) from None


@lru_cache(maxsize=64)
def _lined(text: str) -> Any:
    """The document with the line of everything in it, read only where something is to be said of a line."""
    return YAML(typ="rt").load(text)


def _no_days(text: str, file: str) -> Iterator[Fault]:
    """What looks like a day and is none, wherever it stands."""
    for found in _DAY.finditer(text):
        try:
            date(*map(int, found.groups()))
        except ValueError:
            yield Fault(file, text.count("\n", 0, found.end()) + 1, f"{found[0]} is no day; write one as YYYY-MM-DD")


def _plain(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {str(key) if not isinstance(key, str) else key: _plain(value) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_plain(value) for value in node]
    return node


def _said(error: Any, model: type[BaseModel]) -> str:
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "literal_error":
        return f"{where}: {error['msg']}{nearest(str(error['input']), _QUOTED.findall(error['ctx']['expected']))}"
    if error["type"] != "extra_forbidden":
        return f"{where}: {error['msg']}" if where else str(error["msg"])
    return f"{where}: {error['msg']}{nearest(str(error['loc'][-1]), _fields(model, error['loc'][:-1]))}"


def _fields(model: type[BaseModel], path: Sequence[Any]) -> Iterable[str]:
    """Names of the fields at ``path``: places in lists and keys of mappings lead to what they hold."""
    for step in path:
        if field := model.model_fields.get(str(step)):
            model = _model_in(field.annotation) or model
    return model.model_fields


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isclass(annotation) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


def place_of(include: Path, word: str, *files: str, under: str = "") -> tuple[str, int | None]:
    """The first of ``files`` in which ``word`` stands, below the key ``under`` if it is given, and its line.

    The first file when it stands in none.
    """
    key = rf"\b{re.escape(under)}:.*?" if under else ""
    alone = re.compile(rf"{key}(?<![\w.]){re.escape(word)}(?![\w.])", re.DOTALL)
    for file in files:
        text = (include / file).read_text(encoding="utf-8", errors="replace") if (include / file).exists() else ""
        if found := alone.search(text):
            return file, text.count("\n", 0, found.start()) + 1
    return files[0], None
