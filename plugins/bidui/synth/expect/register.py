"""The register by itself, and its names against every list that states persons by name and number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bidui.synth.expect.line import Line
from bidui.synth.expect.view import View, finding
from bidui.synth.statements import BenefitRow, CertificateRow, RegisterRow, RosterRow

Named = RosterRow | BenefitRow | CertificateRow


def lines(view: View) -> Iterator[Line]:
    """What is to be found."""
    for number, members in view.register.rows.items():
        for system, rows in (
            ("roster", view.roster.get(number)),
            ("benefit", view.benefit.get(number)),
            ("certificate", view.certificate.get(number)),
        ):
            if _in_conflict(view, members, rows):
                yield finding("name_conflict", number, "name", "register", system)
        if len({m.household for m in members}) > 1:
            yield finding("duplicate", number, "household", "register", "register")


def _in_conflict(view: View, members: Sequence[RegisterRow], rows: Sequence[Named]) -> bool:
    names = {view.sameness.fold(m.name) for m in members}
    return any(view.sameness.fold(r.name) not in names or len(names) > 1 for r in rows)
