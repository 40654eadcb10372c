"""``make demo``: a hub from nothing, three months of its life, and a summary. ``ONCE=1`` stops everything at the end.

Everything runs on this machine and listens on 127.0.0.1 only.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import psycopg2

from bidui.orchestration import clock
from bidui.orchestration.rest import MONTH_CLOSED, Airflow, announce
from bidui.pipeline import apply
from bidui.pipeline.certify import certify, create_escrow
from bidui.pipeline.office import Office as Hub
from bidui.sealing import authority
from bidui.synth import make
from demo import office as offices
from demo.accidents import Accidents
from demo.airflow_room import AirflowRoom
from demo.control_room import ControlRoom
from demo.meter import Meter
from demo.office import REPOSITORY, Office
from demo.parties import Parties
from demo.play import Play, Say
from demo.services import switchboard
from demo.services.process import ServiceError

USUAL = REPOSITORY / "build" / "demo"
HOME = Path(os.environ.get("BIDUI_DEMO_HOME") or USUAL).absolute()
"""The hub's working folder, made anew by each demo. A second one beside it: BIDUI_DEMO_HOME and other BIDUI_*_PORTs."""
ESCROW = HOME.with_name(f"{HOME.name}.escrow")
"""The escrow key of the hub's snapshots: whoever keeps it has taken it away, so it does not lie in the hub's folder."""
PERIODS = ["2026-10", "2026-11", "2026-12"]
QUARTER = "2026-Q4"
DAGS = ("month_open", "month_close", "deliver", "follow_up", "quarter_close", "snapshot", "restore_drill")
"""Those that the play waits for, besides one for each party that hands in data."""
SEED = int(os.environ.get("SEED", "1"))
BEGUN = time.monotonic()
SCALE = float(os.environ.get("SCALE", "1"))


def main() -> int:
    """Play; the exit code says whether all held."""

    def say(line: str) -> None:
        print(f"[{time.monotonic() - BEGUN:5.0f} 秒] {line}", flush=True)

    once = os.environ.get("ONCE") == "1"
    place = offices.at(HOME)
    if unknown := offices.unknown_profile(place.environment()):
        print(unknown, file=sys.stderr)
        return 1
    say("清理上一次演示")
    switchboard.remove(place, lambda _line: None)
    ESCROW.unlink(missing_ok=True)
    held = False
    try:
        held = play(place, say)
    except (ServiceError, AssertionError, TimeoutError) as fault:
        print(f"演示没有走完：{fault}", file=sys.stderr)
    finally:
        if once or not held:
            switchboard.down(place)
    if held and not once:
        print(*left_running(place), sep="\n")
    return 0 if held else 1


def left_running(place: Office) -> list[str]:
    """What to look at in a demo that stays up, and what to type to stop it."""
    home = place.home.relative_to(REPOSITORY) if place.home.is_relative_to(REPOSITORY) else place.home
    beside = "" if place.home == USUAL else f"BIDUI_DEMO_HOME={shlex.quote(str(home))} "
    return [
        "", f"Airflow 界面：http://127.0.0.1:{place.ports.web}　用户 boss　密码 {place.secret('login_boss')}",
        f"全部邮件在 {home}/post/",
        f"命令行先读入环境变量：set -a; . {shlex.quote(f'{home}/env')}; set +a",
        f"停止：{beside}make down",
    ]  # fmt: skip


def play(place: Office, say: Say) -> bool:
    """Build the hub, play all months, verify, print the summary."""
    meter = Meter(place)
    place.lay_out()
    os.environ.update(place.environment())
    hub = Hub.from_environment()
    start = datetime(int(PERIODS[0][:4]), int(PERIODS[0][5:]), 1, 9, tzinfo=hub.zone)
    clock.put(place.home / clock.FILE, start)
    with meter.phase("启动与建库"):
        switchboard.up(place, say, only=("postgres", "mail"))
        certificates = found(hub, start, say)
    with meter.phase("合成县"):
        made = make(hub.include, hub.profile, place.home / "synth", seed=SEED, scale=SCALE, periods=PERIODS)
    say(
        f"合成县：{made.households} 户 {made.persons} 人，另 {made.outsiders} 人，"
        f"文件 {len(made.files)} 个（种子 {SEED}）"
    )
    room = ControlRoom(hub)
    stage = Play(place, hub, room, Parties(place, hub, certificates), place.home / "synth", say)
    first, second, third = PERIODS
    say(f"{first}（不用 Airflow，直接调用）：")
    with meter.phase(f"{first}（直接调用）"):
        stage.first_month(first)
    with meter.phase("启动 Airflow"):
        stage.room = in_airflow(place, hub, first, say)
        stage.accidents = Accidents(switchboard.database(place), place.home)
    for period, month in ((second, stage.second_month), (third, stage.third_month)):
        say(f"{period}：")
        with meter.phase(period):
            month(period)
    say(f"{QUARTER}：")
    with meter.phase(QUARTER):
        stage.quarter(QUARTER)
    with meter.phase("快照与恢复演练"):
        stage.kept(QUARTER)
    with meter.phase("核对"):
        held = verified(place, say)
    summary(place, meter)
    say("全部一致" if held else "有不符之处")
    return held


def found(hub: Hub, start: datetime, say: Say) -> dict[str, tuple[Path, Path]]:
    """Keys, tables and policy of a new hub; a certificate for each contact who seals by machine."""
    authority.create_hub_keys(hub.keys, now=start, next_update=start + timedelta(days=400))
    create_escrow(hub, ESCROW)
    apply.migrate_up(hub)
    for line in apply.apply_policy(hub, start):
        say(f"  {line}")
    signers = [
        c for a in hub.policy.agreements.values() for p in a.provides if "machine" in p.sealing for c in a.contacts
    ]
    return {contact.id: certify(hub, contact.id, start, 365) for contact in signers}


def in_airflow(place: Office, hub: Hub, closed: str, say: Say) -> AirflowRoom:
    """Airflow with all DAGs, the watcher, and the knowledge of the month that was closed without it."""
    switchboard.up(place, say, only=("drill", "airflow"))
    room = AirflowRoom(place)
    receiving = (f"receive_{a.party}" for a in hub.policy.agreements.values() if a.provides)
    room.engineer.await_dags(*DAGS, *receiving)
    switchboard.watcher(place).start(
        [sys.executable, "-m", "bidui", "watch", "--every", "0.5"], {**os.environ, "PYTHONUNBUFFERED": "1"}, REPOSITORY
    )
    announce(Airflow.of(hub, os.environ["BIDUI_WEB"]), MONTH_CLOSED, closed)
    return room


def verified(place: Office, say: Say) -> bool:
    """Whether `demo.verify`, a program of its own, finds everything as it should be."""
    say("核对：")
    command = [sys.executable, "-m", "demo.verify", "--home", str(place.home)]
    return subprocess.run(command, cwd=REPOSITORY, check=False).returncode == 0


def summary(place: Office, meter: Meter) -> None:
    """Print what happened and what it cost; write summary.json."""
    figures = counted(switchboard.database(place).dsn("bidui")) | meter.told()
    (place.home / "summary.json").write_text(json.dumps(figures, ensure_ascii=False, indent=1), encoding="utf-8")
    for name, value in figures.items():
        print(f"  {name}：{value}")


def counted(dsn: str) -> dict[str, object]:
    """What the ledger holds, in numbers."""
    queries = {
        "收到（次）": "SELECT count(*) FROM core.arrival",
        "其中入库": "SELECT count(*) FROM core.intake WHERE outcome IN ('accepted', 'partly_accepted')",
        "迟报": "SELECT count(*) FROM core.submission WHERE late AND kind <> 'amend'",
        "退回": "SELECT count(*) FROM core.intake WHERE outcome = 'refused'",
        "重复": "SELECT count(*) FROM core.intake WHERE outcome = 'duplicate'",
        "零报告": "SELECT count(*) FROM core.intake WHERE outcome = 'nil'",
        "读到行数": "SELECT sum(rows_read) FROM core.submission",
        "入库行数": "SELECT sum(rows_read - rows_quarantined) FROM core.submission",
        "隔离行数": "SELECT sum(rows_quarantined) FROM core.submission",
        "差异": "SELECT count(*) FROM core.finding",
        "线索（户）": "SELECT count(*) FROM core.lead",
        "邮件": "SELECT count(*) FROM out.sending WHERE outcome = 'accepted'",
        "核查返回（户）": "SELECT count(*) FROM core.case_state WHERE state = 'visited'",
        "未填结论（户）": "SELECT count(*) FROM core.case_state WHERE state = 'unanswered'",
        "再比对已一致": "SELECT count(*) FROM core.case_state WHERE state = 'agreed'",
    }
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        found: dict[str, object] = {}
        for name, query in queries.items():
            cursor.execute(query)
            row = cursor.fetchone()
            found[name] = int(row[0] or 0) if row else 0
    return found


if __name__ == "__main__":
    sys.exit(main())
