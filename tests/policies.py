"""Copies of the shipped policy that a test may change, and releases of their catalogues."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from bidui.domain.period import Period
from bidui.pipeline.publish import plan, publish
from bidui.policy.loading import load
from bidui.policy.policy_set import PolicySet
from bidui.policy.release import FOLDER, Agreed

SHIPPED = Path(__file__).parents[1] / "include"


def unreleased(target: Path) -> Path:
    """A copy of the shipped policy in which nothing is released: contracts may say what a test wants them to say."""
    shutil.copytree(SHIPPED, target)
    unrelease(target)
    return target


def unrelease(include: Path) -> None:
    """Take every release out of a policy, and what clauses say of them."""
    shutil.rmtree(include / FOLDER, ignore_errors=True)
    for file in include.glob("clauses/*.yaml"):
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if "carried_by: ['release:" not in line]
        file.write_text("".join(kept), encoding="utf-8")


def everybody(policy: PolicySet, day: date) -> list[Agreed]:
    """Every provider agrees, by its first contact; one that has no agreement here by anybody."""
    parties = sorted({contract.party for contract in policy.ever.values()})
    return [Agreed(party=party, contact=_contact(policy, party), on=day) for party in parties]


def _contact(policy: PolicySet, party: str) -> str:
    made = policy.agreements.get(party)
    return made.contacts[0].id if made else "anybody"


def released(include: Path, in_force_from: str, today: date, profile: str = "demo") -> str:
    """Release what the working files say, with everybody's consent; the number."""
    policy = load(include, profile)
    planned = plan(policy, Period.parse(in_force_from), everybody(policy, today), today)
    publish(policy, planned)
    return planned.release.number


def changed(file: Path, *swaps: tuple[str, str]) -> None:
    """Replace the first of each text in a file; it has to be there."""
    text = file.read_text(encoding="utf-8")
    for old, new in swaps:
        assert old in text, f"{file.name} says {old} no more"
        text = text.replace(old, new, 1)
    file.write_text(text, encoding="utf-8")
