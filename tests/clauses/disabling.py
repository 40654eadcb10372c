"""Disabling one object in a copy of the policy: taking it out with every mention of it, or swapping words in it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from bidui.policy.loading import load
from bidui.policy.source import PolicyError
from tests.policies import unrelease

PROFILE = "demo"
_FILES = {
    "agreement": "agreements/{}.yaml", "recipe": "deliveries/{}.yaml", "template": "templates/{}",
    "contract": "catalogue/{}/{}.yaml", "issue": "dictionary/row_issue.csv", "dictionary": "dictionary/{}.csv",
    "contacts": "contacts/{}.csv", "profile": "profiles/{}.yaml", "release": "catalogue/releases/{}.yaml",
}  # fmt: skip
_PROFILE_KINDS = {"threshold", "deadline", "window"}
_UNGIVEN = re.compile(r": (\S+) is provided under no agreement")


def without(include: Path, target: Path, object_: str, swap: tuple[str, str] | None) -> Path:
    """A copy of the policy without an object (``kind:id``), or with words of its file swapped; it loads."""
    shutil.copytree(include, target)
    kind, _, name = object_.partition(":")
    if kind == "contract":  # what was released is there whatever becomes of the working file
        unrelease(target)
    file = file_of(target, kind, name)
    if swap:
        swapped(file, *swap)
    elif kind == "issue":
        kept_lines(file, lambda line: not line.startswith(f"{name},"))
    elif kind == "release":
        unrelease(target)
    else:
        file.unlink()
        unmentioned(target, name)
        (target / "expectations" / f"{name}.yaml").unlink(missing_ok=True)
    unfounded(target)
    return target


def joined(include: Path, party: str) -> None:
    """A party takes part in the hub: its agreement with all that it gives, and a contact."""
    given = re.findall(r"(?m)^  - dataset: (\S+)$", file_of(include, "agreement", party).read_text(encoding="utf-8"))
    for key, names in (("agreements", [party]), ("datasets", given)):
        swapped(file_of(include, "profile", PROFILE), f"{key}: [", f"{key}: [{', '.join(names)}, ")
    with file_of(include, "contacts", PROFILE).open("a", encoding="utf-8") as file:
        file.write(f"{party},{party}-1,专责联络员,,,,{party}@bidui.example,,,,2026-01-01,\n")


def file_of(include: Path, kind: str, name: str) -> Path:
    """The file in which an object stands."""
    if kind in _PROFILE_KINDS:
        own, base = (include / "profiles" / f"{profile}.yaml" for profile in (PROFILE, "base"))
        return own if re.search(rf"(?m)^\s*{name}:", own.read_text(encoding="utf-8")) else base
    if kind == "rule":
        (found,) = include.glob(f"sql/*/{name}.sql")
        return found
    return include / _FILES[kind].format(*name.split(".") if kind == "contract" else [name])


def swapped(file: Path, old: str, new: str) -> None:
    """Every ``old`` in the file becomes ``new``."""
    text = file.read_text(encoding="utf-8")
    assert old in text, f"{file.name} says {old} no more"
    file.write_text(text.replace(old, new), encoding="utf-8")


def kept_lines(file: Path, keep: Callable[[str], bool]) -> None:
    """Leave out the other lines."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join(line for line in lines if keep(line)), encoding="utf-8")


def unmentioned(include: Path, name: str) -> None:
    """Take an id out of the lists of profiles and agreements, and the lines that speak of it alone."""
    for file in (*include.glob("profiles/*.yaml"), *include.glob("agreements/*.yaml")):
        alone = rf"(?m)^  (?:- dataset: {name}|{name}: {{values:.*)\n(?:    .*\n)*"
        text = re.sub(alone, "", file.read_text(encoding="utf-8"))
        file.write_text(re.sub(r"\[[^\[\]{}]*\]", lambda found: _shorter(found[0], name), text), encoding="utf-8")
    for file in include.glob("contacts/*.csv"):
        kept_lines(file, lambda line: not line.startswith(f"{name},"))


def _shorter(listed: str, name: str) -> str:
    named = re.split(r",\s*", listed[1:-1].strip())
    return f"[{', '.join(one for one in named if one != name)}]" if name in named else listed


def unfounded(include: Path) -> None:
    """What cannot stand without what was taken out goes with it: rules, and mentions of what nobody gives any more."""
    for _ in range(10):
        try:
            load(include, PROFILE)
        except PolicyError as error:
            rules = {fault.file for fault in error.faults if fault.file.startswith("sql/")}
            given = {found[1] for fault in error.faults if (found := _UNGIVEN.search(fault.message))}
            if not rules | given:
                raise
            for file in rules:
                (include / file).unlink(missing_ok=True)
            for name in given | {Path(file).stem for file in rules}:
                unmentioned(include, name)
        else:
            return
