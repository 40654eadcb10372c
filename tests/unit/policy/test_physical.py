"""The physical form of contracts: no direct identifier has a place there to stand as text."""

from __future__ import annotations

import pytest

from bidui.policy import physical
from bidui.policy.contract import Column, Contract
from bidui.policy.policy_set import PolicySet
from tests.contracts import ITEMS


def test_no_identifier_is_a_text_column(policy: PolicySet) -> None:
    """Holds for every column with an identifier, and for names of households."""
    seen = 0
    for contract in policy.contracts.values():
        definition = physical.definition(contract)
        made = {p.source.name: p for p in physical.columns(contract)}
        for column in contract.columns:
            if column.identifier or column.role in {"subject", "household_key"}:
                seen += 1
                assert column.name not in definition, f"{contract.id}.{column.name}"
                if column.role != "subject":
                    assert made[column.name].sql_type == "bigint"
    assert seen > 10


def test_what_is_called_sensitive_and_names_somebody_is_an_identifier(policy: PolicySet) -> None:
    """A header that asks for a name, a number or a phone is an identifier: forgetting it would store text."""
    words = ("姓名", "证件号码", "电话", "住址", "核查人", "身份证")
    for contract in policy.contracts.values():
        for column in contract.columns:
            if any(word in column.title for word in words):
                assert column.identifier, f"{contract.id}.{column.name}"


def test_every_table_begins_with_the_bookkeeping(policy: PolicySet) -> None:
    for contract in policy.contracts.values():
        names = list(physical.definition(contract))
        assert names[: len(physical.BOOKKEEPING)] == [name for name, _ in physical.BOOKKEEPING]
        assert len(names) == len(set(names))


def contract_of(*columns: Column, version: str = "1.0.0") -> Contract:
    return Contract(
        id="party.dataset",
        title="",
        version=version,
        party="party",
        roles=("r",),
        cadence="month",
        clauses=("X-1",),
        **ITEMS,
        columns=columns,
        hash="",
        file="",
    )


@pytest.mark.parametrize(
    ("column", "becomes"),
    [
        (
            Column(name="id_no", title="", role="subject", identifier="id_number"),
            {"birth_date": "date", "sex": "text", "id_form": "text"},
        ),
        (Column(name="xm", title="", role="subject_name", identifier="name"), {"name_id": "bigint"}),
        (Column(name="visitor", title="", identifier="name"), {"visitor_name_id": "bigint"}),
        (Column(name="mother", title="", identifier="id_number"), {"mother_person_id": "bigint"}),
        (Column(name="head", title="", role="head", identifier="id_number"), {"head_person_id": "bigint"}),
        (Column(name="tel", title="", identifier="phone"), {"tel_term_id": "bigint"}),
        (Column(name="remark", title="", identifier="text"), {"remark_term_id": "bigint"}),
        (Column(name="hh", title="", role="household_key"), {"household_id": "bigint"}),
        (Column(name="village", title="", role="region_village"), {"region": "text"}),
        (Column(name="amount", title="", type="decimal"), {"amount": "numeric"}),
        (Column(name="day", title="", type="date"), {"day": "date"}),
        (Column(name="kind", title="", type="codes", code_list="x"), {"kind": "text[]"}),
    ],
    ids=lambda given: given.name if isinstance(given, Column) else "",
)  # fmt: skip
def test_a_column_becomes(column: Column, becomes: dict[str, str]) -> None:
    definition = physical.definition(contract_of(column))
    assert {name: kind for name, kind in definition.items() if name not in dict(physical.BOOKKEEPING)} == becomes


def test_region_columns_fold_into_one() -> None:
    levels = [Column(name=level, title="", role=f"region_{level}") for level in ("county", "town", "village")]
    assert [p.name for p in physical.columns(contract_of(*levels))] == ["region"]


def test_a_breaking_version_is_a_new_table() -> None:
    tables = [contract_of(version=version).table for version in ("1.0.0", "1.9.3", "2.0.0")]
    assert tables == ["party__dataset", "party__dataset", "party__dataset__v2"]
