"""Checking the policy beyond what loading it checks: what the features know of their own files."""

from __future__ import annotations

from bidui.delivery.template import TemplateError, load_document, load_workbook
from bidui.policy.policy_set import PolicySet
from bidui.policy.source import Fault, PolicyError
from bidui.quality import suite


def faults(policy: PolicySet) -> list[Fault]:
    """Faults of suites and templates; an empty list when there are none."""
    return [*_of_suites(policy), *_of_templates(policy)]


def _of_suites(policy: PolicySet) -> list[Fault]:
    found: list[Fault] = []
    issues = {row["code"] for row in policy.table("row_issue")}
    for contract in policy.contracts.values():
        path = policy.include / "expectations" / f"{contract.id}.yaml"
        file = str(path.relative_to(policy.include))
        if not path.exists():
            found.append(Fault(file, None, f"dataset {contract.id} has no suite"))
            continue
        try:
            loaded = suite.load(path, policy.include)
        except PolicyError as error:
            found += error.faults
            continue
        said = [
            *suite.restated(loaded, contract),
            *suite.unknown_columns(loaded, contract),
            *suite.undeclared_issues(loaded, issues),
        ]
        found += [Fault(file, None, line) for line in said]
    return found


def _of_templates(policy: PolicySet) -> list[Fault]:
    found = []
    for recipe in policy.recipes.values():
        for name in filter(None, (recipe.mail, recipe.document)):
            found += _loads(policy, f"{name}.md", load_document)
        if recipe.workbook:
            found += _loads(policy, f"{recipe.workbook.template}.yaml", load_workbook)
    return found


def _loads(policy: PolicySet, name: str, load: object) -> list[Fault]:
    try:
        load(policy.include / "templates" / name)  # type: ignore[operator]
    except (TemplateError, FileNotFoundError) as error:
        return [Fault(f"templates/{name}", None, str(error))]
    return []
