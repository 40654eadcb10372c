"""What agreements let be done: with what a party gives, and with what it is sent (QA-16, HY-13, SQ-09).

What they do not let be done has a closed reason, a code of dictionary ``reason``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Literal

from bidui.policy.agreement import Agreement
from bidui.policy.policy_set import PolicySet
from bidui.policy.recipe import Recipe
from bidui.policy.rule import Rule
from bidui.policy.source import Fault, place_of

Withheld = Literal[
    "purpose outside agreement", "permission outside agreement", "region outside agreement", "agreement not in force"
]
PURPOSE: Withheld = "purpose outside agreement"
PERMISSION: Withheld = "permission outside agreement"
REGION: Withheld = "region outside agreement"
LAPSED: Withheld = "agreement not in force"


def closed(policy: PolicySet, use: str, dataset: str) -> list[Agreement]:
    """The agreements under which a dataset, or what it is derived from, comes in here for other uses only.

    Of what comes in parts by party one such agreement closes the whole: a part left out would seem to be nobody's.
    """
    derived = policy.derived(dataset)
    given = [read.dataset for read in derived.reads.values() if read.dataset] if derived else [dataset]
    return [made for one in given for made in policy.givers(one) if use not in made.uses_of(one)]


def withheld(made: Agreement, recipe: Recipe, region: str | None, day: date) -> Withheld | None:
    """Why a party (of one that is regions: the office of ``region``) may not be sent a recipe on ``day``; None: it may.

    What shows no data asks for no permission, and whoever sent something is answered even when the agreement has ended.
    """
    if recipe.to != "sender" and not made.in_force(day):
        return LAPSED
    if recipe.use not in made.uses:
        return PURPOSE
    if recipe.mode is None:
        return None
    if recipe.mode not in made.may:
        return PERMISSION
    if region is None and confined(made, recipe):
        return REGION
    return None


def confined(made: Agreement | None, recipe: Recipe) -> bool:
    """Whether what a recipe shows has to be of the party's own region."""
    return bool(made and made.kind == "regions" and recipe.mode and made.may.get(recipe.mode) == "own")


def faults(policy: PolicySet) -> Iterator[Fault]:
    """What is switched on and yet never read, or never sent, because an agreement does not let it be."""
    for rule in [*policy.of_stage("compare"), *policy.of_stage("screen")]:
        advice = "the rule is frozen; add the use to the agreement, or take the rule out of the profile"
        yield from _unread(policy, rule, rule.use or "", rule.file, advice)
    for recipe in policy.recipes.values():
        for report in (policy.rules[name] for name in recipe.reports if name in policy.rules):
            advice = f"report {report.id} shows nothing of it; add the use to the agreement, or take the read out"
            yield from _unread(policy, report, recipe.use, recipe.file, advice)
    for made in policy.agreements.values():
        for recipe in (policy.recipes[name] for name in made.receives if name in policy.recipes):
            if _known(policy, recipe.use, *made.uses) and (said := _unsent(made, recipe)):
                file = f"agreements/{made.party}.yaml"
                yield Fault(*place_of(policy.include, recipe.id, file), f"receives: {recipe.id} is never sent: {said}")


def _known(policy: PolicySet, *uses: str) -> bool:
    """Whether they are codes at all; what is none is told where it is written."""
    return "use" in policy.codes and set(uses) <= set(policy.codes["use"].codes)


def _unread(policy: PolicySet, rule: Rule, use: str, file: str, advice: str) -> Iterator[Fault]:
    """Datasets that a rule asks for and that are closed to the use; of a role taken together, when all of them are."""
    for read in rule.reads.values():
        playing = policy.bound_to(read)
        shut = {dataset: closing[0] for dataset in playing if (closing := closed(policy, use, dataset))}
        for dataset, made in shut.items() if not read.together or len(shut) == len(playing) else ():
            allowed = made.uses_of(dataset)
            if _known(policy, use, *allowed):
                said = f"use: {use} is not what {made.party} gives {dataset} for ({', '.join(allowed)}): {advice}"
                yield Fault(*place_of(policy.include, "use", file), said)


def _unsent(made: Agreement, recipe: Recipe) -> str | None:
    """Why a party is not sent what its agreement says it receives, and what to do."""
    if recipe.use not in made.uses:
        return f"its use {recipe.use} is not among the agreement's uses; add it there, or take the recipe out"
    if recipe.mode and recipe.mode not in made.may:
        return f"the agreement does not grant {recipe.mode}; add it to may, or take the recipe out"
    if recipe.to == "circle" and confined(made, recipe):
        return f"it goes to all alike, and {recipe.mode} is granted for the own region only; take the recipe out"
    return None
