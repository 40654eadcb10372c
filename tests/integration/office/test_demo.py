"""What ``make demo`` and ``make down`` are told, and what they say; nothing is played."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from demo import __main__ as played
from demo import office as offices
from demo.services import switchboard

PROFILES = "demo、eshan、huaiyuan、qinan、shiquan、zhumadian"


def made(target: str, **variables: str) -> str:
    """What a recipe of the Makefile says."""
    make = shutil.which("make")
    assert make
    plain = {name: value for name, value in os.environ.items() if name not in ("PROFILE", "BIDUI_PROFILE")}
    done = subprocess.run([make, "--silent", "--eval", f"told: ; @{target}", "told"], cwd=offices.REPOSITORY,
                          env=plain | variables, capture_output=True, text=True, check=True)  # fmt: skip
    return done.stdout.strip()


@pytest.mark.parametrize(("variables", "profile"), [
    ({}, "demo"),
    ({"PROFILE": "eshan"}, "eshan"),
    ({"BIDUI_PROFILE": "qinan"}, "qinan"),
    ({"PROFILE": "eshan", "BIDUI_PROFILE": "demo"}, "eshan"),
])  # fmt: skip
def test_a_profile_that_is_given_goes_before_that_of_the_shell(variables: dict[str, str], profile: str) -> None:
    assert made("echo $$BIDUI_PROFILE", **variables) == profile


def test_an_unknown_profile_is_told_in_a_line_before_anything_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(played, "HOME", tmp_path / "demo")
    monkeypatch.setenv("BIDUI_PROFILE", "eshann")
    (tmp_path / "demo").mkdir()
    assert played.main() == 1
    assert capsys.readouterr().err == f"没有县（市）配置 eshann：PROFILE 应为 {PROFILES} 之一\n"
    assert (tmp_path / "demo").exists()


def test_a_demo_that_stays_up_says_how_it_is_stopped(tmp_path: Path) -> None:
    place = offices.at(tmp_path / "another", {})
    place.lay_out()
    assert played.left_running(place)[2:] == [
        f"全部邮件在 {tmp_path}/another/post/",
        f"命令行先读入环境变量：set -a; . {tmp_path}/another/env; set +a",
        f"停止：BIDUI_DEMO_HOME={tmp_path}/another make down",
    ]


def test_nothing_to_stop_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    switchboard.down(offices.at(tmp_path, {}), said.append)
    assert said == [f"{tmp_path} 没有正在运行的服务；别处的用 BIDUI_DEMO_HOME=<它的文件夹> make down 停止"]
