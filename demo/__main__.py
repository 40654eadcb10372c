"""``make demo``: a hub from nothing, two months of its life, and a summary. ``ONCE=1`` stops everything at the end.

Everything runs on this machine and listens on 127.0.0.1 only.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import psycopg2

from bidui.orchestration import clock
from bidui.pipeline import apply
from bidui.pipeline.certify import certify
from bidui.pipeline.office import Office as Hub
from bidui.sealing import authority
from bidui.synth import make
from demo import office as offices
from demo import verify
from demo.office import REPOSITORY, Office
from demo.parties import Parties
from demo.play import Play
from demo.services import switchboard
from demo.services.process import ServiceError
from demo.services.rest import Airflow

HOME = Path(os.environ.get("BIDUI_DEMO_HOME") or REPOSITORY / "build" / "demo").absolute()
"""The hub's working folder, made anew by each demo. A second one beside it: BIDUI_DEMO_HOME and other BIDUI_*_PORTs."""
PERIODS = ["2026-10", "2026-11"]
SEED = int(os.environ.get("SEED", "1"))
BEGUN = time.monotonic()
SCALE = float(os.environ.get("SCALE", "1"))


def main() -> int:
    """Play; the exit code says whether all held."""

    def say(line: str) -> None:
        print(f"[{time.monotonic() - BEGUN:5.0f} 秒] {line}", flush=True)

    once = os.environ.get("ONCE") == "1"
    place = offices.at(HOME)
    say("清理上一次演示")
    switchboard.down(place, lambda _line: None)
    switchboard.database(place).destroy()
    shutil.rmtree(HOME, ignore_errors=True)
    held = False
    try:
        held = play(place, say)
    except (ServiceError, AssertionError, TimeoutError) as fault:
        print(f"演示没有走完：{fault}", file=sys.stderr)
    finally:
        if once or not held:
            switchboard.down(place)
    if held and not once:
        secret = place.secret("login_boss")
        print(f"\nAirflow 界面：http://127.0.0.1:{place.ports.web}　用户 boss　密码 {secret}")
        print(f"全部邮件在 {os.path.relpath(HOME / 'post')}/；停止：make down")
    return 0 if held else 1


def play(place: Office, say) -> bool:  # noqa: ANN001 - a function that prints
    """Build the hub, play both months, check everything, print the summary."""
    place.lay_out()
    os.environ.update(place.environment())
    hub = Hub.from_environment()
    start = datetime(int(PERIODS[0][:4]), int(PERIODS[0][5:]), 1, 9, tzinfo=hub.zone)
    clock.put(place.home / clock.FILE, start)
    switchboard.up(place, say)
    authority.create_hub_keys(hub.keys, now=start, next_update=start + timedelta(days=400))
    apply.migrate_up(hub)
    for line in apply.apply_policy(hub, start):
        say(f"  {line}")
    signers = [
        c for a in hub.policy.agreements.values() for p in a.provides if "machine" in p.sealing for c in a.contacts
    ]
    certificates = {c.id: certify(hub, c.id, start, 365) for c in signers}
    made = make(hub.include, hub.profile, place.home / "synth", seed=SEED, scale=SCALE, periods=PERIODS)
    say(
        f"合成县：{made.households} 户 {made.persons} 人，另 {made.outsiders} 人，"
        f"文件 {len(made.files)} 个（种子 {SEED}）"
    )
    airflow = Airflow.of(place, "boss")
    airflow.await_dags(
        "month_close",
        "deliver",
        "follow_up",
        *(f"receive_{a.party}" for a in hub.policy.agreements.values() if a.provides),
    )
    switchboard.watcher(place).start(
        [sys.executable, "-m", "bidui", "watch", "--every", "0.5"], {**os.environ, "PYTHONUNBUFFERED": "1"}, REPOSITORY
    )
    stage = Play(place, hub, airflow, Parties(place, hub, certificates), place.home / "synth", say)
    for period, month in zip(PERIODS, (stage.first_month, stage.second_month), strict=True):
        say(f"{period}：")
        month(period)
    return summary(place, hub, say)


def summary(place: Office, hub: Hub, say) -> bool:  # noqa: ANN001
    """Check truth, mails and cases; print what happened; write verify.json and summary.json."""
    dsn = switchboard.database(place).dsn("bidui")
    names = {
        "systems": {"register": hub.policy.in_role("register")[0], "roster": hub.policy.in_role("roster")[0]},
        "unknown": {r.id: r.finds or r.id for r in hub.policy.rules.values() if r.absent_from},
    }
    checks = [
        *verify.lines(dsn, place.home / "synth" / "truth.jsonl", names),
        *verify.mails(dsn, place.home / "post", hub.policy.profile.desk.email), *verify.cases(dsn),
    ]  # fmt: skip
    held = verify.write(place.home / "verify.json", checks)
    say("核对真相：")
    for check in checks:
        print(f"  {'一致' if check.ok else '不符'}　{check.name}　应为 {check.expected}　实为 {check.seen}")
    figures = counted(dsn)
    cpu = {name: round(seconds, 1) for name, seconds in switchboard.cpu_seconds(place).items()}
    figures |= {"墙钟秒": round(time.monotonic() - BEGUN), "CPU 秒": round(sum(cpu.values())), "CPU 秒（分部分）": cpu}
    (place.home / "summary.json").write_text(json.dumps(figures, ensure_ascii=False, indent=1), encoding="utf-8")
    for name, value in figures.items():
        print(f"  {name}：{value}")
    say("全部一致" if held else "有不符之处")
    return held


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
