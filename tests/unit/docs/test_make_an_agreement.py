"""The page on making an agreement: what it tells people to type does what it says."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
from docx import Document

from bidui.orchestration import clock
from bidui.policy.loading import load
from tests.how_to import ROOT, blocks, typed
from tests.policies import unreleased

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the shipped policy."""
    folder = tmp_path_factory.mktemp("office")
    unreleased(folder / "include")
    return folder


@pytest.fixture(scope="module")
def told(folder: Path) -> list[str]:
    """What each block of commands says, typed one after another on the first of December."""
    clock.put(folder / clock.FILE, datetime.fromisoformat("2026-12-01T09:00:00+08:00"))
    return [typed(block, folder, folder, folder / "include") for block in blocks("make-an-agreement")]


def text(file: Path) -> str:
    """All that stands in a printed agreement."""
    document = Document(str(file))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(p.text for p in document.paragraphs), *cells])


def test_a_new_agreement_is_without_fault_and_printed(told: list[str], folder: Path) -> None:
    _, checked, printed, *_ = told
    assert "没有错误" in checked
    assert "build/agreements/veterans.docx" in printed
    said = text(folder / "build" / "agreements" / "veterans.docx")
    for words in (
        "乙方：县退役军人事务局",
        "核对困难退役军人家庭是否纳入监测",
        "veterans@tuiyi.example",
        "数据质量通报",
    ):
        assert words in said, words
    others = load(ROOT / "include", "demo").agreements.values()
    for made in (made for made in others if made.kind != "hub"):
        assert f"乙方：{made.title}" in text(folder / "build" / "agreements" / f"数据共享协议（{made.title}）.docx")


def test_an_agreement_that_ends_is_shown_as_a_difference(told: list[str]) -> None:
    assert "没有错误" in told[3]
    assert "县退役军人事务局" in told[3]


def test_a_successor_carries_on_who_acted(told: list[str], folder: Path) -> None:
    assert "没有错误" in told[4]
    assert "县残疾人事业发展中心" in told[4]
    policy = load(folder / "include", "demo")
    before, after = date(2026, 12, 31), date(2027, 1, 1)
    assert (policy.party_on("disabled", before), policy.party_on("disabled", after)) == ("disabled", "inclusion")
    (contact, *_) = policy.agreements["inclusion"].contacts
    assert (contact.id, contact.valid_from) == ("disabled-1", after)
    said = text(folder / "build" / "agreements" / "inclusion.docx")
    assert contact.email in said
    assert policy.contracts["disabled.certificate"].title in said
