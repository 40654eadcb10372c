"""What the five systems say about everybody in one period: the plain statement, changed by effects.

Plain: the register lists every member of every household under the true name and number, with the flags that
are true; the roster has one insured row of the person's scheme for everybody (ordinary people as they stand); the
month's bills, the benefits and the certificates are stated as they are. All else is an Effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bidui.domain.period import Period
from bidui.synth.kinds import System
from bidui.synth.settings import Settings
from bidui.synth.statements import benefit, certificate, expense, register, roster
from bidui.synth.statements.benefit import BenefitRow
from bidui.synth.statements.certificate import CertificateRow
from bidui.synth.statements.effect import Changes, Effect
from bidui.synth.statements.expense import ExpenseRow
from bidui.synth.statements.register import RegisterRow
from bidui.synth.statements.roster import RosterRow
from bidui.synth.world import World

__all__ = [
    "ROW_OF",
    "BenefitRow",
    "CertificateRow",
    "Effect",
    "ExpenseRow",
    "RegisterRow",
    "RosterRow",
    "Row",
    "Statements",
    "said",
    "stated",
]

Row = RegisterRow | RosterRow | ExpenseRow | BenefitRow | CertificateRow
ROW_OF: dict[System, type[Row]] = {
    "register": RegisterRow,
    "roster": RosterRow,
    "expense": ExpenseRow,
    "benefit": BenefitRow,
    "certificate": CertificateRow,
}


@dataclass(frozen=True)
class Statements:
    """The rows of every system in one period."""

    register: Sequence[RegisterRow] = ()
    roster: Sequence[RosterRow] = ()
    expense: Sequence[ExpenseRow] = ()
    benefit: Sequence[BenefitRow] = ()
    certificate: Sequence[CertificateRow] = ()

    def of(self, system: System) -> Sequence[Row]:
        """The rows of one system."""
        found: Sequence[Row] = getattr(self, system)
        return found


def stated(
    system: System, world: World, effects: Iterable[Effect], index: int, period: Period, settings: Settings
) -> Sequence[Row]:
    """The rows of one system in the period numbered ``index`` from 0."""
    changes = Changes.of(effects, system, index)
    words = settings.statement
    if system == "register":
        return register.rows(world, changes, index)
    if system == "roster":
        return roster.rows(world, changes, index, period, words)
    if system == "expense":
        return expense.rows(world, changes, index)
    if system == "benefit":
        return benefit.rows(world, changes, index)
    return certificate.rows(world, changes, index, words, tuple(settings.certificates.categories))


def said(world: World, effects: Sequence[Effect], index: int, period: Period, settings: Settings) -> Statements:
    """What every system says in the period numbered ``index`` from 0."""
    return Statements(**{s: stated(s, world, effects, index, period, settings) for s in ROW_OF})  # type: ignore[arg-type]
