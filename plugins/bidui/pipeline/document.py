"""The generated pages of ``docs/generated``: DAGs, catalogue and rules, as the files themselves say it."""

from __future__ import annotations

import ast
from pathlib import Path

from bidui.policy.contract import Contract
from bidui.policy.loading import load
from bidui.policy.policy_set import PolicySet
from bidui.policy.rule import Rule


def pages(root: Path, profile: str) -> dict[str, str]:
    """File name → text of every generated page, as the policy of ``profile`` has it."""
    policy = load(root / "include", profile)
    return {"dags.md": _dags(root / "dags"), "catalogue.md": _catalogue(policy), "rules.md": _rules(policy)}


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
    parts = ["# Catalogue (数据资源目录)\n\nGenerated from `include/catalogue` by `make docs`.\n"]
    for contract in sorted(policy.contracts.values(), key=lambda c: c.id):
        parts.append(_contract(contract))
    return "\n".join(parts)


def _contract(contract: Contract) -> str:
    head = (
        f"## `{contract.id}` {contract.title}\n\n"
        f"Provider `{contract.party}` · role `{', '.join(contract.roles)}` · {contract.delivery} ·"
        f" every {contract.cadence} · valid {contract.validity_months} month(s) · version {contract.version} ·"
        f" clauses {', '.join(contract.clauses)}\n\n"
        "| column | 列名 | type | required | role | list | identifier |\n"
        "| --- | --- | --- | --- | --- | --- | --- |"
    )
    rows = [
        f"| `{c.name}` | {c.title} | {c.type} | {'yes' if c.required else ''} |"
        f" {c.role or ''} | {c.code_list or ''} | {c.identifier or ''} |"
        for c in contract.columns
    ]
    return "\n".join([head, *rows, ""])


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
