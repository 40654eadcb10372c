"""Clauses: what the notices ask, and whatever names a clause that no notice has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from bidui.policy import clause
from bidui.policy.policy_set import PolicySet
from bidui.policy.source import PolicyError

Spoil = Callable[[str, str, str], int]

DEAD = [
    # where a clause is named, what stands there, what is written instead, which clause is dead
    ("sql/compare/duplicate.sql", "clauses: [SQ-18,", "clauses: [SQ-81,", "SQ-81"),
    ("agreements/bureau.yaml", "clauses: [ES-05", "clauses: [ES-50", "ES-50"),
    ("deliveries/receipt.yaml", "QA-08", "QA-80", "QA-80"),
    ("templates/receipt.md", "HY-15", "HY-51", "HY-51"),
    ("dictionary/row_issue.csv", ",HY-03", ",HY-30", "HY-30"),
    ("dictionary/row_issue.csv", ",QA-04", ",QA04", "QA04"),
    ("profiles/base.yaml", "clauses: [ZM-07", "clauses: [ZMM-07", "ZMM-07"),
    ("catalogue/town/verification.yaml", "value: [QA-10", "value: [QA-1O", "QA-1O"),
]  # fmt: skip


def said_of(include: Path) -> list[str]:
    objects = ["contacts:demo", *(f"dictionary:{path.stem}" for path in include.glob("dictionary/*.csv"))]
    return [str(fault) for fault in clause.faults(include, objects)]


@pytest.mark.parametrize(("file", "old", "new", "dead"), DEAD, ids=[f"{row[0]} {row[2]}" for row in DEAD])
def test_a_dead_clause_is_told_with_file_and_line(include: Path, spoil: Spoil, file, old, new, dead) -> None:
    line = spoil(file, old, new)
    (said,) = said_of(include)
    assert said.startswith(f"{file}:{line}: clause {dead} does not exist; did you mean {dead[:2]}-")


def test_a_dead_clause_is_a_fault_of_loading(spoil: Spoil, complaints: Callable[..., list[str]]) -> None:
    line = spoil("sql/compare/duplicate.sql", "[SQ-18,", "[SQ-81,")
    (said,) = complaints()
    assert said.startswith(f"sql/compare/duplicate.sql:{line}: clause SQ-81 does not exist")


def test_the_shipped_policy_names_living_clauses_only(include: Path, policy: PolicySet) -> None:
    assert clause.faults(include, policy.objects) == []


def test_all_duties_are_there(include: Path) -> None:
    notices = clause.load(include)
    counted = Counter(one.id[:2] for notice in notices for one in notice.clauses)
    assert counted == {"ES": 10, "HY": 19, "QA": 21, "ZM": 15, "SQ": 27, "DC": 4}
    assert [notice.clauses[0].id[:2] for notice in notices] == list(counted)
    assert all(one.duty.endswith("。") for notice in notices for one in notice.clauses)
    assert all(one.place for notice in notices if notice.issued_on for one in notice.clauses)


def test_what_the_project_itself_carries_is_there(include: Path, repository: Path) -> None:
    named = [name for notice in clause.load(include) for one in notice.clauses for name in one.carried_by]
    files = [name.removeprefix("file:") for name in named if name.startswith("file:")]
    assert files
    assert [name for name in files if not (repository / name).exists()] == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("id: ES-02", "id: ES-2", "String should match pattern"),
        ("id: ES-02", "id: ES-01", "ES-01: stated twice"),
        ("id: ES-02", "id: EN-02", "all clauses of a notice begin with the same two letters"),
        ("place: 二", "plaze: 二", "plaze: Extra inputs are not permitted; did you mean place?"),
        ("dictionary:nil_report", "dictionary:nil_reports", "carried_by: dictionary:nil_reports does not exist"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_notice(include: Path, spoil: Spoil, old, new, says) -> None:
    spoil("clauses/eshan.yaml", old, new)
    assert [one for one in said_of(include) if one.startswith("clauses/eshan.yaml:") and says in one]


def test_two_notices_may_not_share_their_letters(include: Path) -> None:
    text = (include / "clauses" / "eshan.yaml").read_text(encoding="utf-8")
    (include / "clauses" / "again.yaml").write_text(text, encoding="utf-8")
    assert "another notice's clauses begin with ES, too" in "\n".join(said_of(include))


def test_without_notices_nothing_is_known(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="no notice states a clause"):
        clause.load(tmp_path)
