"""Loading ``include/`` for one profile: every fault is gathered, so that one run shows them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from bidui.domain.keys import digest, file_digest
from bidui.domain.working_days import WorkingCalendar
from bidui.policy import agreement, contacts, contract_file, references, region, release, rule, unread, working_calendar
from bidui.policy.codes import CodeList
from bidui.policy.contract import Contract
from bidui.policy.policy_set import PolicySet
from bidui.policy.profile import Profile, merge
from bidui.policy.recipe import Recipe
from bidui.policy.region import Region
from bidui.policy.rule import Rule, Stage
from bidui.policy.source import Fault, PolicyError, Source, nearest, place_of, read_sql, read_yaml
from bidui.policy.succession import with_contacts

_STAGES: tuple[Stage, ...] = ("derive", "compare", "screen", "lead", "settle", "report")
_ALWAYS: tuple[Stage, ...] = ("derive", "settle", "report", "lead")
"""Stages whose rules need no switching on: something that is switched on asks for them."""
_TABLES = {"regions", "holidays", "name_variant", "row_issue"}
"""Dictionaries that are not code lists."""


Item = TypeVar("Item")


def load(include: Path, profile_id: str) -> PolicySet:
    """Load and check the policy of one profile; PolicyError lists every fault with file and line."""
    reading = _Reading(include)
    hub = reading.profile(profile_id)
    contracts = reading.gather("contract", release.contract_files(include), contract_file.read, "id")
    releases = reading.releases(contracts)
    agreements = reading.gather("agreement", include.glob("agreements/*.yaml"), agreement.read, "party")
    rules: dict[str, Rule] = {}
    for stage in _STAGES:
        rules |= reading.gather("rule", include.glob(f"sql/{stage}/*.sql"), partial(rule.read, stage=stage), "id")
    recipes = reading.gather("recipe", include.glob("deliveries/*.yaml"), _read_recipe, "id")
    for path in sorted([*include.glob("templates/*"), *include.glob("expectations/*.yaml")]):
        reading.objects[f"{path.parent.name}:{path.stem}"] = file_digest([path.read_bytes()])
    acting = reading.contacts(hub.id) if hub else {}
    codes, regions, calendar = reading.dictionaries(hub.id if hub else "")
    if hub is None:
        raise PolicyError(reading.faults)
    taking_part = [agreements[party] for party in hub.agreements if party in agreements]
    given = _given(hub, taking_part, contracts)
    policy = PolicySet(
        include=include, profile=hub, contracts=contracts,
        agreements=with_contacts({
            made.party: made.model_copy(update={
                "title": hub.titles.get(made.party, made.title), "provides": given[made.party],
                "contacts": acting.get(made.party, ()),
            })
            for made in taking_part
        }),
        rules={r.id: r for r in rules.values() if r.stage in _ALWAYS or r.id in hub.rules},
        recipes={r: recipes[r] for r in hub.deliveries if r in recipes},
        codes=codes, regions=regions, calendar=calendar or WorkingCalendar.from_rows([]), objects=reading.objects,
        releases=releases,
        elsewhere={party: made.title for party, made in agreements.items() if party not in hub.agreements},
    )  # fmt: skip
    dangling = _dangling_in_profile(policy, reading.stated_in, agreements, rules, recipes)
    leading_nowhere = references.faults(policy, rules.values())
    named = unread.real([*dangling, *leading_nowhere], [fault.file for fault in reading.faults])
    if faults := [*reading.faults, *named]:
        raise PolicyError(faults, policy)
    return policy


def _given(
    hub: Profile, taking_part: list[agreement.Agreement], contracts: dict[str, Contract]
) -> dict[str, tuple[agreement.Provision, ...]]:
    """Party → of what its agreement provides, what it gives here: of the datasets that are exchanged at all.

    What both regions and an agency could give, the agency gives, unless the profile says that it comes by region.
    """
    in_parts = {contract.id for contract in contracts.values() if contract.by == "region"}
    agencies = {p.dataset for made in taking_part if made.kind != "regions" for p in made.provides}
    whole = (in_parts & agencies) - {*hub.by_region}
    return {
        made.party: tuple(
            p.model_copy(update={"sealing": ("plain", *p.sealing)}) if p.dataset in hub.unsealed else p
            for p in made.provides
            if (hub.datasets is None or p.dataset in hub.datasets)
            and p.dataset not in (whole if made.kind == "regions" else hub.by_region)
        )
        for made in taking_part
    }  # fmt: skip


class _Reading:
    """Reads the folders one after another and gathers every fault, so that one run shows them all."""

    def __init__(self, include: Path) -> None:
        self.include = include
        self.faults: list[Fault] = []
        self.objects: dict[str, str] = {}
        self.stated_in: list[str] = []
        """The profile's own file, and that of its base."""

    def attempt(self, read: Callable[[], Item]) -> Item | None:
        """What ``read`` gives; None when that has faults, which are noted."""
        try:
            return read()
        except PolicyError as error:
            self.faults.extend(error.faults)
            return None

    def gather(self, kind: str, paths: Iterable[Path], read: Callable[[Source], Item], name: str) -> dict[str, Item]:
        found: dict[str, Item] = {}
        for path in sorted(paths):
            try:
                source = (read_sql if path.suffix == ".sql" else read_yaml)(path, self.include)
                item = read(source)
            except PolicyError as error:
                self.faults.extend(error.faults)
                continue
            key = getattr(item, name)
            if key in found:
                self.faults.append(source.fault(f"{key} is defined twice", [name]))
            found[key] = item
            self.objects[f"{kind}:{key}"] = digest(source.text)
        return found

    def profile(self, profile_id: str) -> Profile | None:
        """The profile over its one base."""
        file = f"profiles/{profile_id}.yaml"
        known = [path.stem for path in self.include.glob("profiles/*.yaml")]
        if profile_id not in known:
            self.faults.append(Fault(file, None, f"no such profile{nearest(profile_id, known)}"))
            return None
        return self.attempt(partial(self._profile, file, known))

    def _profile(self, file: str, known: list[str]) -> Profile:
        own = self._mapping(file)
        base, stated = own, own.plain()
        self.stated_in = [file]
        if below := stated.pop("extends", None):
            if below not in known:
                said = f"extends a file that is not there: {below}{nearest(below, known)}"
                raise PolicyError([own.fault(said, ["extends"])])
            base = self._mapping(f"profiles/{below}.yaml")
            stated = merge(base.plain(), stated)
            self.stated_in.append(base.file)
        self.objects[f"profile:{Path(file).stem}"] = digest(stated)

        def tell(said: str, at: Sequence[Any]) -> Fault:
            """Where it stands; what the base has no name for may be misspelt, and so lack what the base says of it."""
            match tuple(at):
                case (str(group), str(name), _) if name not in (known := base.data.get(group) or ()):
                    said += nearest(name, known)
            return (base if base.reach(at) > own.reach(at) else own).fault(said, at)

        return own.as_model_of(stated, Profile, tell)

    def _mapping(self, file: str) -> Source:
        source = read_yaml(self.include / file, self.include)
        if not isinstance(source.data, dict):
            raise PolicyError([source.fault("expected a mapping")])
        return source

    def releases(self, working: dict[str, Contract]) -> release.Releases:
        """What was released of the catalogue."""
        for path in sorted((self.include / release.FOLDER).glob("*.yaml")):
            self.objects[f"release:{path.stem}"] = file_digest([path.read_bytes()])
        return self.attempt(partial(release.read, self.include, working)) or release.Releases()

    def contacts(self, hub: str) -> dict[str, tuple[agreement.Contact, ...]]:
        """Who acts for each party of the hub."""
        found = self.attempt(partial(contacts.read, self.include, hub))
        if found is not None:
            self.objects[f"contacts:{hub}"] = file_digest([(self.include / contacts.file_of(hub)).read_bytes()])
        return found or {}

    def dictionaries(self, hub: str) -> tuple[dict[str, CodeList], tuple[Region, ...], WorkingCalendar | None]:
        """Code lists, the hub's regions and the working calendar."""
        codes = {}
        for path in sorted(self.include.glob("dictionary/*.csv")):
            self.objects[f"dictionary:{path.stem}"] = file_digest([path.read_bytes()])
            if path.stem not in _TABLES and (listed := self.attempt(partial(CodeList.load, path))):
                codes[path.stem] = listed
        regions = self.attempt(partial(region.read, self.include, hub)) or ()
        return codes, regions, self.attempt(partial(working_calendar.read, self.include))


def _read_recipe(source: Source) -> Recipe:
    return source.as_model(Recipe, hash=digest(source.text), file=source.file)


def _dangling_in_profile(
    policy: PolicySet, files: list[str],
    agreements: dict[str, agreement.Agreement], rules: dict[str, Rule], recipes: dict[str, Recipe],
) -> list[Fault]:  # fmt: skip
    include, hub, contracts = policy.include, policy.profile, policy.ever

    def place(name: str, what: str) -> tuple[str, int | None]:
        return place_of(include, name, *files, under=what.rpartition(" ")[2])

    named: list[tuple[str, Iterable[str], Iterable[str]]] = [
        ("agreements", hub.agreements, agreements), ("rules", hub.rules, rules),
        ("deliveries", hub.deliveries, recipes), ("expected", hub.expected, contracts),
        ("titles", hub.titles, hub.agreements), ("datasets", hub.datasets or (), contracts),
        ("least_rows", hub.least_rows, contracts), ("window: quarterly", hub.window.quarterly, contracts),
        ("by_region", hub.by_region, contracts), ("unsealed", hub.unsealed, contracts),
    ]  # fmt: skip
    idle = [
        (what, name, " of regions" if name in hub.by_region else "")
        for what, names in (
            ("datasets", hub.datasets or ()), ("by_region", hub.by_region), ("unsealed", hub.unsealed),
            ("expected", hub.expected), ("window: quarterly", hub.window.quarterly), ("least_rows", hub.least_rows),
        )
        for name in names if name in contracts and not policy.givers(name)
    ]  # fmt: skip
    provided = [(f"agreements/{p}.yaml", g.dataset) for p in agreements for g in agreements[p].provides]
    return [
        Fault(*place(name, what), f"{what}: {name} does not exist{nearest(name, known) or '; add it, or take it out'}")
        for what, names, known in named for name in names if name not in known
    ] + [
        Fault(*place_of(include, name, file), f"provides: {name} does not exist{nearest(name, contracts)}")
        for file, name in provided if name not in contracts
    ] + [
        Fault(*place(name, what), f"{what}: {name} is provided under no agreement{of} of this profile")
        for what, name, of in idle
    ]  # fmt: skip
