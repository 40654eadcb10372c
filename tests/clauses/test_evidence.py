"""What counts as a proof, what the ledger counts as a result, and evidence that has nothing behind it."""

from __future__ import annotations

import os
from itertools import groupby
from operator import attrgetter

import pytest

from bidui.pipeline.clause_results import results
from bidui.pipeline.clauses import carriers, evidence
from bidui.policy.loading import load
from bidui.policy.policy_set import PolicySet
from tests.clauses.evidence import exists
from tests.clauses.proving import failing
from tests.clauses.stage import Hub

_id = attrgetter("object")


# --- proofs --------------------------------------------------------------------------------------------------------
def proof(said: str = "乡镇没有收到核查表") -> None:
    assert False, said  # noqa: B011, PT015


def elsewhere() -> None:
    proof()


def raised_by(call) -> BaseException:
    with pytest.raises(BaseException) as caught:  # noqa: PT011
        call()
    return caught.value


def test_a_proof_says_what_is_missed_without_its_object() -> None:
    assert failing(proof, raised_by(proof)) == "乡镇没有收到核查表"


def test_what_holds_without_the_object_proves_nothing() -> None:
    with pytest.raises(pytest.fail.Exception, match="proves nothing of it"):
        failing(proof, None)


def test_a_fault_is_no_proof() -> None:
    with pytest.raises(KeyError):
        failing(proof, KeyError("recipe"))


def test_an_assertion_elsewhere_is_no_proof() -> None:
    with pytest.raises(AssertionError):
        failing(elsewhere, raised_by(elsewhere))


def test_a_proof_has_to_say_in_chinese_what_is_missed() -> None:
    with pytest.raises(pytest.fail.Exception, match="in Chinese"):
        failing(proof, raised_by(lambda: proof("nothing came")))


@pytest.mark.skipif(os.environ.get("PROVE") == "1", reason="the evidence is being written")
def test_every_proof_has_its_test_and_its_clause(policy: PolicySet) -> None:
    hubs = [path.stem for path in sorted(policy.include.glob("profiles/*.yaml")) if path.stem != "base"]
    made = [carrier for hub in hubs for carrier in carriers(load(policy.include, hub))]
    known = {name: {c for one in of for c in one.clauses} for name, of in groupby(sorted(made, key=_id), key=_id)}
    proofs = evidence(policy.include).proofs
    assert proofs
    assert [one.test for one in proofs if not exists(one.test)] == []
    assert [(one.clause, one.object) for one in proofs if one.clause not in known.get(one.object, ())] == []


# --- results -------------------------------------------------------------------------------------------------------
def test_results_are_counted_by_object(closed: Hub) -> None:
    closed.deliver("agency_findings")
    hub = closed.county.hub
    found = results(hub.database, hub.policy)
    assert {name: found.get(name, 0) for name in (
        "rule:death_still_paid", "rule:high_selfpay", "threshold:selfpay_month", "rule:household", "deadline:visit_red",
        "contract:civil.dibao", "rule:register", "recipe:town_visits", "template:town_visits.yaml", "rule:town_visits",
    )} == {
        "rule:death_still_paid": 1, "rule:high_selfpay": 1, "threshold:selfpay_month": 1, "rule:household": 2,
        "deadline:visit_red": 1, "contract:civil.dibao": 4, "rule:register": found["rule:register"],
        "recipe:town_visits": 0, "template:town_visits.yaml": 0, "rule:town_visits": 0,
    }  # fmt: skip
    sent = found["recipe:agency_findings"]
    assert sent == found["template:agency_findings.md"] == found["rule:agency_finding_rows"] > 1
    assert found["agreement:civil"] == 1  # it gave nothing itself, and got its sheet
