"""Where clauses stand: covered only by what gave a result and is missed without it, and honest about the rest."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bidui.cli import app
from bidui.pipeline import clauses, clauses_page
from bidui.pipeline.clauses import EVIDENCE, Proof, Standing
from bidui.policy import clause
from bidui.policy.policy_set import PolicySet
from bidui.policy.source import PolicyError

WHOLE, IN_PART, NOBODYS = "HY-11", "SQ-17", "ZM-15"
"""Clauses: one that needs no completing, one that does, one that nothing implements."""
CARRIER = "recipe:agency_findings"

Shown = Callable[..., PolicySet]


@pytest.fixture
def shown(policy: PolicySet, tmp_path: Path) -> Shown:
    """Makes the policy with evidence beside it."""
    made = replace(policy, include=shutil.copytree(policy.include, tmp_path / "include"))
    hashes = {carrier.object: carrier.hash for carrier in clauses.carriers(policy)}

    def with_evidence(*proven: tuple[str, str], ran: tuple[str, ...] = (), hash_: str = "") -> PolicySet:
        test = "tests/clauses/test_it.py::test_it"
        proofs = [
            asdict(Proof(about, name, test, "file", "部门没有收到", hash_ or hashes[name])) for about, name in proven
        ]
        said = {"proofs": proofs, "results": {policy.hub: ran}}
        (made.include / EVIDENCE).write_text(json.dumps(said), encoding="utf-8")
        return made

    return with_evidence


def standing(policy: PolicySet, name: str, counts: dict[str, int] | None = None) -> Standing:
    return next(s for s in clauses.standings(policy, counts) if s.clause.id == name)


def test_covered_is_what_gave_a_result_and_is_missed(shown: Shown) -> None:
    found = standing(shown((WHOLE, CARRIER), ran=(CARRIER,)), WHOLE)
    assert (found.state, found.lacks) == ("covered", "")


def test_a_result_in_the_ledger_at_hand_counts(shown: Shown) -> None:
    policy = shown((WHOLE, CARRIER))
    assert standing(policy, WHOLE).state == "part"
    assert standing(policy, WHOLE, {CARRIER: 3}).state == "covered"
    assert standing(policy, WHOLE, {}).state == "part"


@pytest.mark.parametrize(
    ("proven", "ran", "hash_", "says"),
    [
        ((), (CARRIER,), "", "缺停用对照的证明"),
        (((WHOLE, CARRIER),), (), "", "没有结果"),
        (
            ((WHOLE, CARRIER),),
            ("template:agency_findings.md",),
            "",
            "没有结果",
        ),  # another object's result is not its own
        (((WHOLE, CARRIER),), (CARRIER,), "as it was", "不是现在这一版"),
        ((("QA-08", CARRIER),), (CARRIER,), "", "缺停用对照的证明"),  # proven of another clause
    ],
)
def test_what_lacks_evidence_is_part_and_says_so(shown: Shown, proven, ran, hash_, says) -> None:
    found = standing(shown(*proven, ran=ran, hash_=hash_), WHOLE)
    assert found.state == "part"
    assert says in found.lacks


def test_what_is_to_be_completed_is_part_though_proven(shown: Shown) -> None:
    found = standing(shown((IN_PART, CARRIER), ran=(CARRIER,)), IN_PART)
    assert (found.state, found.lacks) == ("part", found.clause.completes)


def test_what_nothing_implements_is_open(shown: Shown) -> None:
    assert standing(shown(), NOBODYS).state == "open"


def test_without_evidence_nothing_is_covered(shown: Shown) -> None:
    policy = shown()
    (policy.include / EVIDENCE).unlink()
    assert "covered" not in {s.state for s in clauses.standings(policy)}


@pytest.mark.parametrize("text", ["{", "[]", '{"proofs": [{"clause": "QA-01"}], "results": {}}'])
def test_evidence_that_the_tests_did_not_write_is_a_fault(shown: Shown, text: str) -> None:
    policy = shown()
    (policy.include / EVIDENCE).write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError, match=f"^{EVIDENCE}.*bring it back"):
        clauses.evidence(policy.include)


def test_a_dataset_that_has_ended_implements_nothing_though_an_agreement_names_it(policy: PolicySet) -> None:
    name = "contract:disabled.certificate"
    ended = replace(policy, contracts={d: c for d, c in policy.contracts.items() if f"contract:{d}" != name})
    assert name in {carrier.object for carrier in clauses.carriers(policy)}
    assert name not in {carrier.object for carrier in clauses.carriers(ended)}


def test_what_the_profile_does_not_use_implements_nothing(shown: Shown) -> None:
    policy = shown()
    fewer = replace(policy, recipes={k: v for k, v in policy.recipes.items() if f"recipe:{k}" != CARRIER})
    assert CARRIER in {s.carrier.object for s in standing(policy, WHOLE).seen}
    assert standing(fewer, WHOLE).state == "open"


def test_every_object_names_its_kind_in_words(policy: PolicySet) -> None:
    assert {carrier.object.partition(":")[0] for carrier in clauses.carriers(policy)} <= clauses_page.KINDS.keys()


# --- what people read ----------------------------------------------------------------------------------------------
def test_the_text_names_every_clause_once_under_its_notice(shown: Shown) -> None:
    policy = shown((WHOLE, CARRIER), ran=(CARRIER,))
    lines = clauses_page.text(policy, clauses.standings(policy)).splitlines()
    named = [line.split()[0] for line in lines if line.startswith("  ") and not line.startswith("   ")]
    assert named == [one.id for notice in clause.load(policy.include) for one in notice.clauses]
    (mine,) = [at for at, line in enumerate(lines) if line.startswith(f"  {WHOLE} 已落实")]
    assert f"证明：停用 {CARRIER} 后“部门没有收到”" in "".join(lines[mine : mine + 4])
    assert lines[-1].startswith("合计：已落实 1 条，")


def test_counts_are_told_where_there_is_a_ledger(shown: Shown) -> None:
    policy = shown((WHOLE, CARRIER))
    assert "agency_findings（台账 3 件，已证明）" in clauses_page.text(policy, clauses.standings(policy, {CARRIER: 3}))


def test_the_page_shows_proofs_and_what_is_missing(shown: Shown) -> None:
    policy = shown((WHOLE, CARRIER), ran=(CARRIER,))
    said = clauses_page.page(policy, clauses.standings(policy))
    assert f"### {WHOLE} 已落实" in said
    assert f"停用 `{CARRIER}`，文件里看得到：“部门没有收到”" in said
    assert f"### {NOBODYS} 未落实" in said


def test_the_command_prints_text_and_data(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = shown((WHOLE, CARRIER), ran=(CARRIER,))
    monkeypatch.delenv("BIDUI_DB", raising=False)
    asked = ["clauses", "--profile", policy.hub, "--include", str(policy.include)]
    text, data = (CliRunner().invoke(app, [*asked, *more]) for more in ([], ["--json"]))
    assert (text.exit_code, data.exit_code) == (0, 0)
    assert f"{WHOLE} 已落实" in text.output
    said = json.loads(data.output)
    assert sum(said["totals"].values()) == len(said["clauses"])
    (mine,) = [one for one in said["clauses"] if one["id"] == WHOLE]
    assert (mine["state"], mine["lacks"]) == ("covered", "")
    (seen,) = [one for one in mine["objects"] if one["object"] == CARRIER]
    assert (seen["ran"], seen["results"], len(seen["proofs"])) == (True, None, 1)
