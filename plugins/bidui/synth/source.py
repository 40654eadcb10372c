"""Reading the synthetic hub's YAML: every key checked, every fault an error with a code."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML

from bidui.policy.profile import merge

Model = TypeVar("Model", bound=BaseModel)


class SynthError(ValueError):
    """The synthetic hub cannot be made: ``code`` says why, ``facts`` where. Holds no personal value."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(f"{code}: {facts}" if facts else code)
        self.code = code
        self.facts = facts


class Frozen(BaseModel):
    """Immutable; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def load(file: Path) -> Any:
    """The YAML document in ``file``; SynthError("no_file") when there is none."""
    if not file.is_file():
        raise SynthError("no_file", file=file.name)
    return YAML(typ="safe").load(file.read_text(encoding="utf-8"))


def extended(folder: Path, name: str) -> dict[str, Any]:
    """What ``<folder>/<name>.yaml`` says over the one file that it extends, if any, as policy profiles do.

    Mappings are merged, everything else is replaced; ``null`` takes away what the other file says.
    """
    own: dict[str, Any] = load(folder / f"{name}.yaml")
    below = own.pop("extends", None)
    return _kept(merge(load(folder / f"{below}.yaml"), own)) if below else own


def _kept(said: dict[str, Any]) -> dict[str, Any]:
    return {key: _kept(value) if isinstance(value, dict) else value for key, value in said.items() if value is not None}


def checked(model: type[Model], document: Any, file: Path) -> Model:
    """``document`` as ``model``; SynthError("bad_settings") names the keys that do not fit."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        keys = [".".join(str(step) for step in e["loc"]) + ": " + e["type"] for e in error.errors()]
        raise SynthError("bad_settings", file=file.name, keys=keys) from None
