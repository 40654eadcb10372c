"""What the policy has to say before a registered need can be answered and served."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bidui.pipeline import registered
from bidui.pipeline.check import faults
from bidui.policy.loading import load
from bidui.policy.policy_set import PolicySet


@pytest.mark.parametrize(("file", "old", "new", "said"), [
    ("deliveries/need_reply.yaml", "to: asker", "to: answerer", "to: asker gets what is sent when: answer or need"),
    ("deliveries/receipt.yaml", "to: sender", "to: asker", "to: asker gets what is sent when: answer or need"),
    ("deliveries/need_rows.yaml", "mode: query\n", "", "when: need serves rows or figures: it needs mode"),
    ("deliveries/need_rows.yaml", "  template: need_rows", "  sealing: plain\n  template: need_rows",
     "it needs mode, and workbook with a password"),
    ("profiles/base.yaml", "need: [bureau-head]", "need: [bureau-haed]", "did you mean bureau-head?"),
])  # fmt: skip
def test_a_mistake_is_told(
    spoil: Callable[..., int], complaints: Callable[..., list[str]], file: str, old: str, new: str, said: str
) -> None:
    spoil(file, old, new)
    (told,) = complaints()
    assert told.startswith(file)
    assert said in told


def test_the_clock_has_to_be_stated(include: Path, spoil: Callable[..., int]) -> None:
    spoil("profiles/base.yaml", "  need_answer: {values", "  need_anwser: {values")
    assert any("deadlines: need_answer is missing" in str(fault) for fault in faults(load(include, "demo")))


def test_every_item_that_the_hub_gives_is_one_of_the_catalogue(policy: PolicySet) -> None:
    """What is asked for by the catalogue's name is found in the workbook by the same."""
    recipe = registered.recipe_of(policy, "need", "query")
    template = registered.workbook_of(policy, recipe)
    (dataset,) = registered.sources(policy, recipe)
    titles = {column.title for column in policy.contracts[dataset].columns}
    assert {column.title for sheet in template.sheets for column in sheet.columns} <= titles
    assert registered.keys(template, ["姓名", "村"]) == ("village", "name")
