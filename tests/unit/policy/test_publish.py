"""Publishing the catalogue: with the agencies, under a version that says how much has changed, over nothing."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bidui.cli import app
from bidui.domain.keys import file_digest
from bidui.domain.period import Period
from bidui.orchestration import clock
from bidui.pipeline.publish import NotReleasable, changes, plan, publish
from bidui.policy.loading import load
from bidui.policy.release import Agreed
from tests.policies import changed, everybody, released, unreleased

FILE = "catalogue/insurance_med/high_selfpay.yaml"
DATASET = "insurance_med.high_selfpay"
RELEASES = "catalogue/releases"
TODAY = date(2026, 12, 10)
NEXT = Period.parse("2027-01")
AGREED = Agreed(party="insurance_med", contact="insurance_med-1", on=date(2026, 12, 8))
WIDER = [("version: 1.0.0", "version: 1.1.0"), ("{synonym: 结算时间}", "{synonym: 结算时间}, {synonym: 出院日期}")]
"""A compatible change."""

Bidui = Callable[..., Result]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    include = unreleased(tmp_path_factory.mktemp("first") / "include")
    released(include, "2026-03", date(2026, 2, 20))
    return include


@pytest.fixture
def include(first: Path, tmp_path: Path) -> Path:
    """A catalogue of which everything is released."""
    return Path(shutil.copytree(first, tmp_path / "include"))


@pytest.fixture
def bidui(include: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bidui:
    """The command line, on the hub's tenth of December."""
    clock.put(tmp_path / clock.FILE, datetime.fromisoformat("2026-12-10T09:00:00+08:00"))
    monkeypatch.setenv("BIDUI_SIMULATED", "1")
    monkeypatch.setenv("BIDUI_HOME", str(tmp_path))
    monkeypatch.setenv("BIDUI_PROFILE", "demo")
    monkeypatch.setenv("BIDUI_INCLUDE", str(include))
    return lambda *words: CliRunner().invoke(app, ["catalogue", *words])


def files(include: Path) -> dict[str, str]:
    return {str(p.relative_to(include)): file_digest([p.read_bytes()]) for p in include.rglob("*") if p.is_file()}


def refusal(include: Path, *agreed: Agreed, begins: Period = NEXT, today: date = TODAY) -> list[str]:
    with pytest.raises(NotReleasable) as refused:
        plan(load(include, "demo"), begins, agreed, today)
    return str(refused.value).splitlines()


# --- what is written ---------------------------------------------------------------------------------------------
def test_the_first_release_freezes_everything_byte_by_byte(first: Path) -> None:
    policy = load(first, "demo")
    (release,) = policy.releases.known
    assert (release.number, release.released_on, release.in_force_from) == ("2026-1", date(2026, 2, 20), "2026-03")
    assert {change.kind for change in release.changes} == {"added"}
    assert release.contracts.keys() == policy.contracts.keys()
    assert "&" not in (first / release.file).read_text(encoding="utf-8"), "each line stands for itself"
    for contract in policy.contracts.values():
        copy = first / RELEASES / "contracts" / f"{contract.id}@{contract.version}.yaml"
        assert copy.read_bytes() == (first / contract.file).read_bytes()
        assert release.contracts[contract.id].hash == contract.hash


def test_a_release_is_read_by_people_too(include: Path) -> None:
    changed(include / FILE, *WIDER)
    policy = load(include, "demo")
    publish(policy, plan(policy, NEXT, [AGREED], TODAY))
    lines = (include / RELEASES / "2026-2.yaml").read_text(encoding="utf-8").splitlines()
    hashed = policy.contracts[DATASET].hash
    assert lines[:5] == [
        "number: 2026-2", "released_on: 2026-12-10", "in_force_from: 2027-01", "agreed:",
        "- {party: insurance_med, contact: insurance_med-1, on: 2026-12-08}",
    ]  # fmt: skip
    assert f"  {DATASET}: {{version: 1.1.0, hash: {hashed}}}" in lines
    assert re.fullmatch("hash: [0-9a-f]{64}", lines[-1])
    assert lines[-2] == (
        f"- {{dataset: {DATASET}, from: 1.0.0, to: 1.1.0, kind: compatible,"
        " said: 列 结算日期（settled_on） 可用表头增加 出院日期}"
    )


def test_only_what_is_new_is_written_and_nothing_is_written_over(include: Path) -> None:
    changed(include / FILE, *WIDER)
    before = files(include)
    policy = load(include, "demo")
    written = publish(policy, plan(policy, NEXT, [AGREED], TODAY))
    after = files(include)
    assert sorted(after.keys() - before.keys()) == sorted(written)
    assert written == [f"{RELEASES}/contracts/{DATASET}@1.1.0.yaml", f"{RELEASES}/2026-2.yaml"]
    assert {file: after[file] for file in before} == before


def test_publishing_again_finds_nothing_to_release(include: Path) -> None:
    changed(include / FILE, *WIDER)
    policy = load(include, "demo")
    planned = plan(policy, NEXT, [AGREED], TODAY)
    publish(policy, planned)
    with pytest.raises(NotReleasable, match="刚由别人写入"):
        publish(policy, planned)
    assert changes(load(include, "demo")) == []
    assert refusal(include, AGREED) == ["没有变更，无可发布"]


def test_a_crash_before_the_release_is_written_is_made_good(include: Path) -> None:
    """Copies alone are no release; the next attempt finds them as they should be."""
    changed(include / FILE, *WIDER)
    policy = load(include, "demo")
    copy, _ = plan(policy, NEXT, [AGREED], TODAY).files
    (include / copy).write_bytes((include / FILE).read_bytes())
    policy = load(include, "demo")
    assert len(policy.releases.known) == 1
    publish(policy, plan(policy, NEXT, [AGREED], TODAY))
    assert load(include, "demo").at(NEXT).contracts[DATASET].version == "1.1.0"


def test_a_copy_of_something_else_is_left_alone(include: Path) -> None:
    changed(include / FILE, *WIDER)
    stray = include / RELEASES / "contracts" / f"{DATASET}@1.1.0.yaml"
    stray.write_text("something else", encoding="utf-8")
    assert refusal(include, AGREED) == [
        f"{RELEASES}/contracts/{DATASET}@1.1.0.yaml：不属于任何一版目录，内容与现在的契约不同；请核对后删去，再发布"
    ]
    assert stray.read_text(encoding="utf-8") == "something else"


# --- versions ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("version", "old", "new", "kind", "least"),
    [
        ("1.0.1", "purpose: 按月", "purpose: 每月", "文字修改", None),
        ("1.0.1", "{synonym: 结算时间}", "{synonym: 结算时间}, {synonym: 出院日期}", "兼容变更", "1.1.0"),
        ("1.1.0", "{synonym: 结算时间}", "{synonym: 结算时间}, {synonym: 出院日期}", "兼容变更", None),
        ("1.9.9", "name: visit_type", "name: way", "不兼容变更", "2.0.0"),
        ("2.0.0", "name: visit_type", "name: way", "不兼容变更", None),
    ],
)
def test_a_version_says_how_much_has_changed(
    include: Path, version: str, old: str, new: str, kind: str, least: str | None
) -> None:
    changed(include / FILE, ("version: 1.0.0", f"version: {version}"), (old, new))
    if least is None:
        assert plan(load(include, "demo"), NEXT, [AGREED], TODAY).release.contracts[DATASET].version == version
        return
    (said,) = refusal(include, AGREED)
    assert said.startswith(f"{FILE}：有{kind}（")
    assert said.endswith(f"版本号应由 1.0.0 升到 {least} 或更高，现为 {version}；请改 version 后再发布")


def test_what_is_added_and_what_ends(include: Path) -> None:
    text = (include / FILE).read_text(encoding="utf-8").replace(DATASET, "insurance_med.other")
    (include / "catalogue/insurance_med/other.yaml").write_text(text, encoding="utf-8")
    (include / FILE).unlink()
    assert [(c.dataset, c.before, c.after, c.kind, c.said) for c in changes(load(include, "demo"))] == [
        (DATASET, "1.0.0", None, "ended", "停止共享《高额自付费用》"),
        ("insurance_med.other", None, "1.0.0", "added", "新增《高额自付费用》"),
    ]


# --- with the agencies, and in time ------------------------------------------------------------------------------
def test_every_provider_of_a_change_has_to_agree(include: Path) -> None:
    changed(include / FILE, *WIDER)
    changed(include / "catalogue/civil/dibao.yaml", ("version: 1.0.0", "version: 1.0.1"))
    other = AGREED.model_copy(update={"party": "disabled", "contact": "disabled-1"})
    assert refusal(include, other) == [
        "尚未征得提供单位同意：civil、insurance_med；请逐一征求意见，用 --agreed 单位=联系人@日期 写明（HY-03）"
    ]


@pytest.mark.parametrize(
    ("agreed", "says"),
    [
        ({"contact": "civil-1"}, "insurance_med：civil-1 在 2026-12-08 不是该单位在册的联系人"),
        ({"on": date(2025, 12, 31)}, "insurance_med：insurance_med-1 在 2025-12-31 不是该单位在册的联系人"),
        ({"on": date(2026, 12, 11)}, "insurance_med：同意日期 2026-12-11 晚于今天（2026-12-10）"),
    ],
)
def test_a_contact_on_record_agrees(include: Path, agreed: dict[str, object], says: str) -> None:
    changed(include / FILE, *WIDER)
    assert refusal(include, AGREED.model_copy(update=agreed)) == [says]


def test_an_agreement_of_nobody(include: Path) -> None:
    changed(include / FILE, *WIDER)
    other = AGREED.model_copy(update={"party": "insurance_mad"})
    assert refusal(include, AGREED, other) == ["insurance_mad：没有这个单位；单位代号见 agreements 文件夹"]


@pytest.mark.parametrize(
    ("begins", "today", "says"),
    [
        ("2026-12", TODAY, "生效期别 2026-12 已经开始；已开始的期别不换目录，请从以后的月份起生效"),
        ("2027-Q1", TODAY, "生效期别 2027-Q1 应为一个月，如 2027-01"),
        ("2026-03", date(2026, 2, 21), "生效期别 2026-03 应晚于 2026-1 版的 2026-03"),
        ("2026-04", date(2026, 2, 19), "今天（2026-02-19）早于 2026-1 版的发布日期 2026-02-20；请检查时钟"),
    ],
)
def test_a_release_comes_in_time(include: Path, begins: str, today: date, says: str) -> None:
    changed(include / FILE, *WIDER)
    early = AGREED.model_copy(update={"on": date(2026, 2, 10)})
    assert refusal(include, early, begins=Period.parse(begins), today=today) == [says]


def test_all_reasons_are_told_at_once(include: Path) -> None:
    changed(include / FILE, ("version: 1.0.0", "version: 1.0.1"), ("name: visit_type", "name: way"))
    assert len(refusal(include, begins=Period.parse("2026-12"))) == 3


def test_everybody_can_agree_to_the_first_release(tmp_path: Path) -> None:
    include = unreleased(tmp_path / "include")
    policy = load(include, "demo")
    with pytest.raises(NotReleasable, match="尚未征得提供单位同意"):
        plan(policy, NEXT, [], TODAY)
    assert plan(policy, Period.parse("2026-03"), everybody(policy, TODAY), TODAY).release.number == "2026-1"


# --- on the command line -----------------------------------------------------------------------------------------
def test_a_dry_run_and_a_comparison_write_nothing(include: Path, bidui: Bidui) -> None:
    changed(include / FILE, *WIDER)
    before = files(include)
    told = f"兼容　{DATASET} 1.0.0 → 1.1.0　列 结算日期（settled_on） 可用表头增加 出院日期\n"
    assert bidui("diff").output == "最近发布：2026-1（2026-03 起生效）\n" + told
    words = ("publish", "--in-force-from", "2027-01", "--agreed", "insurance_med=insurance_med-1@2026-12-08")
    done = bidui(*words, "--dry-run")
    assert done.exit_code == 0
    assert done.output == (
        f"{told}将写 {RELEASES}/2026-2.yaml\n将写 {RELEASES}/contracts/{DATASET}@1.1.0.yaml\n"
        "可以发布：2026-2，2027-01 起生效。\n"
    )
    assert files(include) == before
    assert bidui(*words).output.endswith("已发布：2026-2，2027-01 起生效。\n")
    again = bidui(*words)
    assert (again.exit_code, again.output) == (0, "没有变更，无可发布。\n")


@pytest.mark.parametrize("agreed", ["insurance_med", "insurance_med=insurance_med-1", "a=b@2026-02-30"])
def test_a_misspelt_agreement(include: Path, bidui: Bidui, agreed: str) -> None:
    changed(include / FILE, *WIDER)
    done = bidui("publish", "--in-force-from", "2027-01", "--agreed", agreed)
    assert done.exit_code == 1
    assert f"{agreed}：写法不对，应为 单位=联系人@日期，日期如 2026-12-08" in done.output
