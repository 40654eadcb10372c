"""A rule in whose small world what surrounds every rule is tried."""

from __future__ import annotations

import pytest

from bidui.policy.rule import Rule
from tests.sql.case import Case, table
from tests.sql.play import Play


@pytest.fixture
def rule(play: Play) -> Rule:
    """The rule that finds whom the register lists and another dataset does not."""
    return play.policy.rules["coverage_there"]


@pytest.fixture
def laid_out(play: Play, rule: Rule) -> Play:
    """Somebody in both datasets, and somebody in the first only."""
    both = {
        rule.system_a or "": table("person | household\n甲 | 一户\n乙 | 一户"),
        rule.system_b or "": table("person\n甲"),
    }
    play.lay_out(Case(rule.id, "", both))
    return play
