"""Clause coverage: what implements each clause of the notices in a profile, and what shows that it does.

A clause is covered when one object that implements it both gave a result in an end-to-end run (by the ledger) and is
proven: its proof (``tests/clauses``) fails without it, at something that a user sees. What the tests found stands in
``include/clauses/evidence.json``, beside the policy that it is about; an object that was changed since is not proven.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from bidui.delivery.template import load_document, load_workbook
from bidui.domain.keys import digest
from bidui.policy import clause
from bidui.policy.clause import Clause, Notice
from bidui.policy.policy_set import PolicySet
from bidui.policy.source import Fault, PolicyError

State = Literal["covered", "part", "open"]
EVIDENCE = Path(clause.FOLDER, "evidence.json")


@dataclass(frozen=True)
class Carrier:
    """An object of the policy that implements clauses."""

    object: str
    """``kind:id``."""
    title: str
    clauses: tuple[str, ...]
    hash: str


@dataclass(frozen=True)
class Proof:
    """A proof as the tests last saw it: it held under the shipped policy and failed without the object."""

    clause: str
    object: str
    test: str
    """File and function."""
    sees: str
    """What a user sees by it: row, file, mail or refusal."""
    without: str
    """What it said when the object was disabled, in Chinese."""
    hash: str
    """Of the object, as it was proven."""


@dataclass(frozen=True)
class Evidence:
    """What the tests found."""

    proofs: tuple[Proof, ...] = ()
    results: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Profile → the objects that gave a result when its months were played from files to mails."""


@dataclass(frozen=True)
class Seen:
    """A carrier with what is known of it."""

    carrier: Carrier
    proofs: tuple[Proof, ...]
    """Those of the clause at hand that hold for the object as it is now."""
    stale: bool
    """Whether a proof was made of the object as it was before."""
    ran: bool
    """Whether it gave a result: in the played months, or in the ledger at hand."""
    count: int | None
    """Its results in the ledger at hand; None where there is no ledger."""


@dataclass(frozen=True)
class Standing:
    """Where a clause stands in a profile."""

    clause: Clause
    notice: Notice
    state: State
    seen: tuple[Seen, ...]
    lacks: str
    """What is missing to be covered, in Chinese; empty when it is."""


def standings(policy: PolicySet, counts: Mapping[str, int] | None = None) -> list[Standing]:
    """Every clause in order of the notices; ``counts``: object → results in the ledger at hand."""
    known, made = evidence(policy.include), carriers(policy)
    return [
        _standing(one, notice, [c for c in made if one.id in c.clauses], known, policy.profile.id, counts)
        for notice in clause.load(policy.include)
        for one in notice.clauses
    ]


def _standing(
    one: Clause, notice: Notice, made: list[Carrier], known: Evidence, profile: str, counts: Mapping[str, int] | None
) -> Standing:
    played = known.results.get(profile, ())
    seen = tuple(_seen(one, carrier, known, played, counts) for carrier in made)
    if not seen:
        return Standing(one, notice, "open", seen, one.completes or "没有任何对象落实。")
    shown = any(s.proofs and s.ran for s in seen)
    state: State = "covered" if shown and not one.completes else "part"
    return Standing(one, notice, state, seen, one.completes if shown else f"{one.completes}{_unshown(seen)}")


def _seen(
    one: Clause, carrier: Carrier, known: Evidence, played: tuple[str, ...], counts: Mapping[str, int] | None
) -> Seen:
    proofs = [p for p in known.proofs if (p.clause, p.object) == (one.id, carrier.object)]
    fresh = tuple(p for p in proofs if p.hash == carrier.hash)
    count = None if counts is None else counts.get(carrier.object, 0)
    return Seen(carrier, fresh, len(fresh) < len(proofs), carrier.object in played or bool(count), count)


def _unshown(seen: tuple[Seen, ...]) -> str:
    if any(s.proofs for s in seen):
        return "（有证明的对象在端到端运行中没有结果）"
    return "（证明过的不是现在这一版）" if any(s.stale for s in seen) else "（缺停用对照的证明）"


def evidence(include: Path) -> Evidence:
    """What the tests found of this policy; nothing where they never ran.

    Raises:
        PolicyError: the file says something else than the tests write.
    """
    file = include / EVIDENCE
    if not file.exists():
        return Evidence()
    try:
        stated = json.loads(file.read_text(encoding="utf-8"))
        results = {profile: tuple(objects) for profile, objects in stated["results"].items()}
        return Evidence(tuple(Proof(**one) for one in stated["proofs"]), results)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        raise PolicyError([Fault(str(EVIDENCE), line, "is not as `make proofs` writes it; bring it back")]) from None


# --- what implements a clause --------------------------------------------------------------------------------------
def carriers(policy: PolicySet) -> list[Carrier]:
    """Every object of the profile that names clauses, or that a clause names, in order of kind and id."""
    return sorted([*_of_exchange(policy), *_of_rules(policy), *_of_recipes(policy), *_of_profile(policy),
                   *_of_issues(policy), *_named_by_clauses(policy)], key=lambda carrier: carrier.object)  # fmt: skip


def _of_exchange(policy: PolicySet) -> Iterator[Carrier]:
    for made in policy.agreements.values():
        yield _carrier(policy, f"agreement:{made.party}", made.title, made.clauses)
    given = {p.dataset for made in policy.agreements.values() for p in made.provides}
    for dataset, contract in sorted(policy.contracts.items()):
        # an agreement may go on naming what has ended; what is withheld is given by none
        if dataset in given or contract.sharing.class_ == "withheld":
            yield _carrier(policy, f"contract:{dataset}", contract.title, contract.clauses)


def _of_rules(policy: PolicySet) -> Iterator[Carrier]:
    shown = {name for recipe in policy.recipes.values() for name in recipe.reports}
    for rule in policy.rules.values():
        if rule.stage != "report" or rule.id in shown:
            yield _carrier(policy, f"rule:{rule.id}", rule.title, rule.clauses)


def templates_of(policy: PolicySet, recipe: str) -> tuple[str, ...]:
    """File names of the templates that a recipe fills."""
    made = policy.recipes[recipe]
    texts = [f"{name}.md" for name in (made.mail, made.document) if name]
    return (*texts, *([f"{made.workbook.template}.yaml"] if made.workbook else []))


def _of_recipes(policy: PolicySet) -> Iterator[Carrier]:
    for recipe in policy.recipes.values():
        yield _carrier(policy, f"recipe:{recipe.id}", recipe.title, recipe.clauses)
    for name in sorted({name for recipe in policy.recipes for name in templates_of(policy, recipe)}):
        path = policy.include / "templates" / name
        loaded = load_document(path) if path.suffix == ".md" else load_workbook(path)
        yield Carrier(f"template:{name}", loaded.title, loaded.clauses, loaded.hash)


def _of_profile(policy: PolicySet) -> Iterator[Carrier]:
    hub = policy.profile
    window = hub.window
    yield Carrier("window:month", f"{window.opens_day}日至{window.closes_day}日", window.clauses, _hash(window))
    for name, value in hub.thresholds.items():
        newest = value.values[max(value.values)]
        said = "、".join(newest) if isinstance(newest, tuple) else newest
        yield Carrier(f"threshold:{name}", f"{said}{value.unit}", value.clauses, _hash(value))
    for name, term in hub.deadlines.items():
        kind = {"working": "个工作日", "calendar": "日", "month": "个月"}[term.calendar]
        yield Carrier(f"deadline:{name}", f"{term.values[max(term.values)]}{kind}", term.clauses, _hash(term))


def _of_issues(policy: PolicySet) -> Iterator[Carrier]:
    for row in policy.table("row_issue"):
        yield Carrier(f"issue:{row['code']}", row["title"], (row["clause"],), digest(row))


def _named_by_clauses(policy: PolicySet) -> Iterator[Carrier]:
    carried: dict[str, list[str]] = {}
    for notice in clause.load(policy.include):
        for one in notice.clauses:
            for name in one.carried_by:
                carried.setdefault(name if ":" in name else f"{name}:{policy.hub}", []).append(one.id)
    for name, clauses in carried.items():
        yield Carrier(name, "", tuple(clauses), policy.objects.get(name, ""))


def _carrier(policy: PolicySet, name: str, title: str, clauses: tuple[str, ...]) -> Carrier:
    return Carrier(name, title, clauses, policy.objects[name])


_NOT_THE_FIGURE = {"clauses", "source", "quarterly"}
"""What a profile may say otherwise, or besides, and it is still the figure that was proven."""


def _hash(stated: Any) -> str:
    return digest(stated.model_dump(mode="json", exclude=_NOT_THE_FIGURE))
