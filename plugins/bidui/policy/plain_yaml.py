"""YAML by the fastest reader there is; where it stops, a slower one tells why, with the line.

Reading is most of loading a policy, and every task of Airflow loads one. Plain words mean what they mean in YAML 1.2:
``off`` and ``no`` are words, and a number with leading zeros is a code.
"""

from __future__ import annotations

import re
from typing import Any

import yaml


class _Loader(yaml.CSafeLoader):  # type: ignore[misc]  # written in C, without types
    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        if not all(isinstance(key, str) for key in keys):
            raise yaml.constructor.ConstructorError(None, None, "a key is no word", node.start_mark)
        if len(keys) != len(set(keys)):
            raise yaml.constructor.ConstructorError(None, None, "a key stands twice", node.start_mark)
        constructed: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return constructed


_Loader.yaml_implicit_resolvers = {}
for _tag, _form, _first in (
    ("null", r"~|null|", ["~", "n", ""]),
    ("bool", r"true|false", ["t", "f"]),
    ("int", r"-?(0|[1-9]\d*)", list("-0123456789")),
    ("float", r"-?(0|[1-9]\d*)\.\d+", list("-0123456789")),
    ("timestamp", r"\d{4}-\d\d?-\d\d?", list("0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"({_form})$"), _first)


def load(text: str) -> Any:
    """The document; yaml.YAMLError or ValueError where it is none, a key stands twice, or a day does not exist."""
    return yaml.load(text, _Loader)  # noqa: S506 - a safe loader
