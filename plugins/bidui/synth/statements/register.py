"""What the register says."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bidui.synth.statements.effect import Changes
from bidui.synth.statements.household import with_head
from bidui.synth.world import Household, Person, World


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One person in one household, as the register writes them.

    ``category`` is empty where the household is not monitored; ``dibao`` is whether they are said to get the benefit
    (None: nothing is said), ``disability`` the code of their certificate, or empty.
    """

    person: int
    household: str
    id_no: str = field(repr=False)
    name: str = field(repr=False)
    village: str
    relation: str
    skill: str
    category: str = ""
    dibao: bool | None = False
    disability: str = ""

    @property
    def together(self) -> str:
        """Rows that are alike in this stand together in the file."""
        return self.household


def rows(world: World, changes: Changes, index: int) -> list[RegisterRow]:
    """The register of period ``index``, by household."""
    made: list[RegisterRow] = []
    for household in world.households:
        said = []
        for p in household.members:
            if p.since > index or changes.absent(p.key):
                continue
            plain = _plain(p, household, index)
            change = changes.fields.get(p.key)
            said.append(replace(plain, **change) if change else plain)
        made += with_head(said, world.people)
    return made + [replace(row, **second) for row in made for second in changes.also.get(row.person, ())]


def _plain(p: Person, household: Household, index: int) -> RegisterRow:
    return RegisterRow(
        p.key,
        household.number,
        p.id_no,
        p.name,
        p.village,
        p.relation,
        p.skill,
        household.category,
        p.benefit is not None and p.benefit.since <= index,
        p.certificate.code if p.certificate and p.certificate.since <= index else "",
    )
