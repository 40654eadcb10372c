"""What the month's bills say: an increment, each bill in one month's file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from bidui.synth.statements.effect import Changes
from bidui.synth.world import World


@dataclass(frozen=True, slots=True)
class ExpenseRow:
    """One settled bill, in yuan; a part that was not paid is None."""

    person: int
    id_no: str = field(repr=False)
    name: str = field(repr=False)
    village: str
    settlement_no: str
    visit_type: str
    settled_on: date
    total: Decimal
    basic_paid: Decimal | None
    serious_paid: Decimal | None
    aid_paid: Decimal | None
    own_paid: Decimal
    own_compliant: Decimal | None = None

    @property
    def together(self) -> str:
        """Rows that are alike in this stand together in the file."""
        return ""


def rows(world: World, changes: Changes, index: int) -> list[ExpenseRow]:
    """The bills in the file of period ``index``."""
    made = []
    for s in world.settlements:
        if s.index != index or changes.absent(s.person):
            continue
        p = world.people[s.person]
        plain = ExpenseRow(
            p.key, p.id_no, p.name, p.village, s.number, s.visit_type, s.settled_on, s.total,
            s.basic_paid, s.serious_paid, s.aid_paid, s.own_paid, s.own_compliant,
        )  # fmt: skip
        change = changes.fields.get(p.key)
        made.append(replace(plain, **change) if change else plain)
    return made
