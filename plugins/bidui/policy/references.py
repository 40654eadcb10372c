"""References between policy objects: whatever names another object must find it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bidui.policy.codes import CodeEntry
from bidui.policy.physical import definition
from bidui.policy.policy_set import PolicySet
from bidui.policy.source import Fault, nearest, place_of


def faults(policy: PolicySet) -> list[Fault]:
    """Every reference that leads nowhere."""
    return [
        *_of_code(policy),
        *_of_contracts(policy),
        *_of_rules(policy),
        *_of_agreements(policy),
        *_of_recipes(policy),
        *_of_approvers(policy),
    ]


_CODE_ASKS_FOR = (
    "approval_role", "finding_kind", "intake_outcome", "level", "name_variant", "nil_report", "reason", "risk_cause",
    "row_issue", "visit_outcome",
)  # fmt: skip
"""Dictionaries that no contract needs to name."""

_MARK = re.compile(r"\{(\w+):")
"""What stands for a value in the words of a finding: a code list, or a kind of token."""


def _missing(policy: PolicySet, file: str, what: str, name: str, known: Iterable[str]) -> Iterator[Fault]:
    known = list(known)
    if name not in known:
        said = f"{what}: {name} does not exist{nearest(name, known)}"
        yield Fault(*place_of(policy.include, name, file), said)


def _of_code(policy: PolicySet) -> Iterator[Fault]:
    for name in _CODE_ASKS_FOR:
        if not (policy.include / "dictionary" / f"{name}.csv").exists():
            yield Fault(f"dictionary/{name}.csv", None, "the file is missing")
    file = "dictionary/finding_kind.csv"
    told = {
        mark
        for kind in _entries(policy, "finding_kind")
        for said in kind.about.values()
        for mark in _MARK.findall(said)
    }
    for mark in sorted(told):
        yield from _missing(policy, file, "a value is told by", mark, ("name", "household", *policy.codes))


def _entries(policy: PolicySet, name: str) -> tuple[CodeEntry, ...]:
    return policy.codes[name].entries if name in policy.codes else ()


def _of_contracts(policy: PolicySet) -> Iterator[Fault]:
    for contract in policy.contracts.values():
        for column in contract.columns:
            if column.code_list:
                what = f"column {column.name}: code list"
                yield from _missing(policy, contract.file, what, column.code_list, policy.codes)
        if contract.by:
            yield from _missing(policy, contract.file, "by: level", contract.by, policy.profile.levels)
        in_slots = [column for slot in contract.slots.values() for column in slot.values()]
        names = [column.name for column in (*contract.columns, *in_slots)]
        for name in sorted({n for n in names if names.count(n) > 1}):
            yield Fault(*place_of(policy.include, name, contract.file), f"column {name} is defined twice")


def _of_rules(policy: PolicySet) -> Iterator[Fault]:
    derived = [r.produces for r in policy.rules.values() if r.produces]
    played = [role for c in policy.contracts.values() for role in c.roles]
    roles = played + [r.role for r in policy.rules.values() if r.role]
    for rule in policy.rules.values():
        for alias, read in rule.reads.items():
            if read.dataset:
                datasets = [*policy.contracts, *filter(None, derived)]
                yield from _missing(policy, rule.file, f"reads {alias}: dataset", read.dataset, datasets)
            if read.role:
                yield from _missing(policy, rule.file, f"reads {alias}: role", read.role, roles)
            for column in read.columns:
                playing = [c for c in policy.contracts.values() if read.role in c.roles]
                known = {name for contract in playing for name in definition(contract)}
                yield from _missing(policy, rule.file, f"reads {alias}: column", column, known)
            if read.role in roles and not policy.bound_to(read):
                said = f"reads {alias}: no dataset in the role {read.role} has all of {', '.join(read.columns)}"
                yield Fault(*place_of(policy.include, alias, rule.file), said)
        for name in rule.parameters:
            yield from _missing(policy, rule.file, "parameters: threshold", name, policy.profile.thresholds)
        if rule.finds and "finding_kind" in policy.codes:
            yield from _missing(policy, rule.file, "finds", rule.finds, policy.codes["finding_kind"].codes)


def _of_agreements(policy: PolicySet) -> Iterator[Fault]:
    for made in policy.agreements.values():
        file = f"agreements/{made.party}.yaml"
        for provision in made.provides:
            yield from _missing(policy, file, "provides", provision.dataset, policy.contracts)
        for recipe in made.receives:
            yield from _missing(policy, file, "receives", recipe, policy.recipes)


def _of_recipes(policy: PolicySet) -> Iterator[Fault]:
    reports = [r.id for r in policy.rules.values() if r.stage == "report"]
    templates = [path.stem for path in (policy.include / "templates").iterdir()]
    for recipe in policy.recipes.values():
        book = recipe.workbook
        for report in (*recipe.figures, *(book.sheets.values() if book else ())):
            yield from _missing(policy, recipe.file, "report", report, reports)
        for template in filter(None, (recipe.mail, recipe.document, book.template if book else None)):
            yield from _missing(policy, recipe.file, "template", template, templates)
        if recipe.party:
            yield from _missing(policy, recipe.file, "party", recipe.party, policy.agreements)
        for role in recipe.approvals:
            yield from _missing(policy, recipe.file, "approvals", role, policy.profile.approvers)
            if "approval_role" in policy.codes:
                yield from _missing(policy, recipe.file, "approvals", role, policy.codes["approval_role"].codes)
        if recipe.approvals and not any(r.when == "approval" for r in policy.recipes.values()):
            said = "approvals need a recipe with `when: approval`, which asks for them"
            yield Fault(*place_of(policy.include, "approvals", recipe.file), said)


def _of_approvers(policy: PolicySet) -> Iterator[Fault]:
    contacts = [contact.id for made in policy.agreements.values() for contact in made.contacts]
    files = sorted((f"profiles/{path.name}" for path in (policy.include / "profiles").glob("*.yaml")),
                   key=lambda file: file != f"profiles/{policy.profile.id}.yaml")  # fmt: skip
    for contact in (contact for held in policy.profile.approvers.values() for contact in held):
        file, _ = place_of(policy.include, contact, *files)
        yield from _missing(policy, file, "approvers", contact, contacts)
