"""What the list of benefits says, a row for each person of each household in it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date

from bidui.synth.facts import Benefit
from bidui.synth.statements.effect import Changes
from bidui.synth.statements.household import HEAD, with_head
from bidui.synth.world import Person, World


@dataclass(frozen=True, slots=True)
class BenefitRow:
    """One person of one household that gets the benefit; ``amount`` is the household's, in yuan a month.

    ``number`` is the household's in this list, ``insured`` how many people it has there, ``member_no`` the person's
    place among them, from 1.
    """

    person: int
    number: str
    id_no: str = field(repr=False)
    name: str = field(repr=False)
    village: str
    relation: str
    aid_type: str
    amount: int
    started_on: date
    insured: int = 1
    member_no: int = 1

    @property
    def together(self) -> str:
        """Rows that are alike in this stand together in the file."""
        return self.number


def rows(world: World, changes: Changes, index: int) -> list[BenefitRow]:
    """The list of period ``index``, by household."""
    households: dict[str, list[BenefitRow]] = defaultdict(list)
    for benefit in world.benefits:
        if benefit.since > index:
            continue
        said = []
        for p in benefit.members:
            if changes.absent(p.key):
                continue
            plain = _plain(p, benefit)
            change = changes.fields.get(p.key)
            said.append(replace(plain, **change) if change else plain)
        households[benefit.number] = with_head(said, world.people)
    for row in [row for members in households.values() for row in members]:
        for second in changes.also.get(row.person, ()):
            households[second["number"]].append(replace(row, **second))
    return [
        replace(row, insured=len(members), member_no=place)
        for members in households.values()
        for place, row in enumerate(members, 1)
    ]


def _plain(p: Person, benefit: Benefit) -> BenefitRow:
    return BenefitRow(
        p.key, benefit.number, p.id_no, p.name, benefit.village, p.relation or HEAD,
        benefit.aid_type, benefit.amount, benefit.started_on,
    )  # fmt: skip
