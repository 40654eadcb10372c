"""Truth's own evaluation: what a comparison of the systems' statements should find.

Plain Python over the rows that the systems state, person by person. It knows neither the events that were planted nor
the rules of the product; the thresholds and words come from truth's settings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bidui.domain.period import Period
from bidui.synth.expect import benefit, certificate, expense, register, roster
from bidui.synth.expect.line import Lead, Line
from bidui.synth.expect.view import View
from bidui.synth.naming import Sameness
from bidui.synth.settings import Boundaries, Statement
from bidui.synth.statements import Statements

__all__ = ["Judge", "Lead", "Line"]


@dataclass(frozen=True)
class Judge:
    """Evaluates one period after another."""

    words: Statement
    boundaries: Boundaries
    sameness: Sameness
    _led: set[tuple[str, str, str]] = field(default_factory=set, repr=False)

    def lines(self, months: Mapping[Period, Statements], period: Period) -> list[Line]:
        """Findings, signals and unknowns of one period, each once; ``months`` holds it and those before it."""
        view = View.of(months, period, self.words, self.boundaries, self.sameness)
        return [line for system in (register, roster, expense, benefit, certificate) for line in system.lines(view)]

    def leads(self, lines: Iterable[Line]) -> list[Lead]:
        """Households of this period's signals that no lead of an earlier call held."""
        fresh: dict[str, list[Line]] = defaultdict(list)
        for line in lines:
            key = (line.kind, line.subject, line.occurrence)
            if line.household and key not in self._led:
                self._led.add(key)
                fresh[line.household].append(line)
        return [Lead(household, tuple(signals)) for household, signals in sorted(fresh.items())]
