"""Proofs: small tests that say which clause they prove, by which object, and what a user sees by it."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Literal

import pytest

from bidui.pipeline.clauses import Proof

Sees = Literal["row", "file", "mail", "refusal"]
SHIPPED, WITHOUT = "shipped", "without"


def proves(*clauses: str, object: str, sees: Sees, swap: tuple[str, str] | None = None) -> Callable[..., Any]:  # noqa: A002
    """Mark a proof. It is run twice: under the shipped policy it has to hold, without ``object`` to fail.

    ``swap``: words in the object's file that carry the clause, and what stands there instead while it is disabled;
    without it, the whole object is taken out of the policy.
    """
    return pytest.mark.proves(clauses=clauses, object=object, sees=sees, swap=swap)


def failing(proof: Callable[..., Any], raised: BaseException | None) -> str:
    """What a proof said when its object was disabled; the test fails when it did not say anything, or not itself."""
    if raised is None:
        pytest.fail("the proof holds without the object, too: it proves nothing of it", pytrace=False)
    if not isinstance(raised, AssertionError):
        raise raised
    last = traceback.extract_tb(raised.__traceback__)[-1]
    if (last.filename, last.name) != (proof.__code__.co_filename, proof.__name__):
        raise raised
    said = str(raised).splitlines()[0].removeprefix("AssertionError: ")
    if not said or not any("一" <= character <= "鿿" for character in said):
        pytest.fail("the assertion does not say, in Chinese, what its reader misses: assert seen, '…'", pytrace=False)
    return said


def as_records(mark: pytest.Mark, test: str, without: str, hash_: str) -> list[dict[str, str]]:
    """What is kept of a proof, one for each clause."""
    stated = mark.kwargs
    return [
        asdict(Proof(clause, stated["object"], test, stated["sees"], without, hash_)) for clause in stated["clauses"]
    ]
