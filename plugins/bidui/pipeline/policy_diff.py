"""What two profiles, or one profile on two days, differ in: for whoever changes a policy, or takes over a county's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from bidui.domain.period import Period
from bidui.policy.loading import load
from bidui.policy.policy_set import PolicySet

Stated = Mapping[str, str]
"""What a policy says of one group on a day, by what it is about."""


@dataclass(frozen=True)
class Side:
    """A profile on a day, as it is asked for: ``demo`` or ``demo@2026-06-01``."""

    profile: str
    day: date

    @classmethod
    def parse(cls, a: str, b: str, today: Callable[[], date]) -> tuple[Side, Side]:
        """The two sides; one without a day is asked for on the other's, both without on ``today``.

        Raises:
            ValueError: what stands behind ``@`` is no day.
        """
        (one, _, first), (two, _, second) = a.partition("@"), b.partition("@")
        days = [date.fromisoformat(day) for day in (first or second, second or first) if day] or [today()] * 2
        return cls(one, days[0]), cls(two, days[1])

    def __str__(self) -> str:
        return f"{self.profile}@{self.day}"


@dataclass(frozen=True)
class Difference:
    """One thing that is said otherwise; None: it is not said at all."""

    group: str
    about: str
    a: str | None
    b: str | None


def differences(include: Path, a: Side, b: Side) -> list[Difference]:
    """What ``a`` and ``b`` differ in, group by group; nothing when they say the same.

    Raises:
        PolicyError: one of the two cannot be loaded.
    """
    one, two = ((load(include, side.profile), side.day) for side in (a, b))
    found = []
    for group, stated in GROUPS.items():
        left, right = stated(*one), stated(*two)
        found += [
            Difference(group, about, left.get(about), right.get(about))
            for about in dict.fromkeys((*left, *right)) if left.get(about) != right.get(about)
        ]  # fmt: skip
    return found


def page(a: Side, b: Side, found: Iterable[Difference]) -> str:
    """The differences as text, one heading for each group."""
    lines, group = [f"甲：{a}　乙：{b}"], ""
    for difference in found:
        if difference.group != group:
            group = difference.group
            lines += ["", f"【{group}】"]
        lines.append(f"  {difference.about}：{difference.a or '—'} → {difference.b or '—'}")
    return "\n".join(lines if group else [*lines, "没有差异。"])


def as_json(a: Side, b: Side, found: Iterable[Difference]) -> dict[str, Any]:
    """The differences as data: group → what it is about → the two sides."""
    groups: dict[str, dict[str, dict[str, str | None]]] = {}
    for d in found:
        groups.setdefault(d.group, {})[d.about] = {"a": d.a, "b": d.b}
    return {"a": str(a), "b": str(b), "differences": groups}


def _agreements(policy: PolicySet, day: date) -> Stated:
    return {made.party: made.title for made in policy.agreements.values() if made.in_force(day)}


def _exchanges(policy: PolicySet, day: date) -> Stated:
    """What each party gives and may be sent."""
    found: dict[str, str] = {}
    for made in (made for made in policy.agreements.values() if made.in_force(day)):
        found |= {f"{made.party} 提供 {p.dataset}": "、".join(p.sealing) for p in made.provides}
        found |= {f"{made.party} 接收 {recipe}": "可以" for recipe in made.receives}
    return found


def _contacts(policy: PolicySet, day: date) -> Stated:
    """Who acts, by id; neither address nor number is told."""
    agreed = [made for made in policy.agreements.values() if made.in_force(day)]
    held = ((made, c) for made in agreed for c in made.contacts if c.in_force(day))
    return {f"{made.party} {c.id}": c.name for made, c in held}


def _datasets(policy: PolicySet, day: date) -> Stated:
    """The contracts of what is exchanged, by the version that the month of ``day`` runs with."""
    running = policy.at(Period.month_of(day)).contracts
    return {d: f"第 {c.version} 版 {c.title_on(day)}" for d, c in sorted(running.items()) if policy.givers(d)}


def _expected(policy: PolicySet, _: date) -> Stated:
    return {
        **dict.fromkeys(policy.profile.window.quarterly, "按季应报"), **dict.fromkeys(policy.profile.expected, "应报"),
    }  # fmt: skip


def _rules(policy: PolicySet, _: date) -> Stated:
    return {rule: policy.rules[rule].title for rule in policy.profile.rules}


def _deliveries(policy: PolicySet, _: date) -> Stated:
    return {recipe.id: recipe.title for recipe in policy.recipes.values()}


def _thresholds(policy: PolicySet, day: date) -> Stated:
    found = {}
    for name, figure in policy.profile.thresholds.items():
        value = _or_none(figure.on, day)
        shown = "、".join(value) if isinstance(value, tuple) else value
        found[name] = f"{'未定' if shown is None else shown} {figure.unit}（{_source(figure)}）"
    return found


def _deadlines(policy: PolicySet, day: date) -> Stated:
    found = {}
    for name, term in policy.profile.deadlines.items():
        length = _or_none(term.on, day)
        found[name] = f"{'未定' if length is None else length} {_COUNTED[term.calendar]}（{_source(term)}）"
    return found


def _least_rows(policy: PolicySet, day: date) -> Stated:
    return {
        dataset: f"{least} 行（{_source(stated)}）"
        for dataset, stated in policy.profile.least_rows.items()
        if (least := _or_none(stated.on, day)) is not None
    }


_COUNTED = {"calendar": "日", "working": "个工作日", "month": "个月"}


def _or_none(on: Callable[[date], Any], day: date) -> Any:
    try:
        return on(day)
    except KeyError:
        return None


def _source(figure: Any) -> str:
    return "；".join(filter(None, ("、".join(figure.clauses), figure.source)))


def _window(policy: PolicySet, _: date) -> Stated:
    window = policy.profile.window.model_dump()
    return {name: "、".join(value) if isinstance(value, tuple) else str(value) for name, value in window.items()}


def _approvers(policy: PolicySet, _: date) -> Stated:
    return {role: "、".join(held) for role, held in policy.profile.approvers.items()}


def _entries(policy: PolicySet, day: date) -> Stated:
    """What the code lists hold, besides the words of the field."""
    return {
        f"{name} {code}": label
        for name, listed in policy.codes.items() if name != "term" for code, label in listed.vocabulary(day).items()
    }  # fmt: skip


def _terms(policy: PolicySet, day: date) -> Stated:
    return policy.codes["term"].vocabulary(day)


def _regions(policy: PolicySet, day: date) -> Stated:
    return {
        region.code: f"{region.name}（{level}，属 {region.parent or '—'}）"
        for level in policy.profile.levels for region in policy.regions_of(level, day)
    }  # fmt: skip


GROUPS: Mapping[str, Callable[[PolicySet, date], Stated]] = {
    "协议": _agreements, "交换": _exchanges, "联系人": _contacts, "数据集": _datasets, "应报数据": _expected,
    "规则": _rules, "交付": _deliveries, "阈值": _thresholds, "期限": _deadlines,
    "最少行数": _least_rows, "交换窗口": _window, "审批人": _approvers, "代码": _entries, "用语": _terms,
    "地区": _regions,
}  # fmt: skip
"""Heading → what a policy says under it on a day."""
