"""The generated pages of ``docs/generated``: DAGs, catalogue, rules and clauses, as the files themselves say it."""

from __future__ import annotations

import ast
import re
from datetime import date
from pathlib import Path

from bidui.pipeline import clauses, clauses_page
from bidui.policy.contract import Contract
from bidui.policy.loading import load
from bidui.policy.policy_set import PolicySet
from bidui.policy.rule import Rule


def pages(root: Path, profile: str) -> dict[str, str]:
    """File name → text of every generated page, as the policy of ``profile`` has it."""
    policy = load(root / "include", profile)
    return {
        "dags.md": _dags(root / "dags"), "catalogue.md": _catalogue(policy), "rules.md": _rules(policy),
        "clauses.md": clauses_page.page(policy, clauses.standings(policy)),
    }  # fmt: skip


def write(root: Path, profile: str) -> list[str]:
    """Write every page; returns their paths."""
    folder = root / "docs" / "generated"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages(root, profile).items():
        (folder / name).write_text(text, encoding="utf-8")
    return [f"docs/generated/{name}" for name in pages(root, profile)]


def stale(root: Path, profile: str) -> list[str]:
    """Pages that are missing or say something else than the files do now."""
    folder = root / "docs" / "generated"
    return [
        f"docs/generated/{name}" for name, text in pages(root, profile).items()
        if not (folder / name).exists() or (folder / name).read_text(encoding="utf-8") != text
    ]  # fmt: skip


def _dags(folder: Path) -> str:
    parts = ["# DAGs\n\nGenerated from the DAG files by `make docs`; each text is also shown in the Airflow UI.\n"]
    for path in sorted(folder.glob("*.py")):
        told = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        parts.append(f"## `dags/{path.name}`\n\n{told.replace('# ', '### ', 1)}\n")
    return "\n".join(parts)


def _catalogue(policy: PolicySet) -> str:
    contracts = [contract for _, contract in sorted(policy.contracts.items())]
    head = (
        "# Catalogue (数据资源目录)\n\nGenerated from `include/catalogue` by `make docs`;"
        " `python -m bidui catalogue export` writes it as a workbook in the government's columns, and as DCAT.\n\n"
        "| dataset | 名称 | provider | cadence | sharing | version | clauses |\n"
        "| --- | --- | --- | --- | --- | --- | --- |"
    )
    lines = [
        f"| [`{c.id}`](#{_anchor(_heading(c))}) | {c.title} | {policy.name_of(c.party)} |"
        f" {_label(policy, 'cadence', c.cadence)} | {_label(policy, 'sharing_class', c.sharing.class_)} | {c.version} |"
        f" {', '.join(c.clauses)} |"
        for c in contracts
    ]
    return "\n".join([head, *lines, "", *(_contract(policy, contract) for contract in contracts)])


def _contract(policy: PolicySet, contract: Contract) -> str:
    items = "\n".join(f"| {name} | {said or '—'} |" for name, said in _items(policy, contract).items())
    head = (
        f"## {_heading(contract)}\n\n{contract.purpose}\n\n"
        f"Role `{', '.join(contract.roles)}` · {contract.delivery} · valid {contract.validity_months} month(s) ·"
        f" version {contract.version} · clauses {', '.join(contract.clauses)}\n\n"
        f"| item | |\n| --- | --- |\n{items}\n\n"
        "| column | 列名 | type | required | role | list | identifier | class | owner |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    )
    rows = [
        f"| `{c.name}` | {c.title} | {c.type} | {'yes' if c.required else ''} |"
        f" {c.role or ''} | {c.code_list or ''} | {c.identifier or ''} | {c.classification} | `{c.owner}` |"
        for c in contract.columns
    ]
    return "\n".join([head, *rows, ""])


def _items(policy: PolicySet, contract: Contract) -> dict[str, str]:
    """The twelve items of the catalogue (HY-02), and what sharing rests on (QA-19)."""
    sharing = contract.sharing
    return {
        "category": contract.category,
        "name": contract.title,
        "provider": f"{policy.name_of(contract.party)} (`{contract.party}`)",
        "format": _label(policy, "resource_format", contract.format),
        "items": f"{len(contract.columns)}, see below",
        "update cycle": _label(policy, "cadence", contract.cadence),
        "sharing type": _label(policy, "sharing_class", sharing.class_),
        "sharing conditions": sharing.conditions,
        "sharing scope": sharing.scope,
        "sharing mode": sharing.mode,
        "sharing basis": sharing.basis,
        "source system": contract.source_system,
        "security level": _label(policy, "security_level", contract.security_level),
    }


def _label(policy: PolicySet, list_name: str, code: str) -> str:
    """The newest word for a code: a page has no day of its own."""
    return policy.codes[list_name].label_of(code, date.max)


def _heading(contract: Contract) -> str:
    return f"`{contract.id}` {contract.title}"


def _anchor(heading: str) -> str:
    """What a page of Markdown calls a heading in links: lower case, hyphens for spaces, no marks."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _rules(policy: PolicySet) -> str:
    parts = ["# Rules (规则)\n\nGenerated from the headers in `include/sql` by `make docs`.\n"]
    parts.append(
        "| rule | 名称 | stage | reads | absent from | severity | parameters | clauses |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- |"
    )
    parts += [_rule(rule) for rule in sorted(policy.rules.values(), key=lambda r: (r.stage, r.id))]
    return "\n".join([parts[0], parts[1], *parts[2:], ""])


def _rule(rule: Rule) -> str:
    reads = ", ".join(f"{alias}: {read.dataset or read.role or read.view}" for alias, read in rule.reads.items())
    return (
        f"| [`{rule.id}`](../../include/{rule.file}) | {rule.title} | {rule.stage} | {reads} |"
        f" {rule.absent_from or ''} | {rule.severity or ''} | {', '.join(rule.parameters)} |"
        f" {', '.join(rule.clauses)} |"
    )
