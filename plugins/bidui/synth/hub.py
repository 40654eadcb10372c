"""What the policy says of the hub itself: its levels of regions, and which party gives which dataset."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from bidui.synth.source import SynthError, extended, load


@dataclass(frozen=True)
class Given:
    """How a dataset comes in."""

    level: str | None
    """Level of the regions that hand in a file each; None: a party hands in all, or its part."""
    words: tuple[str, ...]
    """Words in a file's name that mean this dataset."""
    parties: tuple[str, ...]
    """Whose agreements give it: of several, each its part."""


@dataclass(frozen=True)
class Hub:
    """One hub."""

    levels: tuple[str, ...]
    """Of regions, from the hub's own down to that of villages."""
    offices: str
    """Level of the regions whose offices visit households."""
    given: dict[str, Given]
    """By dataset."""
    quarterly: tuple[str, ...]
    """Datasets that are due as a quarter ends."""


def hub(include: Path, profile: str) -> Hub:
    """The hub of a policy profile; SynthError("no_offices") where no agreement is one of regions."""
    stated = extended(include / "profiles", profile)
    agreements = [load(include / "agreements" / f"{party}.yaml") for party in stated["agreements"]]
    offices = [a["level"] for a in agreements if a.get("level")]
    if not offices:
        raise SynthError("no_offices", hub=profile)
    by_region = set(stated.get("by_region", ()))
    whole = {p["dataset"] for a in agreements if not a.get("level") for p in a.get("provides") or ()} - by_region
    given: dict[str, Given] = {}
    for agreement in agreements:
        others = whole if agreement.get("level") else by_region
        for provided in agreement.get("provides") or ():
            dataset, words = provided["dataset"], tuple(provided.get("words") or ())
            if dataset in stated.get("datasets", [dataset]) and dataset not in others:
                known = given.get(dataset, Given(agreement.get("level"), words, ()))
                given[dataset] = replace(known, parties=(*known.parties, agreement["party"]))
    return Hub(tuple(stated["levels"]), offices[0], given, tuple(stated["window"].get("quarterly", ())))
