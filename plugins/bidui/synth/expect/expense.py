"""What people had to pay: much in a month, much in a year, and bills that do not add up."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from bidui.synth.expect.line import Line
from bidui.synth.expect.view import View, finding, signal
from bidui.synth.statements import ExpenseRow


def lines(view: View) -> Iterator[Line]:
    """What is to be found."""
    first, last, limits = view.period.first_day, view.last_day, view.boundaries
    for number, rows in view.expense_year.rows.items():
        for row in rows:
            if _missed(row) > limits.parts_off:
                yield finding(
                    "cost_parts_differ", number, "own_paid", "expense", "expense", discriminator=row.settlement_no
                )
        members = view.register.get(number)
        if not members:
            continue
        month = sum(r.own_paid for r in view.expense.get(number) if first <= r.settled_on <= last)
        if month > limits.month_cost:
            yield signal("high_selfpay", number, "expense", view.period, members[0].household)
        if sum(r.own_paid for r in rows) >= limits.year_cost:
            yield signal("selfpay_year", number, "expense", view.period.year, members[0].household)


def _missed(row: ExpenseRow) -> Decimal:
    """By how much the parts of a bill miss its total."""
    parts = (row.basic_paid, row.serious_paid, row.aid_paid, row.own_paid)
    return abs(row.total - sum((part for part in parts if part is not None), Decimal(0)))
