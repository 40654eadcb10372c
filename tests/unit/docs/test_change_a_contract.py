"""The page on changing a contract: what it tells people to type does what it says."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from bidui.domain.period import Period
from bidui.orchestration import clock
from bidui.policy.loading import load
from tests.how_to import blocks, typed
from tests.policies import released, unreleased

pytestmark = pytest.mark.slow

DATASET = "insurance_med.high_selfpay"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a policy of which everything is released."""
    folder = tmp_path_factory.mktemp("office")
    released(unreleased(folder / "include"), "2026-01", date(2026, 1, 5))
    return folder


@pytest.fixture(scope="module")
def told(folder: Path) -> list[str]:
    """What each block of commands says, typed one after another on the tenth of December."""
    clock.put(folder / clock.FILE, datetime.fromisoformat("2026-12-10T09:00:00+08:00"))
    return [typed(block, folder, folder, folder / "include") for block in blocks("change-a-contract")]


def test_a_compatible_change_is_told_and_published_once(told: list[str]) -> None:
    drafted, published = told[:2]
    assert f"兼容　{DATASET} 1.0.0 → 1.1.0　新增可选列 住院天数（stay_days）" in drafted
    assert [line for line in published.splitlines() if "2026-2" in line] == [
        "将写 catalogue/releases/2026-2.yaml", "可以发布：2026-2，2027-01 起生效。",
        "已写 catalogue/releases/2026-2.yaml", "已发布：2026-2，2027-01 起生效。",
    ]  # fmt: skip
    assert published.endswith("没有变更，无可发布。\n")


def test_a_breaking_change_is_told_and_published(told: list[str]) -> None:
    assert f"不兼容　{DATASET} 1.1.0 → 2.0.0　列 住院天数（stay_days） 改为必填" in told[2]
    assert told[2].endswith("已发布：2026-3，2027-04 起生效。\n")


def test_each_month_runs_with_its_version(folder: Path, told: list[str]) -> None:
    policy = load(folder / "include", "demo")
    running = {
        period: policy.at(Period.parse(period)).contracts[DATASET] for period in ("2026-12", "2027-03", "2027-04")
    }
    assert {period: (c.version, c.table) for period, c in running.items()} == {
        "2026-12": ("1.0.0", "insurance_med__high_selfpay"),
        "2027-03": ("1.1.0", "insurance_med__high_selfpay"),
        "2027-04": ("2.0.0", "insurance_med__high_selfpay__v2"),
    }
