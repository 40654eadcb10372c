"""The PolicySet: all that ``include/`` says for one profile, loaded once, validated, immutable (design, section 2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Literal

from bidui.domain.keys import digest
from bidui.domain.period import Period
from bidui.domain.working_days import WorkingCalendar
from bidui.policy import succession
from bidui.policy.agreement import Agreement, Contact
from bidui.policy.codes import CodeList, lines
from bidui.policy.contract import Column, Contract
from bidui.policy.physical import definition
from bidui.policy.profile import Profile, Value
from bidui.policy.recipe import Recipe
from bidui.policy.region import Region
from bidui.policy.release import Releases
from bidui.policy.rule import Read, Rule, Stage


@dataclass(frozen=True)
class PolicySet:
    """The policy of one hub. Rules, recipes and agreements are those that the profile switches on."""

    include: Path
    profile: Profile
    contracts: dict[str, Contract]
    """As the working files say, be it released or not; `at` a period, those that the period runs with."""
    agreements: dict[str, Agreement]
    rules: dict[str, Rule]
    recipes: dict[str, Recipe]
    codes: dict[str, CodeList]
    regions: tuple[Region, ...]
    calendar: WorkingCalendar
    objects: dict[str, str]
    """Hash of each object, by ``kind:id``, so that a changed mail text does not void results."""
    releases: Releases = Releases()
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    """What the parties are called that take no part here, but give what the catalogue lists."""

    @property
    def hash(self) -> str:
        """Hash of the whole bundle."""
        return digest(self.objects)

    @property
    def hub(self) -> str:
        """The hub's id."""
        return self.profile.id

    def at(self, period: Period) -> PolicySet:
        """The same policy with the contracts that ``period`` runs with (HY-03): those that were in force as it began.

        A dataset in no release runs as its file stands; what has ended is not there.
        """
        if not self.releases.known:
            return self
        drafts = {d: c for d, c in self.contracts.items() if d not in self.releases.versions}
        return replace(self, contracts={**drafts, **self.releases.running(period.each_month()[0])})

    def contract_for(self, dataset: str, period: Period) -> Contract:
        """The contract that a dataset runs with in ``period``; of what has ended by then, the last."""
        return self.at(period).contracts.get(dataset) or self.versions(dataset)[-1]

    def versions(self, dataset: str) -> tuple[Contract, ...]:
        """The contracts of a dataset that rows may have come in under, oldest first."""
        return self.releases.versions.get(dataset) or (self.contracts[dataset],)

    def stated(self, dataset: str) -> tuple[Contract, ...]:
        """Every contract of a dataset, newest first: the working file's, be it a draft, and what was released."""
        working = self.contracts.get(dataset)
        return (*([working] if working else []), *(c for c in reversed(self.versions(dataset)) if c != working))

    @property
    def ever(self) -> dict[str, Contract]:
        """Every dataset that there is or was, by its newest contract here."""
        return {**{dataset: versions[-1] for dataset, versions in self.releases.versions.items()}, **self.contracts}

    @cached_property
    def all_contracts(self) -> list[Contract]:
        """Every contract of every dataset, drafts and released ones."""
        return [contract for dataset in sorted(self.ever) for contract in self.stated(dataset)]

    @property
    def tables(self) -> list[Contract]:
        """One contract for each typed table of what somebody gives here: the newest of those whose rows stand there."""
        given = [dataset for dataset in sorted(self.ever) if self.givers(dataset)]
        return list({c.table: c for dataset in given for c in self.versions(dataset)}.values())

    def of_stage(self, stage: Stage) -> list[Rule]:
        """The rules of ``stage``, in order of id."""
        return sorted((r for r in self.rules.values() if r.stage == stage), key=lambda r: r.id)

    def derived(self, dataset: str) -> Rule | None:
        """The SELECT that a derived dataset is made by; None for a dataset that comes in as such."""
        return next((r for r in self.of_stage("derive") if r.produces == dataset), None)

    def in_role(self, role: str) -> list[str]:
        """Ids of the datasets, derived ones first, that play ``role`` here: those that somebody gives."""
        derived = [r.produces for r in self.of_stage("derive") if r.role == role and r.produces]
        return [*derived, *sorted(c.id for c in self.contracts.values() if role in c.roles and self.givers(c.id))]

    def givers(self, dataset: str) -> tuple[Agreement, ...]:
        """The agreements under which a dataset comes in here, none for what is in the catalogue only."""
        return tuple(made for made in self.agreements.values() if made.provision(dataset))

    def name_of(self, party: str) -> str:
        """What a party is called here; of one that takes no part here, what its agreement calls it, or its id."""
        made = self.agreements.get(party)
        return made.title if made else self.elsewhere.get(party, party)

    def name_on(self, party: str, day: date) -> str:
        """What a party is called on ``day``: after a reform, as its successor; before it, as whom it succeeds."""
        return succession.name_on(self.agreements, party, day)

    def party_on(self, party: str, day: date) -> str:
        """Who acts for ``party`` on ``day``: itself, or its successor."""
        return succession.party_on(self.agreements, party, day)

    def successors(self, day: date) -> dict[str, str]:
        """Party that was succeeded by ``day`` → who acts for it."""
        return {old: new for old in self.agreements if (new := self.party_on(old, day)) != old}

    def carried_by(self, party: str, day: date) -> list[str]:
        """The ids under which the ledger may have what ``party`` acts for on ``day``: its own, its predecessors'."""
        return [party, *(old for old, new in self.successors(day).items() if new == party)]

    @property
    def visiting(self) -> Agreement:
        """The agreement with the regions whose offices are asked to visit, and hand in what was found.

        Where another succeeded it, the first.
        """
        offices = [made for made in self.agreements.values() if made.kind == "regions"]
        asked = [a for a in offices if any("outcome" in self.ever[p.dataset].roles for p in a.provides)]
        return min(asked, key=lambda made: made.valid_from)

    def bound_to(self, read: Read) -> list[str]:
        """Ids of the datasets that an alias stands for, one after another; none for a view.

        Of those in a role, the ones that have the columns asked for; a derived one is taken to have them. What nobody
        gives here stands for nothing, and a rule that reads it has nothing to say.
        """
        if read.dataset:
            return [read.dataset] if self.givers(read.dataset) or self.derived(read.dataset) else []
        playing, asked = self.in_role(read.role) if read.role else [], set(read.columns)
        return [d for d in playing if d not in self.contracts or asked <= definition(self.contracts[d]).keys()]

    def regions_of(self, level: str, day: date) -> list[Region]:
        """The regions of ``level`` that exist on ``day``, in order of code."""
        return [
            r
            for r in self.regions
            if r.level == level and r.valid_from <= day and (r.valid_to is None or day <= r.valid_to)
        ]

    def parted_by(self, contract: Contract) -> Literal["region", "party"] | None:
        """In what parts a dataset comes in here: where regions give it, or several parties, its own; else whole."""
        if contract.by == "region" and not any(made.kind == "regions" for made in self.givers(contract.id)):
            return None
        return contract.by

    def parts_of(self, dataset: str, day: date) -> dict[str, str]:
        """Scope → name of the regions, or parties, that each hand in a part of a dataset on ``day``.

        They are those of the level whose agreement gives it, or those whose agreements do; none where one file is the
        whole.
        """
        by, givers = self.parted_by(self.ever[dataset]), self.givers(dataset)
        if by == "party":
            return {made.party: made.title for made in givers if made.in_force(day)}
        levels = [made.level for made in givers if by and made.level]
        return {region.code: region.name for level in levels for region in self.regions_of(level, day)}

    def region_names(self, day: date) -> dict[str, str]:
        """Code → name on ``day`` of every region; of one that does not exist then, what it was called last before."""
        begun = sorted(self.regions, key=lambda r: (r.valid_from <= day, r.valid_from))
        return {r.code: r.name for r in begun}

    def terms(self, day: date) -> dict[str, str]:
        """The words of the field (dictionary ``term``) as they are on ``day``, by code."""
        return {code: self.codes["term"].label_of(code, day) for code in self.codes["term"].codes}

    def region_above(self, code: str, level: str) -> str | None:
        """The region of ``level`` that ``code`` lies in (or is)."""
        return next((region.code for region in self._upwards(code) if region.level == level), None)

    def is_beyond(self, code: str, own: str) -> bool:
        """Whether the region ``code`` lies elsewhere than ``own``: neither in it, nor is it one that holds it."""
        here, home = ({region.code for region in self._upwards(c)} for c in (code, own))
        return own not in here and code not in home

    def _upwards(self, code: str) -> Iterator[Region]:
        """The region of that code, the one that it lies in, and so on."""
        known = {r.code: r for r in self.regions}
        region = known.get(code)
        while region:
            yield region
            region = known.get(region.parent or "")

    def modes(self, change: Column, day: date) -> dict[str, str]:
        """Code of what a column in the role ``change`` may ask for → the permission that it takes (SQ-09)."""
        listed = self.codes[change.code_list or ""]
        return {code: listed.entry_of(code, day).about["mode"] for code in listed.codes}

    def threshold(self, name: str, day: date) -> Value:
        """A dated threshold on ``day``; KeyError when the profile does not have it."""
        return self.profile.thresholds[name].on(day)

    def days(self, name: str, day: date) -> timedelta:
        """A dated threshold that counts days; KeyError when the profile does not have it."""
        return timedelta(days=int(self.threshold(name, day)))  # type: ignore[arg-type]

    def least_rows(self, dataset: str, day: date) -> int:
        """How many rows make a whole file of a dataset on ``day``; where the profile does not say, one."""
        stated = self.profile.least_rows.get(dataset)
        try:
            return stated.on(day) if stated else 1
        except KeyError:
            return 1

    def contact_of_sender(self, address: str, day: date) -> tuple[Agreement, Contact] | None:
        """The agreement and contact whose mail address this is: in force on ``day``, or else the last on record."""
        wanted = address.strip().lower()
        known = [(m, c) for m in self.agreements.values() for c in m.contacts if c.email.lower() == wanted]
        return max(known, key=lambda k: (k[0].in_force(day) and k[1].in_force(day), k[1].valid_from), default=None)

    def table(self, name: str) -> list[dict[str, str]]:
        """A dictionary that is no code list, as rows; PolicyError when it cannot be read."""
        return [row for _, row in lines(self.include / "dictionary" / f"{name}.csv", set())]
