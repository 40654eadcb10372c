"""What a contract says of its dataset besides the columns (HY-02): each wrong item is told, and no right one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bidui.policy import contract_file
from bidui.policy.contract import Contract
from bidui.policy.loading import load
from bidui.policy.source import PolicyError, read_yaml

Spoil = Callable[[str, str, str], int]
Complaints = Callable[..., list[str]]

FILE = "catalogue/disabled/certificate.yaml"
AGREEMENT = "agreements/disabled.yaml"
ID_EXAMPLE = "        examples: ['99000019750312001442']\n"
STATUS_EXAMPLE = "        examples: [注销]\n"
IN_LIST = "          - {property: codeList, value: certificate_status}\n"
CLASS = "      class: conditional"
LAW = "《政务数据共享条例》（国务院令第809号）"


@pytest.fixture
def read(include: Path) -> Callable[[], Contract]:
    """The contract alone, as its file is by now."""
    return lambda: contract_file.read(read_yaml(include / FILE, include))


@pytest.fixture
def refused(read: Callable[[], Contract]) -> Callable[[], list[str]]:
    """What reading the contract alone says, one fault a line."""

    def said() -> list[str]:
        with pytest.raises(PolicyError) as refusal:
            read()
        return [str(fault) for fault in refusal.value.faults]

    return said


@pytest.fixture
def drop(include: Path) -> Callable[[str], None]:
    """Takes out every line that begins so."""

    def dropped(begins: str) -> None:
        lines = (include / FILE).read_text(encoding="utf-8").split("\n")
        kept = [line for line in lines if not line.startswith(begins)]
        assert len(kept) < len(lines)
        (include / FILE).write_text("\n".join(kept), encoding="utf-8")

    return dropped


ITEMS = ["category", "information", "format", "sourceSystem", "securityLevel", "cadence", "party", "clauses"]


@pytest.mark.parametrize("item", ITEMS)
def test_an_item_that_is_missing(drop, refused, item: str) -> None:
    drop(f"  - {{property: {item},")
    assert refused() == [f"{FILE}:9: customProperty {item} is missing; add {{property: {item}, value: …}}"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("cadence, value: month", "cadence, value: mnth", "did you mean month?"),
        ("category, value: 部门/残联", "category, value: 残联", "category: String should match pattern"),
        ("value: 全国残联信息化服务平台", "value: ''", "source_system: String should have at least 1 character"),
        (CLASS, "      class: conditonal", "did you mean conditional?"),
        ("      conditions:", "      condition:",
         "sharing.condition: Extra inputs are not permitted; did you mean conditions?"),
    ],
)  # fmt: skip
def test_an_item_that_is_wrong(spoil: Spoil, refused, old: str, new: str, says: str) -> None:
    line = spoil(FILE, old, new)
    (said,) = refused()
    assert said.startswith(f"{FILE}:{line}: ")
    assert says in said


@pytest.mark.parametrize(
    ("list_name", "old", "new", "meant"),
    [
        ("resource_format", "format, value: workbook", "format, value: workbok", "workbook"),
        ("security_level", "securityLevel, value: level4", "securityLevel, value: lvel4", "level4"),
    ],
)
def test_a_code_that_is_not_in_its_list(
    spoil: Spoil, complaints: Complaints, list_name: str, old: str, new: str, meant: str
) -> None:
    line, wrong = spoil(FILE, old, new), new.split()[-1]
    assert f"{FILE}:{line}: {list_name}: {wrong} does not exist; did you mean {meant}?" in complaints()


@pytest.mark.parametrize(
    ("sharing", "missing"),
    [("conditional", "conditions"), ("conditional", "scope"), ("unconditional", "mode"), ("withheld", "basis")],
)
def test_terms_that_a_class_of_sharing_must_state(spoil: Spoil, drop, refused, sharing: str, missing: str) -> None:
    line = spoil(FILE, CLASS, f"      class: {sharing}") - 1
    drop(f"      {missing}:")
    (said,) = refused()
    assert said.startswith(f"{FILE}:{line}: ")
    assert said.endswith(f"what is {sharing} must state {missing}")


@pytest.mark.parametrize(
    ("sharing", "needless"), [("unconditional", ("conditions", "basis")), ("withheld", ("conditions", "scope", "mode"))]
)
def test_terms_that_it_need_not_state(spoil: Spoil, drop, read, sharing: str, needless: tuple[str, ...]) -> None:
    spoil(FILE, CLASS, f"      class: {sharing}")
    for term in needless:
        drop(f"      {term}:")
    assert [getattr(read().sharing, term) for term in needless] == [""] * len(needless)


def test_what_is_withheld_is_provided_by_no_agreement(include: Path, spoil: Spoil, complaints: Complaints) -> None:
    spoil(FILE, CLASS, "      class: withheld")
    text = (include / AGREEMENT).read_text(encoding="utf-8")
    line = text[: text.index("disabled.certificate")].count("\n") + 1
    said = f"provides disabled.certificate, which is withheld ({LAW}); take it out, or share it"
    assert complaints() == [f"{AGREEMENT}:{line}: {said}"]


def test_what_nobody_gives_may_be_withheld_and_what_it_says_is_owned_by_any_known_party(include: Path) -> None:
    """A folder in the catalogue makes a party known: to answer for a field, it needs no agreement."""
    written = (include / FILE).read_text(encoding="utf-8").replace("disabled.certificate", "archives.case_file")
    written = written.replace(CLASS, "      class: withheld").replace(
        "party, value: disabled", "party, value: archives"
    )
    written = written.replace(IN_LIST, f"{IN_LIST}          - {{property: owner, value: disabled}}\n")
    (include / "catalogue" / "archives").mkdir()
    (include / "catalogue" / "archives" / "case_file.yaml").write_text(written, encoding="utf-8")
    contract = load(include, "demo").contracts["archives.case_file"]
    owners = {c.name: c.owner for c in contract.columns}
    assert contract.sharing.class_ == "withheld"
    assert (owners.pop("status"), set(owners.values())) == ("disabled", {"archives"})


def test_an_owner_that_is_no_known_party(spoil: Spoil, complaints: Complaints) -> None:
    line = spoil(FILE, IN_LIST, f"{IN_LIST}          - {{property: owner, value: insurance_mde}}\n") + 1
    said = "column status: owner: insurance_mde does not exist; did you mean insurance_med?"
    assert complaints() == [f"{FILE}:{line}: {said}"]


@pytest.mark.parametrize(
    ("example", "is_read_as"), [("[有效, 注销]", "有效"), ("['2026-03-01']", "2026-03-01"), ("[7]", "7")]
)
def test_an_example(spoil: Spoil, read, example: str, is_read_as: str) -> None:
    """The first of the standard's list, as it would stand in a cell."""
    spoil(FILE, STATUS_EXAMPLE, f"        examples: {example}\n")
    spoil(FILE, "        examples: ['2026-11-10']\n", "")
    columns = {c.name: c.example for c in read().columns}
    assert (columns["status"], columns["cancelled_on"]) == (is_read_as, None)


def test_an_example_of_an_id_number_that_is_nobodys(spoil: Spoil, read) -> None:
    spoil(FILE, ID_EXAMPLE, "        examples: [99082119900307049X42]\n")
    assert {c.example for c in read().columns if c.identifier == "id_number"} == {"99082119900307049X42"}


@pytest.mark.parametrize(
    ("at", "example", "says"),
    [
        (ID_EXAMPLE, "11010119900307049X42", "examples: an ID number that might be somebody's; begin it with 99"),
        (STATUS_EXAMPLE, "true", "examples: write what stands in the cell, 是 or 否"),
        (STATUS_EXAMPLE, "2026-03-01", "a day is to be quoted here: '2026-03-01'"),
    ],
)
def test_an_example_that_must_not_be(spoil: Spoil, refused, at: str, example: str, says: str) -> None:
    line = spoil(FILE, at, f"        examples: [{example}]\n")
    assert refused() == [f"{FILE}:{line}: {says}"]


@pytest.mark.parametrize("cadence", ["school_year", "at_once", "semester", "as_needed"])
def test_how_often_it_comes(spoil: Spoil, read, cadence: str) -> None:
    spoil(FILE, "cadence, value: month", f"cadence, value: {cadence}")
    assert read().cadence == cadence
