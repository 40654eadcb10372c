"""Amendments (更正): the changed rows come in, and with the rows that they leave alone make a new full submission."""

from __future__ import annotations

from sqlalchemy import Connection, text

from bidui.policy import physical
from bidui.policy.changes import ordered
from bidui.policy.contract import Contract
from bidui.store.ledger import Submission


def mends(contract: Contract, before: Submission) -> bool:
    """Whether rows under ``contract`` can amend a submission: not under a breaking version, which has its own table."""
    return ordered(before.contract_version)[0] == contract.major


def carry(connection: Connection, contract: Contract, old: int, new: int) -> int:
    """Carry over the rows of submission ``old`` whose business key ``new`` does not state; returns how many.

    A sheet whose rows are households is mended by the household: one that comes anew comes whole, with its money, and
    a member that it no longer names is gone. Each row keeps its ``origin``: the submission whose package holds it.
    """
    others = ", ".join(f'"{name}"' for name in physical.definition(contract) if name != "submission_id")
    table = f'data."{contract.table}"'
    return connection.execute(text(f"""
        INSERT INTO {table} (submission_id, {others})
        SELECT :new, {others} FROM {table} o
        WHERE o.submission_id = :old
          AND NOT EXISTS (SELECT FROM {table} n WHERE n.submission_id = :new AND {_same_key(contract)})
    """), {"old": old, "new": new}).rowcount  # fmt: skip


def _same_key(contract: Contract) -> str:
    """SQL that says that rows ``n`` (new) and ``o`` (old) have the same business key."""
    stated = [c for c in contract.key if c.role == "household_key"] if contract.layout.members else contract.key
    key = dict.fromkeys(physical.settles_in(c) for c in stated)
    return " AND ".join(f'n."{name}" IS NOT DISTINCT FROM o."{name}"' for name in key)
