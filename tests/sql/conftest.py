"""One store for all cases: each is a hub of its own there, as if one server held them all."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime

import pytest

from bidui.policy.policy_set import PolicySet
from bidui.store.database import Database
from tests.sql.play import Play

_hubs = itertools.count(1)


@pytest.fixture
def play(shared_store: Database, policy: PolicySet, as_of: datetime) -> Play:
    """A hub that nobody else has."""
    hub = policy.profile.model_copy(update={"id": f"hub{next(_hubs)}"})
    return Play(shared_store, replace(policy, profile=hub), as_of)
