"""What the played months leave in the ledger is the other half of the evidence that clauses are covered."""

from __future__ import annotations

import pytest

from bidui.pipeline.clause_results import results
from tests.clauses.evidence import Kept
from tests.e2e.conftest import seeds

pytestmark = pytest.mark.slow

SEED = 1
"""Of the county whose months are the evidence: in another one, a rare slip of the pen may not occur."""


def test_the_evidence_names_what_gave_a_result(played, pytestconfig):
    if SEED not in seeds(pytestconfig):
        pytest.skip(f"the evidence is of seed {SEED}")
    hub = played(SEED).county.hub
    Kept.of_shipped().played(hub.profile, results(hub.database, hub.policy))
