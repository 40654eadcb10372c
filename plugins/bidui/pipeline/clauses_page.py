"""Clause coverage as people read it: a text for the terminal, a page for the project, data for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from bidui.pipeline.clauses import Seen, Standing, State
from bidui.policy.policy_set import PolicySet

STATES: dict[State, str] = {"covered": "已落实", "part": "部分落实", "open": "未落实"}
SEES = {"row": "行", "file": "文件", "mail": "邮件", "refusal": "退回"}
KINDS = {
    "agreement": "协议", "contract": "数据集", "release": "目录发布", "rule": "规则", "recipe": "交付",
    "template": "模板", "issue": "问题代码", "threshold": "阈值", "deadline": "期限", "window": "窗口",
    "contacts": "联系人名单", "dictionary": "代码表", "file": "工程文件",
}  # fmt: skip
_MOST = 4
"""Objects that the terminal names of a clause; the page and the data name all."""


def text(policy: PolicySet, found: list[Standing]) -> str:
    """For the terminal: a few lines a clause, grouped by notice, with totals."""
    lines = [f"条款落实情况（{policy.profile.title}，制度版本 {policy.hash[:12]}）"]
    for notice, group in groupby(found, key=lambda s: s.notice):
        of_notice = list(group)
        lines += ["", f"《{notice.title}》（{notice.number}）：{_totals(of_notice)}"]
        for standing in of_notice:
            lines += [f"  {standing.clause.id} {STATES[standing.state]}  {standing.clause.duty}", *_detail(standing)]
    return "\n".join([*lines, "", f"合计：{_totals(found)}"])


def _totals(found: list[Standing]) -> str:
    counted = Counter(standing.state for standing in found)
    return "，".join(f"{label} {counted[state]} 条" for state, label in STATES.items())


def _detail(standing: Standing) -> Iterator[str]:
    ordered = sorted(standing.seen, key=lambda s: (not s.proofs, not s.ran))
    if ordered:
        more = f"等 {len(ordered)} 个" if len(ordered) > _MOST else ""
        yield f"         落实：{'；'.join(_told(seen) for seen in ordered[:_MOST])}{more}"
    for seen in ordered:
        for proof in seen.proofs:
            yield f"         证明：停用 {proof.object} 后“{proof.without}”（{proof.test}）"
    if standing.lacks:
        yield f"         还缺：{standing.lacks}"


def _told(seen: Seen) -> str:
    kind, _, name = seen.carrier.object.partition(":")
    marks = [
        *([f"台账 {seen.count} 件"] if seen.count is not None else ["有结果"] if seen.ran else ["无结果"]),
        *(["已证明"] if seen.proofs else ["证明的是另一版"] if seen.stale else []),
    ]
    return f"{KINDS.get(kind, kind)} {name}（{'，'.join(marks)}）"


def data(policy: PolicySet, found: list[Standing]) -> dict[str, Any]:
    """For programs: everything, in plain types."""
    return {
        "profile": policy.profile.id, "policy": policy.hash,
        "totals": {state: sum(s.state == state for s in found) for state in STATES},
        "clauses": [
            {
                "id": s.clause.id, "notice": s.notice.title, "place": s.clause.place, "duty": s.clause.duty,
                "state": s.state, "lacks": s.lacks, "objects": [_object(seen) for seen in s.seen],
            } for s in found
        ],
    }  # fmt: skip


def _object(seen: Seen) -> dict[str, Any]:
    return {
        "object": seen.carrier.object, "title": seen.carrier.title, "ran": seen.ran, "results": seen.count,
        "stale": seen.stale, "proofs": [{"test": p.test, "sees": p.sees, "without": p.without} for p in seen.proofs],
    }  # fmt: skip


def page(policy: PolicySet, found: list[Standing]) -> str:
    """For the project: ``docs/generated/clauses.md``."""
    head = (
        "# Clauses (条款)\n\n"
        "Generated from `include/` and `include/clauses/evidence.json` by `make docs`, for profile"
        f" `{policy.profile.id}`; in an office, `python -m bidui clauses` adds the results of its own ledger.\n\n"
        "*已落实*: an object that implements the clause gave a result when the months were played (by the ledger), and"
        " its proof in `tests/clauses` fails without it, at something that a user sees"
        " ([why](../adr/0018-a-clause-is-covered-when-it-is-missed.md),"
        " [how](../how-to/prove-a-clause.md)). *部分落实*: something implements it; what is missing is said."
        " *未落实*: nothing does.\n\n"
        "| | " + " | ".join(STATES.values()) + " |\n| --- | " + " | ".join("---:" for _ in STATES) + " |"
    )
    groups = [(notice, list(group)) for notice, group in groupby(found, key=lambda s: s.notice)]
    rows = [f"| {notice.title} | {_cells(group)} |" for notice, group in groups]
    parts = ["\n".join([head, *rows, f"| **合计** | {_cells(found)} |"])]
    for notice, group in groups:
        issued = f"，{notice.issued_on}" if notice.issued_on else ""
        parts.append(f"## {notice.title}\n\n{notice.number}{issued}")
        parts += [_section(standing) for standing in group]
    return "\n\n".join(parts) + "\n"


def _cells(found: list[Standing]) -> str:
    counted = Counter(standing.state for standing in found)
    return " | ".join(str(counted[state]) for state in STATES)


def _section(standing: Standing) -> str:
    place = f"（{standing.clause.place}）" if standing.clause.place else ""
    lines = [f"### {standing.clause.id} {STATES[standing.state]}\n\n{standing.clause.duty}{place}"]
    names = [f"`{seen.carrier.object}`{'' if seen.ran else '（无结果）'}" for seen in standing.seen]
    told = [f"- 落实：{'、'.join(names)}"] if names else []
    told += [
        f"- 证明：停用 `{p.object}`，{SEES[p.sees]}里看得到：“{p.without}”（`{p.test}`）"
        for seen in standing.seen for p in seen.proofs
    ]  # fmt: skip
    told += [f"- 还缺：{standing.lacks}"] if standing.lacks else []
    return "\n\n".join([*lines, *(["\n".join(told)] if told else [])])
