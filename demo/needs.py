"""Agencies without an agreement: what they ask of the hub, and what its people answer.

What they ask for stands in the catalogue: no dataset and no column is named here.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import yaml

from bidui.pipeline import need, registered
from bidui.pipeline.office import Office as Hub
from bidui.policy.policy_set import PolicySet

ADDRESS = "aid@red-cross.example"
TERM = timedelta(days=30)


def form(hub: Hub, dataset: str, fields: list[str], now: datetime, mode: str = "query") -> str:
    """The form in which an agency asks for some items of a dataset, for a month."""
    day = hub.today(now)
    return yaml.safe_dump({
        "party": "县红十字会", "office": "救助科", "email": ADDRESS, "dataset": dataset, "mode": mode, "fields": fields,
        "use": hub.policy.codes["use"].codes[0], "purpose": "冬季送温暖物资发放到户", "basis": "县红十字会工作规程",
        "term_from": day, "term_to": day + TERM,
    }, allow_unicode=True)  # fmt: skip


def exported(policy: PolicySet) -> str:
    """The dataset that the register is made of."""
    return min(registered.sources(policy, registered.recipe_of(policy, "need", "query")))


def items(policy: PolicySet, mode: str, number: int) -> list[str]:
    """The first items that the hub gives."""
    template = registered.workbook_of(policy, registered.recipe_of(policy, "need", mode))
    return list(dict.fromkeys(registered.columns(template).values()))[:number]


def asked(hub: Hub, now: datetime) -> str:
    """Names and figures are asked for, granted and sent; what is withheld is refused at once; one more need waits."""
    policy, by = hub.policy, hub.policy.profile.approvers[registered.ANSWERS][0]
    shut = [contract for contract in policy.contracts.values() if contract.sharing.class_ == "withheld"]
    for contract in shut:
        need.record(hub, form(hub, contract.id, [contract.columns[0].title], now), now)
    given = {"query": items(policy, "query", 5), "statistics": items(policy, "statistics", 3)}
    for mode, fields in given.items():
        made = need.record(hub, form(hub, exported(policy), fields, now, mode), now)
        need.grant(hub, made.need_id, by, now)
        need.serve(hub, made.need_id, now)
    need.record(hub, form(hub, exported(policy), items(policy, "query", 6), now), now)
    return f"需求登记：已提供 {len(given)} 项，目录不予共享 {len(shut)} 项，待答复 1 项"


def refused(hub: Hub, now: datetime) -> str:
    """What still waits is refused with a reason; by then whoever answers was reminded of it."""
    by = hub.policy.profile.approvers[registered.ANSWERS][0]
    waiting = [found.need for found in need.listed(hub, now) if found.need.decision is None]
    for one in waiting:
        need.refuse(hub, one.need_id, by, now, hub.policy.codes["need_refusal"].codes[-1], "可以签订协议，按月共享。")
    return f"需求登记：不同意 {len(waiting)} 项，已说明理由"
