"""What the commands say where there is nothing to show, nothing to tell, or no database to ask."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from bidui.pipeline.office import Office
from demo.services.process import free_port
from tests.commands import Command, typed_at


@pytest.fixture
def typed(office: Office, as_of: datetime, monkeypatch: pytest.MonkeyPatch) -> Command:
    return typed_at(office, as_of, monkeypatch)


@pytest.mark.parametrize(("words", "told"), [
    (["pending"], "没有等待审批的文件。\n"),
    (["need", "list"], "没有待答复的共享需求。\n"),
    (["need", "list", "--all"], "还没有登记过共享需求。\n"),
    (["contacts", "take"], "收到的名单与在册名单一致，不用改。\n"),
])  # fmt: skip
def test_nothing_to_show_is_said(typed: Command, words: list[str], told: str) -> None:
    said = typed(*words)
    assert (said.exit_code, said.stdout) == (0, told)


def test_a_month_that_was_not_compared_is_not_delivered(typed: Command) -> None:
    said = typed("deliver", "2027-05")
    assert (said.exit_code, said.stderr) == (1, "2027-05 尚未比对\n")


@pytest.mark.parametrize(("words", "told"), [
    (["civl", "2026-12"], "本县没有单位 civl：应为 hub、insurance_med、civil"),
    (["town", "2026-12"], "town 的密码各地不同，请用 --region 写明是哪里：990821101 云溪镇、990821102"),
    (["town", "2026-12", "--region", "12"], "town 没有地区 12：应为 990821101、990821102"),
    (["civil", "2026-12", "--region", "990821101"], "civil 不分地区，不用写 --region"),
])  # fmt: skip
def test_nobody_has_no_password(typed: Command, words: list[str], told: str) -> None:
    said = typed("keys", "password", *words)
    assert (said.exit_code, said.stdout, told in said.stderr) == (2, "", True), said.stderr


def test_each_party_and_each_town_has_its_own(typed: Command) -> None:
    asked = [["civil", "2026-12"], ["town", "2026-12", "--region", "990821101"], ["civil", "2027-01"]]
    assert len({typed("keys", "password", *words).stdout for words in asked}) == len(asked)


def test_a_database_that_does_not_answer_is_told_with_what_to_look_at(
    office: Office, as_of: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = replace(office, database_address=f"127.0.0.1:{free_port()}/bidui")
    said = typed_at(nobody, as_of, monkeypatch)("pending")
    assert said.exit_code == 1
    assert said.stderr.startswith("数据库连不上或者断开了：请看 Postgres 是否在运行，BIDUI_DB")
    assert "Traceback" not in said.stderr
    secrets = [path.read_text(encoding="utf-8") for path in (office.home / "secrets").glob("db_*")]
    assert not any(secret in said.output for secret in secrets)


def test_a_command_without_profile_names_those_that_there_are(typed: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BIDUI_PROFILE")
    said = typed("policy", "check")
    assert (said.exit_code, "现有 demo、eshan、huaiyuan、qinan、shiquan、zhumadian" in said.stderr) == (2, True)


def test_rules_are_counted_as_the_readme_counts_them(typed: Command) -> None:
    assert "比对筛查规则 20 条，其他查询" in typed("policy", "check").stdout
