"""One period as truth sees it at its end: every system's rows by person, and the rows that name nobody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Generic, TypeVar

from bidui.domain.period import Period
from bidui.synth.expect.line import Line
from bidui.synth.id_number import is_near, is_valid
from bidui.synth.naming import Sameness
from bidui.synth.settings import Boundaries, Statement
from bidui.synth.statements import (
    BenefitRow,
    CertificateRow,
    ExpenseRow,
    RegisterRow,
    RosterRow,
    Row,
    Statements,
)

Kind = TypeVar("Kind", RegisterRow, RosterRow, ExpenseRow, BenefitRow, CertificateRow)


@dataclass(frozen=True)
class People(Generic[Kind]):
    """One system's rows by ID number, as far as it is valid."""

    rows: dict[str, list[Kind]] = field(repr=False)
    loose: dict[tuple[str, str], list[str]] = field(repr=False)
    """(name, village) → numbers of the rows whose number is not valid."""

    @classmethod
    def of(cls, stated: Iterable[Kind], sameness: Sameness) -> People[Kind]:
        """Sort what a system states."""
        rows: dict[str, list[Kind]] = defaultdict(list)
        loose: dict[tuple[str, str], list[str]] = defaultdict(list)
        for row in stated:
            if is_valid(row.id_no):
                rows[row.id_no].append(row)
            else:
                loose[sameness.fold(row.name), row.village].append(row.id_no)
        return cls(dict(rows), dict(loose))

    def get(self, number: str) -> Sequence[Kind]:
        """The rows of one person."""
        return self.rows.get(number, ())


@dataclass(frozen=True)
class View:
    """What every system says in ``period``, and some said before."""

    period: Period
    words: Statement
    boundaries: Boundaries
    sameness: Sameness
    register: People[RegisterRow]
    roster: People[RosterRow]
    benefit: People[BenefitRow]
    certificate: People[CertificateRow]
    benefit_before: People[BenefitRow]
    """Nobody, where nothing is known of the month before."""
    expense: People[ExpenseRow]
    expense_year: People[ExpenseRow]
    """Every increment of a year's months, the period's own included."""

    @classmethod
    def of(
        cls,
        months: Mapping[Period, Statements],
        period: Period,
        words: Statement,
        boundaries: Boundaries,
        sameness: Sameness,
    ) -> View:
        """The view at the end of ``period``."""
        now, before = months[period], months.get(period.shift(-1), Statements())
        year = [months[m] for back in range(boundaries.year_months) if (m := period.shift(-back)) in months]
        return cls(
            period, words, boundaries, sameness,
            People.of(now.register, sameness), People.of(now.roster, sameness),
            People.of(now.benefit, sameness), People.of(now.certificate, sameness),
            People.of(before.benefit, sameness), People.of(now.expense, sameness),
            People.of((row for month in year for row in month.expense), sameness),
        )  # fmt: skip

    @property
    def last_day(self) -> date:
        """The period's last day."""
        return self.period.last_day

    def days_to_end(self, day: date) -> int:
        """From ``day`` to the period's last day."""
        return (self.period.last_day - day).days

    def days_to_start(self, day: date) -> int:
        """From ``day`` to the period's first day."""
        return (self.period.first_day - day).days

    def or_unknown(self, absence: Line, row: Row, there: People[Kind]) -> Line:
        """``absence`` of the person of ``row``, or ``unknown`` where an unresolved row there could be this person's."""
        candidates = there.loose.get((self.sameness.fold(row.name), row.village), [])
        if any(is_near(absence.subject, other, self.boundaries.id_digits) for other in candidates):
            return Line("unknown", "person", absence.subject, absence.kind, absence.systems)
        return absence


def finding(kind: str, number: str, about: str, *systems: str, discriminator: str = "") -> Line:
    """Two systems disagree about a person."""
    return Line(kind, "person", number, about, systems, discriminator=discriminator)


def signal(kind: str, number: str, source: str, occurrence: object, household: str) -> Line:
    """A risk of a person of the register."""
    return Line(kind, "person", number, "", (source,), str(occurrence), household)
