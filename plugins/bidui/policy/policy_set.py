"""The PolicySet: all that ``include/`` says for one profile, loaded once, validated, immutable (design, section 2)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bidui.domain.keys import digest
from bidui.domain.working_days import WorkingCalendar
from bidui.policy.agreement import Agreement, Contact
from bidui.policy.codes import CodeList
from bidui.policy.contract import Contract
from bidui.policy.physical import definition
from bidui.policy.profile import Profile
from bidui.policy.recipe import Recipe
from bidui.policy.region import Region
from bidui.policy.rule import Read, Rule, Stage


@dataclass(frozen=True)
class PolicySet:
    """The policy of one hub. Rules, recipes and agreements are those that the profile switches on."""

    include: Path
    profile: Profile
    contracts: dict[str, Contract]
    agreements: dict[str, Agreement]
    rules: dict[str, Rule]
    recipes: dict[str, Recipe]
    codes: dict[str, CodeList]
    regions: tuple[Region, ...]
    calendar: WorkingCalendar
    objects: dict[str, str]
    """Hash of each object, by ``kind:id``, so that a changed mail text does not void results."""

    @property
    def hash(self) -> str:
        """Hash of the whole bundle."""
        return digest(self.objects)

    @property
    def hub(self) -> str:
        """The hub's id."""
        return self.profile.id

    def of_stage(self, stage: Stage) -> list[Rule]:
        """The rules of ``stage``, in order of id."""
        return sorted((r for r in self.rules.values() if r.stage == stage), key=lambda r: r.id)

    def derived(self, dataset: str) -> Rule | None:
        """The SELECT that a derived dataset is made by; None for a dataset that comes in as such."""
        return next((r for r in self.of_stage("derive") if r.produces == dataset), None)

    def in_role(self, role: str) -> list[str]:
        """Ids of the datasets, derived ones first, that play ``role``."""
        derived = [r.produces for r in self.of_stage("derive") if r.role == role and r.produces]
        return [*derived, *sorted(c.id for c in self.contracts.values() if role in c.roles)]

    def bound_to(self, read: Read) -> list[str]:
        """Ids of the datasets that an alias stands for, one after another; none for a view.

        Of those in a role, the ones that have the columns asked for; a derived one is taken to have them.
        """
        if read.dataset:
            return [read.dataset]
        playing, asked = self.in_role(read.role) if read.role else [], set(read.columns)
        return [d for d in playing if d not in self.contracts or asked <= definition(self.contracts[d]).keys()]

    def regions_of(self, level: str, day: date) -> list[Region]:
        """The regions of ``level`` that exist on ``day``, in order of code."""
        return [
            r
            for r in self.regions
            if r.level == level and r.valid_from <= day and (r.valid_to is None or day <= r.valid_to)
        ]

    def region_above(self, code: str, level: str) -> str | None:
        """The region of ``level`` that ``code`` lies in (or is)."""
        known = {r.code: r for r in self.regions}
        region = known.get(code)
        while region and region.level != level:
            region = known.get(region.parent or "")
        return region.code if region else None

    def threshold(self, name: str, day: date) -> int | float | str:
        """A dated threshold on ``day``; KeyError when the profile does not have it."""
        return self.profile.thresholds[name].on(day)

    def contact_of_sender(self, address: str, day: date) -> tuple[Agreement, Contact] | None:
        """The agreement and contact in force whose mail address this is."""
        wanted = address.strip().lower()
        for made in self.agreements.values():
            for contact in made.contacts:
                if contact.email.lower() == wanted and contact.in_force(day) and made.in_force(day):
                    return made, contact
        return None

    def table(self, name: str) -> list[dict[str, str]]:
        """A dictionary that is no code list, as rows."""
        return _rows(self.include / "dictionary" / f"{name}.csv")


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
