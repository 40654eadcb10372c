"""What the list of certificates says."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

from bidui.synth.settings import Statement
from bidui.synth.statements.effect import Changes
from bidui.synth.world import World


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """One certificate. ``digits`` are the 19th and 20th of its number: category and level."""

    person: int
    id_no: str = field(repr=False)
    name: str = field(repr=False)
    village: str
    category: str
    level: str
    status: str
    issued_on: date
    cancelled_on: date | None = None
    digits: str = ""

    @property
    def number(self) -> str:
        """The certificate's number."""
        return self.id_no + self.digits

    @property
    def code(self) -> str:
        """Category and level, as the register writes them."""
        return f"{self.category}_{self.level}"

    @property
    def together(self) -> str:
        """Rows that are alike in this stand together in the file."""
        return ""


def rows(
    world: World, changes: Changes, index: int, words: Statement, categories: tuple[str, ...]
) -> list[CertificateRow]:
    """The list of period ``index``; ``categories`` in the order of the number's 19th digit."""
    made = []
    for p in world.people:
        held = p.certificate
        if held is None or held.since > index or changes.absent(p.key):
            continue
        plain = CertificateRow(
            p.key,
            p.id_no,
            p.name,
            p.village,
            held.category,
            held.level,
            words.valid,
            held.issued_on,
            None,
            held.digits(categories),
        )
        change = changes.fields.get(p.key)
        made.append(replace(plain, **change) if change else plain)
    return made
