"""References between policy objects: whatever names another object must find it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from bidui.policy import clause, contacts, seen, succession
from bidui.policy.agreement import Provision
from bidui.policy.codes import CodeEntry
from bidui.policy.contract import Contract
from bidui.policy.physical import definition
from bidui.policy.policy_set import PolicySet
from bidui.policy.rule import Read, Rule
from bidui.policy.source import Fault, PolicyError, nearest, place_of


def faults(policy: PolicySet, rules: Iterable[Rule]) -> list[Fault]:
    """Every reference that leads nowhere; also of ``rules`` that the profile does not switch on (yet)."""
    return [
        *_of_code(policy),
        *_of_contracts(policy),
        *_of_catalogue(policy),
        *_of_rules(policy, rules),
        *_of_agreements(policy),
        *_of_changes(policy),
        *succession.faults(policy.include, policy.agreements),
        *seen.faults(policy),
        *_of_contacts(policy),
        *_of_recipes(policy),
        *_of_thresholds(policy),
        *_of_approvers(policy),
        *clause.faults(policy.include, policy.objects),
    ]


_CODE_ASKS_FOR = (
    "access_mode", "access_reach", "approval_role", "cadence", "channel", "column_type", "filling",
    "finding_kind", "help_measure", "information_class", "intake_outcome", "level", "name_variant",
    "need_refusal", "nil_report", "reason", "resource_format", "risk_cause", "row_issue", "security_level",
    "sharing_class", "system_family", "term", "use", "visit_outcome",
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
    for contract in policy.all_contracts:
        for column in contract.columns:
            if column.code_list:
                what = f"column {column.name}: code list"
                yield from _missing(policy, contract.file, what, column.code_list, policy.codes)
        yield from _of_givers(policy, contract)
        in_slots = [column for slot in contract.slots.values() for column in slot.values()]
        names = [column.name for column in (*contract.columns, *in_slots)]
        for name in sorted({n for n in names if names.count(n) > 1}):
            yield Fault(*place_of(policy.include, name, contract.file), f"column {name} is defined twice")


def _of_givers(policy: PolicySet, contract: Contract) -> Iterator[Fault]:
    """One agreement gives a dataset, or a party's and its successor's.

    What comes in parts, the one with the regions, or those of any other parties; what regions could give in parts, its
    own party may give whole.
    """
    givers = policy.givers(contract.id)
    others = [g for g in givers[1:] if policy.party_on(g.party, date.max) != policy.party_on(givers[0].party, date.max)]
    for other in others if contract.by != "party" else ():
        said = f"provides {contract.id}, which {givers[0].party} gives already: one file would replace the other"
        yield Fault(*place_of(policy.include, contract.id, f"agreements/{other.party}.yaml"), said)
    for made in givers:
        said = f"provides {contract.id}, of which each {contract.by} gives its part: the agreement must "
        said += "be of kind regions" if contract.by == "region" else "not be of kind regions"
        whole = contract.by == "region" and made.party in policy.carried_by(contract.party, date.max)
        if contract.by and (contract.by == "region") != (made.kind == "regions") and not whole:
            yield Fault(*place_of(policy.include, contract.id, f"agreements/{made.party}.yaml"), said)


def _of_catalogue(policy: PolicySet) -> Iterator[Fault]:
    """What the catalogue says of a dataset besides its columns: codes of its lists, and parties that there are."""
    parties = {path.stem for path in (policy.include / "agreements").glob("*.yaml")}
    parties |= {Path(contract.file).parent.name for contract in policy.contracts.values()}
    for contract in policy.contracts.values():
        for list_name, code in _codes_of(contract).items():
            if list_name in policy.codes:
                yield from _missing(policy, contract.file, list_name, code, policy.codes[list_name].codes)
        yield from _missing(policy, contract.file, "party", contract.party, parties)
        for column in contract.columns:
            yield from _missing(policy, contract.file, f"column {column.name}: owner", column.owner, parties)


def _codes_of(contract: Contract) -> dict[str, str]:
    """Code list → the code of it that says something of the dataset."""
    return {
        "information_class": contract.information, "resource_format": contract.format,
        "sharing_class": contract.sharing.class_, "security_level": contract.security_level,
        "cadence": contract.cadence,
    }  # fmt: skip


def _of_rules(policy: PolicySet, rules: Iterable[Rule]) -> Iterator[Fault]:
    for rule in rules:
        if rule.id != Path(rule.file).stem:
            said = f"id: {rule.id} is not what the file is called; name both alike"
            yield Fault(*place_of(policy.include, rule.id, rule.file), said)
        for alias, read in rule.reads.items():
            yield from _of_read(policy, rule, alias, read)
        for name in rule.parameters:
            if rule.id in policy.rules or not _is_threshold(policy, name):
                yield from _missing(policy, rule.file, "parameters: threshold", name, policy.profile.thresholds)
        if rule.use and "use" in policy.codes:
            yield from _missing(policy, rule.file, "use", rule.use, policy.codes["use"].codes)
        if rule.finds and "finding_kind" in policy.codes:
            yield from _missing(policy, rule.file, "finds", rule.finds, policy.codes["finding_kind"].codes)


def _of_read(policy: PolicySet, rule: Rule, alias: str, read: Read) -> Iterator[Fault]:
    if read.dataset:
        datasets = [*policy.ever, *(r.produces for r in policy.of_stage("derive") if r.produces)]
        yield from _missing(policy, rule.file, f"reads {alias}: dataset", read.dataset, datasets)
    if read.role:
        played = [role for c in policy.all_contracts for role in c.roles]
        roles = [*played, *(r.role for r in policy.rules.values() if r.role)]
        yield from _missing(policy, rule.file, f"reads {alias}: role", read.role, roles)
    playing = [definition(c).keys() for c in policy.all_contracts if read.role in c.roles]
    for column in read.columns:
        known = {name for columns in playing for name in columns}
        yield from _missing(policy, rule.file, f"reads {alias}: column", column, known)
    if playing and not any(columns >= set(read.columns) for columns in playing):
        said = f"reads {alias}: no dataset in the role {read.role} has all of {', '.join(read.columns)}"
        yield Fault(*place_of(policy.include, alias, rule.file), said)


def _is_threshold(policy: PolicySet, name: str) -> bool:
    """Whether any profile states a threshold of that name."""
    return place_of(policy.include, name, *profiles(policy), under="thresholds")[1] is not None


def _of_agreements(policy: PolicySet) -> Iterator[Fault]:
    recipes = [path.stem for path in (policy.include / "deliveries").glob("*.yaml")]
    for made in policy.agreements.values():
        file = f"agreements/{made.party}.yaml"
        for provision in made.provides:
            given = policy.contracts.get(provision.dataset)
            if given and given.sharing.class_ == "withheld":
                said = f"provides {given.id}, which is withheld ({given.sharing.basis}); take it out, or share it"
                yield Fault(*place_of(policy.include, given.id, file), said)
        for recipe in made.receives:
            yield from _missing(policy, file, "receives", recipe, recipes)
        for name, stated in (("use", made.uses), ("channel", made.channels)):
            for code in stated if name in policy.codes else ():
                yield from _missing(policy, file, name, code, policy.codes[name].codes)
        for provision in made.provides:
            yield from _of_fields(policy, file, provision)
            for use in provision.uses or ():
                yield from _missing(policy, file, f"{provision.dataset}: uses", use, made.uses)
    offices = [p.dataset for a in policy.agreements.values() if a.kind == "regions" for p in a.provides]
    if not any("outcome" in policy.ever[dataset].roles for dataset in offices if dataset in policy.ever):
        said = "agreements: none of kind regions gives a dataset in the role outcome: nobody is asked to visit"
        yield Fault(*place_of(policy.include, "agreements", f"profiles/{policy.profile.id}.yaml"), said)


def _of_fields(policy: PolicySet, file: str, provision: Provision) -> Iterator[Fault]:
    """The agreed columns are the contract's, and those that no row can do without are among them."""
    given = policy.contracts.get(provision.dataset)
    if given is None or provision.fields is None:
        return
    what = f"{provision.dataset}: fields"
    for column in provision.fields:
        yield from _missing(policy, file, what, column, [column.name for column in given.columns])
    for name in (c.name for c in given.columns if c.indispensable and c.name not in provision.fields):
        said = f"{what}: {name} is required, of the business key, or says of whom a row speaks; add it"
        yield Fault(*place_of(policy.include, provision.dataset, file), said)


def _of_changes(policy: PolicySet) -> Iterator[Fault]:
    """What a row may ask to be changed in the register says by which of the five permissions that is done (SQ-09)."""
    for column in (c for contract in policy.all_contracts for c in contract.columns if c.role == "change"):
        file, entries = f"dictionary/{column.code_list}.csv", _entries(policy, column.code_list or "")
        known = policy.codes["access_mode"].codes if "access_mode" in policy.codes else ()
        for entry in entries:
            if (mode := entry.about.get("mode", "")) not in known:
                said = f"{entry.code}: mode: {mode or 'not stated'}; known: {', '.join(known)}{nearest(mode, known)}"
                yield Fault(*place_of(policy.include, entry.code, file), said)


def _of_contacts(policy: PolicySet) -> Iterator[Fault]:
    """Contacts of parties that take part, each of a region's office for a region of that level."""
    file = contacts.file_of(policy.hub)
    try:
        parties = contacts.read(policy.include, policy.hub)
    except PolicyError:  # told when the file was read
        return
    for party in parties:
        if party in policy.elsewhere:
            said = f"party: {party} takes no part here; add it to agreements of the profile, or take its lines out"
            yield Fault(*place_of(policy.include, party, file), said)
        else:
            yield from _missing(policy, file, "party", party, policy.agreements)
    for made in policy.agreements.values():
        if made.kind == "regions":
            yield from _missing(
                policy, f"agreements/{made.party}.yaml", "level", made.level or "", policy.profile.levels
            )
        codes = [r.code for r in policy.regions if r.level == made.level]
        for region in (contact.region for contact in made.contacts if contact.region):
            yield from _missing(policy, file, f"{made.party}: region", region, codes)


def _of_recipes(policy: PolicySet) -> Iterator[Fault]:
    reports = [r.id for r in policy.rules.values() if r.stage == "report"]
    templates = [path.stem for path in (policy.include / "templates").iterdir()]
    for recipe in policy.recipes.values():
        book = recipe.workbook
        if "use" in policy.codes:
            yield from _missing(policy, recipe.file, "use", recipe.use, policy.codes["use"].codes)
        for report in recipe.reports:
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


def _of_thresholds(policy: PolicySet) -> Iterator[Fault]:
    """Codes that a threshold lists, of the code list that it names."""
    for name, dated in policy.profile.thresholds.items():
        listed = {code for value in dated.values.values() if isinstance(value, tuple) for code in value}
        if dated.of is None:
            continue
        known = policy.codes[dated.of].codes if dated.of in policy.codes else ()
        for code in sorted(listed - set(known)):
            said = f"thresholds: {name}: {code} is no code of {dated.of}{nearest(code, known)}"
            yield Fault(*place_of(policy.include, name, *profiles(policy)), said)


def profiles(policy: PolicySet) -> list[str]:
    """The files of profiles, the policy's own first."""
    own = f"profiles/{policy.profile.id}.yaml"
    others = sorted(f"profiles/{path.name}" for path in (policy.include / "profiles").glob("*.yaml"))
    return [own, *(file for file in others if file != own)]


def _of_approvers(policy: PolicySet) -> Iterator[Fault]:
    known = [contact.id for made in policy.agreements.values() for contact in made.contacts]
    for contact in (contact for held in policy.profile.approvers.values() for contact in held):
        file, _ = place_of(policy.include, contact, *profiles(policy))
        yield from _missing(policy, file, "approvers", contact, known)
