"""Policy files as written, with the place of everything in them, so that an error names file and line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

Model = TypeVar("Model", bound=BaseModel)

_HEADER = re.compile(r"^--\s?(.*)$")


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

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


@dataclass(frozen=True)
class Source:
    """A parsed YAML document (or SQL header) and where it came from."""

    file: str
    data: Any
    text: str
    body: str = ""

    def line_of(self, path: Sequence[Any]) -> int | None:
        """Line (from 1) of the value at ``path``; of its nearest known ancestor where it has none."""
        node, line = self.data, None
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
        return line

    def fault(self, message: str, path: Sequence[Any] = ()) -> Fault:
        """A fault at ``path`` in this file."""
        return Fault(self.file, self.line_of(path), message)

    def as_model(self, model: type[Model], **extra: Any) -> Model:
        """This document as ``model``; every pydantic complaint becomes a fault with its line."""
        if not isinstance(self.data, Mapping):
            raise PolicyError([self.fault("expected a mapping")])
        return self.as_model_of({**_plain(self.data), **extra}, model)

    def as_model_of(self, stated: Mapping[str, Any], model: type[Model]) -> Model:
        """``stated``, which this file stands for, as ``model``."""
        try:
            return model.model_validate(stated)
        except ValidationError as error:
            raise PolicyError([self.fault(_said(e), e["loc"]) for e in error.errors()]) from None

    def plain(self) -> Any:
        """The document as plain dicts and lists."""
        return _plain(self.data)


def read_yaml(path: Path, include: Path) -> Source:
    """Parse one YAML file; ``include`` is the policy folder that names are given relative to."""
    return _parse(path.read_text(encoding="utf-8"), str(path.relative_to(include)))


def read_sql(path: Path, include: Path) -> Source:
    """Parse the YAML header of a SQL file: the comment lines before its first statement."""
    text = path.read_text(encoding="utf-8")
    header: list[str] = []
    body: list[str] = []
    for line in text.splitlines():
        found = None if body else _HEADER.match(line)
        if found:
            header.append(found[1])
        elif line.strip() or body:
            body.append(line)
    source = _parse("\n".join(header), str(path.relative_to(include)))
    return Source(source.file, source.data, text, "\n".join(body).rstrip().rstrip(";"))


def _parse(text: str, file: str) -> Source:
    try:
        return Source(file, YAML(typ="rt").load(text), text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        raise PolicyError([Fault(file, mark.line + 1 if mark else None, f"not YAML: {error.problem}")]) from None


def _plain(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {str(key) if not isinstance(key, str) else key: _plain(value) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_plain(value) for value in node]
    return node


def _said(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    return f"{where}: {error['msg']}"
