"""Releases of the catalogue (HY-03): what was agreed is frozen, and a period runs with what was in force as it began.

``catalogue/releases/<number>.yaml`` says what a release holds; beside it, ``contracts/<dataset>@<version>.yaml`` are
the contracts just as they were released. The working files under ``catalogue/<party>/`` are the next one's draft.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from bidui.domain.keys import digest
from bidui.domain.period import Period
from bidui.policy import contract_file
from bidui.policy.changes import differences, ordered, raised, weight
from bidui.policy.contract import VERSION, Contract, Frozen
from bidui.policy.source import Fault, PolicyError, Source, place_of, read_yaml

FOLDER = Path("catalogue", "releases")
"""Under ``include/``; no party may be called like it."""


class Agreed(Frozen):
    """An agency's word that it can give what the release says."""

    party: str
    contact: str
    on: date


class Stated(Frozen):
    """A contract that a release holds."""

    version: str = Field(pattern=VERSION)
    hash: str


class Change(Frozen):
    """What a release changes of one dataset."""

    dataset: str
    before: str | None = Field(default=None, alias="from")
    after: str | None = Field(default=None, alias="to")
    kind: Literal["added", "compatible", "breaking", "ended"]
    said: str


class Release(Frozen):
    """One release of the whole catalogue."""

    number: str = Field(pattern=r"^\d{4}-[1-9]\d*$")
    """Year of its date, and the how-manieth of that year."""
    released_on: date
    in_force_from: str = Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")
    """The first month that runs with it."""
    agreed: tuple[Agreed, ...]
    contracts: dict[str, Stated]
    changes: tuple[Change, ...]
    hash: str = ""
    """`hash_of` the file, as it was published."""
    file: str

    @property
    def place(self) -> tuple[int, int]:
        """Its place among the others."""
        year, ordinal = self.number.split("-")
        return int(year), int(ordinal)


@dataclass(frozen=True)
class Releases:
    """All releases, oldest first, and the contracts that they froze."""

    known: tuple[Release, ...] = ()
    frozen: Mapping[tuple[str, str], Contract] = field(default_factory=dict)
    """(dataset, version) → the contract as released."""

    @property
    def newest(self) -> Release | None:
        """The last one made, be it in force or not."""
        return self.known[-1] if self.known else None

    @cached_property
    def versions(self) -> dict[str, tuple[Contract, ...]]:
        """Dataset → its released contracts, oldest first."""
        found: dict[str, dict[str, Contract]] = {}
        for release in self.known:
            for dataset, stated in release.contracts.items():
                found.setdefault(dataset, {})[stated.version] = self.frozen[dataset, stated.version]
        return {dataset: tuple(contracts.values()) for dataset, contracts in found.items()}

    def running(self, month: Period) -> dict[str, Contract]:
        """Dataset → the contract that a month runs with; what has ended by then is not there.

        A dataset ran before it was first released, by what was then released of it.
        """
        begun = [release for release in self.known if release.in_force_from <= str(month)]
        ever = {dataset for release in begun for dataset in release.contracts}
        running = {dataset: versions[0] for dataset, versions in self.versions.items() if dataset not in ever}
        for dataset, stated in (begun[-1].contracts if begun else {}).items():
            running[dataset] = self.frozen[dataset, stated.version]
        return running


def hash_of(stated: Mapping[str, Any]) -> str:
    """Hash of all that the file of a release says, but for the hash itself."""
    return digest({key: value for key, value in stated.items() if key != "hash"})


def contract_files(include: Path) -> list[Path]:
    """The working files of the catalogue."""
    return [path for path in include.glob("catalogue/*/*.yaml") if path.parent != include / FOLDER]


def copy_of(dataset: str, version: str) -> Path:
    """Where a released contract is kept, under ``include/``."""
    return FOLDER / "contracts" / f"{dataset}@{version}.yaml"


def read(include: Path, working: Mapping[str, Contract]) -> Releases:
    """All releases, held against the working files.

    Raises:
        PolicyError: for each release out of order, each copy that is gone or changed, and each working file that says
            something else under a version that was released.
    """
    reading = _Reading(include, working)
    known = reading.releases()
    for release, before in zip(known, (None, *known), strict=False):
        reading.compare(release, before)
        reading.freeze(release)
    if not reading.faults:
        reading.faults += _of_working(Releases(tuple(known), reading.frozen), working, include)
    if reading.faults:
        raise PolicyError(reading.faults)
    return Releases(tuple(known), reading.frozen)


class _Reading:
    """Reads one release after another and gathers the faults."""

    def __init__(self, include: Path, working: Mapping[str, Contract]) -> None:
        self.include, self.working = include, working
        self.faults: list[Fault] = []
        self.frozen: dict[tuple[str, str], Contract] = {}
        self.sources: dict[str, Source] = {}

    def releases(self) -> list[Release]:
        found = []
        for path in sorted((self.include / FOLDER).glob("*.yaml")):
            try:
                source = read_yaml(path, self.include)
                release = source.as_model(Release, file=source.file)
            except PolicyError as error:
                self.faults += error.faults
                continue
            if release.number != path.stem:
                self.faults.append(source.fault(f"number must be {path.stem}, as the file is called", ["number"]))
            if release.hash != hash_of(source.data):
                said = "was changed after it was published; bring it back as it was, and publish what is new"
                self.faults.append(source.fault(said, ["hash"]))
            self.sources[release.number] = source
            found.append(release)
        return sorted(found, key=lambda release: release.place)

    def compare(self, release: Release, before: Release | None) -> None:
        """A release against the one before it."""
        source = self.sources[release.number]
        if before is None:
            return
        if release.in_force_from <= before.in_force_from:
            said = f"in force from {release.in_force_from}, but {before.number} is from {before.in_force_from}; take it"
            self.faults.append(source.fault(f"{said} back and publish anew for a later month", ["in_force_from"]))
        for dataset, stated in release.contracts.items():
            old = before.contracts.get(dataset, stated)
            if ordered(stated.version) < ordered(old.version):
                said = f"{dataset} falls back from {old.version} to {stated.version}; publish it anew as a higher one"
                self.faults.append(source.fault(said, ["contracts", dataset]))
            elif stated.version == old.version and stated.hash != old.hash:
                said = f"{dataset} {stated.version} is another one in {before.number}; a release is not to be edited"
                self.faults.append(source.fault(said, ["contracts", dataset]))

    def freeze(self, release: Release) -> None:
        """Read the copies of what the release holds."""
        source = self.sources[release.number]
        for dataset, stated in release.contracts.items():
            if (dataset, stated.version) in self.frozen:
                continue
            path = self.include / copy_of(dataset, stated.version)
            if not path.exists():
                said = f"{dataset} {stated.version} has no copy {path.relative_to(self.include)}; bring it back"
                self.faults.append(source.fault(said, ["contracts", dataset]))
                continue
            try:
                contract = self._contract(dataset, path)
            except PolicyError as error:
                self.faults += error.faults
                continue
            if contract.hash != stated.hash:
                said = f"was changed after release {release.number}; bring it back as it was, and change the file"
                self.faults.append(Fault(str(path.relative_to(self.include)), 1, f"{said} in the catalogue instead"))
            self.frozen[dataset, stated.version] = contract

    def _contract(self, dataset: str, path: Path) -> Contract:
        """The contract in a copy; where the working file is still the same, that one, for parsing takes time."""
        working = self.working.get(dataset)
        if working and (self.include / working.file).read_bytes() == path.read_bytes():
            return working
        return contract_file.read(read_yaml(path, self.include))


def _of_working(releases: Releases, working: Mapping[str, Contract], include: Path) -> Iterator[Fault]:
    """Working files may say what they like under a version of their own."""
    for dataset, versions in releases.versions.items():
        draft, last = working.get(dataset), versions[-1]
        if draft is None or draft.hash == last.hash:
            continue
        place = place_of(include, draft.version, draft.file)
        if ordered(draft.version) < ordered(last.version):
            yield Fault(*place, f"version {draft.version} is lower than {last.version}, which was released; raise it")
        elif draft.version == last.version:
            least = raised(last.version, weight(differences(last, draft)))
            said = f"{last.version} was released and says something else; bump the version (to {least} at least)"
            yield Fault(*place, f"{said}, or take the change back")
