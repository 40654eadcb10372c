"""A policy under other names: every agency, dataset, region, contact and profile of an ``include/`` gets a new id."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path

from bidui.policy.loading import load
from bidui.policy.policy_set import PolicySet
from bidui.policy.release import FOLDER
from tests.policies import unrelease

_WEIGHTS = (7, 9, 10, 5, 8, 4)
"""Of the first six digits of an ID number. Synthetic people get their county's code: one of the same weight leaves the
check digits, and with them every slip of the pen, as they were."""


@dataclass(frozen=True)
class Names:
    """Old id → new id."""

    parties: Mapping[str, str]
    datasets: Mapping[str, str]
    """By full id, ``<party>.<dataset>``, derived ones included."""
    contacts: Mapping[str, str]
    profiles: Mapping[str, str]
    county: tuple[str, str]
    """Region codes begin with the county's."""
    rules: frozenset[str]
    """Ids of rules keep their names, also where a dataset bears the same."""

    @classmethod
    def of(cls, policy: PolicySet) -> Names:
        """New names for all that the policy names, in another order of the alphabet."""
        parties = {old: f"q{at:02d}" for at, old in enumerate(sorted(_parties(policy.include), reverse=True), 1)}
        derived = [r.produces for r in policy.of_stage("derive") if r.produces]
        listed = sorted({*policy.contracts, *derived}, reverse=True)
        datasets = {old: f"{parties[old.partition('.')[0]]}.ds{at:02d}" for at, old in enumerate(listed, 1)}
        contacts = {
            c.id: f"{parties[a.party]}-c{at:02d}" for a in policy.agreements.values() for at, c in enumerate(a.contacts)
        }
        stems = sorted(p.stem for p in policy.include.glob("profiles/*.yaml"))
        profiles = {old: f"pr{at:02d}" for at, old in enumerate(stems, 1)}
        county = (policy.profile.region, _same_weight(policy.profile.region))
        return cls(parties, datasets, contacts, profiles, county, frozenset(policy.rules))

    @cached_property
    def _to_new(self) -> list[tuple[re.Pattern[str], Mapping[str, str]]]:
        """Patterns with one group, which is looked up."""
        plain = {old.partition(".")[2]: new.partition(".")[2] for old, new in self.datasets.items()}
        words = [name for name in plain if "_" in name and name not in self.rules]
        return [
            (_any(self.datasets), self.datasets),
            (_any(self.contacts), self.contacts),
            (re.compile(rf"(?<!\d)({self.county[0]})(?=\d*)"), dict([self.county])),
            (re.compile(rf"\b({'|'.join(words)})\b"), plain),
            (re.compile(r"(?m)^  - name: (\w+)\n    businessName"), plain),
            (re.compile(r"(?m)^party: (\w+)$"), self.parties),
            (re.compile(r"property: (?:party|owner), value: (\w+)"), self.parties),
            (re.compile(r"(?m)^id: (\w+)$"), self.profiles),
            (re.compile(r"(?m)^extends: (\w+)$"), self.profiles),
            (re.compile(rf"(?m)^({'|'.join(self.profiles)}),"), self.profiles),
        ]

    @cached_property
    def _by_folder(self) -> dict[str, list[tuple[re.Pattern[str], Mapping[str, str]]]]:
        """Patterns for what is a name in one folder only."""
        any_party = "|".join(self.parties)
        return {
            "profiles": [(re.compile(rf"(?m)^  ({any_party}):"), self.parties)],
            "contacts": [(re.compile(rf"(?m)^({any_party}),"), self.parties)],
            "clauses": [(re.compile(rf'"agreement:({any_party})"'), self.parties)],
        }

    def new(self, text: str, folder: str) -> str:
        """A policy file of a folder under the new names."""
        for pattern, names in [*self._to_new, *self._by_folder.get(folder, [])]:
            text = pattern.sub(lambda m, names=names: _swapped(m, names), text)
        listed = re.search(r"(?ms)^agreements: \[(.*?)\]$", text)
        if listed:
            renamed = ", ".join(self.parties[name] for name in re.split(r",\s*", listed[1]))
            text = text.replace(listed[0], f"agreements: [{renamed}]")
        return text

    def path(self, path: Path) -> Path:
        """A policy file's path, relative to ``include``, under the new names."""
        folder = path.parts[0]
        if folder == "catalogue" and len(path.parts) == 3:
            party, dataset = self.datasets[f"{path.parts[1]}.{path.stem}"].split(".")
            return Path(folder, party, f"{dataset}.yaml")
        known = {"agreements": self.parties, "profiles": self.profiles, "synth": {**self.datasets, **self.profiles},
                 "expectations": self.datasets, "contacts": self.profiles}.get(folder, {})  # fmt: skip
        return path.with_name(f"{known[path.stem]}{path.suffix}") if path.stem in known else path

    def old(self, text: str) -> str:
        """A result under the old names again."""
        back = {new: old for names in (self.datasets, self.contacts) for old, new in names.items()}
        text = _any(back).sub(lambda m: back[m[1]], text)
        single = {new: old for names in (self.parties, self.profiles) for old, new in names.items()}
        text = _any(single).sub(lambda m: single[m[1]], text)
        return re.sub(rf"(?<!\d){self.county[1]}", self.county[0], text)


def renamed(include: Path, profile: str, target: Path) -> Names:
    """Write ``include`` under new names to ``target``, with nothing released."""
    names = Names.of(load(include, profile))
    for file in sorted(p for p in include.rglob("*") if p.is_file() and include / FOLDER not in p.parents):
        to = target / names.path(file.relative_to(include))
        to.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix in {".yaml", ".csv", ".sql", ".md", ".json"}:
            folder = file.relative_to(include).parts[0]
            to.write_text(names.new(file.read_text(encoding="utf-8"), folder), encoding="utf-8")
        else:
            shutil.copy(file, to)
    unrelease(target)  # what was released says who agreed to it, under names of its own
    return names


def _parties(include: Path) -> set[str]:
    return {p.name for p in include.glob("catalogue/*") if p.name != FOLDER.name} | {
        p.stem for p in include.glob("agreements/*.yaml")
    }


def _any(known: Mapping[str, str]) -> re.Pattern[str]:
    longest_first = sorted(known, key=len, reverse=True)
    return re.compile(rf"(?<![\w.-])({'|'.join(map(re.escape, longest_first))})(?![\w-])")


def _swapped(found: re.Match[str], names: Mapping[str, str]) -> str:
    old = found[1]
    whole, at = found[0], found.start(1) - found.start(0)
    return f"{whole[:at]}{names.get(old, old)}{whole[at + len(old) :]}"


def _same_weight(code: str) -> str:
    def weight(digits: str) -> int:
        return sum(w * int(d) for w, d in zip(_WEIGHTS, digits, strict=True)) % 11

    return next(
        new for at in count(int(code[:2]) * 10_000 + 1) if weight(new := str(at)) == weight(code) and new != code
    )
