"""Looking through all places: one check each, of what was found and whether what was planted is found."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from demo.canaries.people import gathered
from demo.canaries.places import FileNames, Files, Mails, Place, Tables
from demo.canaries.plants import PLANTS, among
from demo.canaries.scanner import Scanner
from demo.verify.scene import Check

XCOM, RENDERED, RUNS = "xcom", "rendered_task_instance_fields", "dag_run"
"""Airflow's tables of what tasks hand on, what they were told, and what runs were started with."""


def of_hub(home: Path, dsn: str, *logs: Path) -> list[Place]:
    """The places that a hub has without Airflow; ``logs``: those of its database servers."""
    return [
        Tables("比对库（identity 以外）", dsn, without=frozenset({"identity"})),
        *(Files(f"数据库日志（{log.parent.name}）", log.parent, (log.name, "control.log")) for log in logs),
        Files("服务日志", home, ("run/*.log",)),
        Mails("邮件标题与信头", home, attachments=False),
        Mails("附件名", home, attachments=True),
        FileNames("文件名", home, ("inbox", "vault", "post", "backup", "run")),
        Files("核对结果与环境文件", home, ("*.json", "env")),
    ]


def of_airflow(home: Path, dsn: str) -> list[Place]:
    """The places that Airflow adds."""
    own = frozenset({XCOM, RENDERED, RUNS})
    return [
        Files("任务日志", home, ("airflow/logs/**/*",)),
        *(
            Tables(name, dsn, only=frozenset({table}))
            for name, table in (("XCom", XCOM), ("任务参数", RENDERED), ("运行参数", RUNS))
        ),
        Tables("Airflow 库其余各表", dsn, without=own),
    ]


def checks(synth: Path, places: Iterable[Place]) -> Iterator[Check]:
    """One check for each place: nobody stands there, and whoever is planted there is seen."""
    scanner = Scanner(among(gathered(synth)))
    for place in places:
        yield look(place, scanner)


def look(place: Place, scanner: Scanner) -> Check:
    """Read a place as it is, then planted."""
    hits: dict[tuple[str, str, str], set[str]] = {}
    characters = 0
    for where, text in place.texts():
        characters += len(text)
        for hit in scanner.scan(text):
            hits.setdefault((where, hit.kind, hit.form), set()).add(hit.canary)
    planted = missed = 0
    for copy in _planted(place):
        found = {hit for _, text in copy for hit in scanner.scan(text)}
        planted += len(PLANTS)
        missed += sum(plant.hit not in found for plant in PLANTS)
    seen: dict[str, Any] = {
        "hits": sum(map(len, hits.values())), "missed": missed, "empty": not (characters and planted),
        "planted": planted, "characters": characters,
    }  # fmt: skip
    if hits:
        seen["where"] = [f"{where}: {kind}/{form} × {len(who)}" for (where, kind, form), who in sorted(hits.items())]
    return Check(f"金丝雀：{place.name}", {"hits": 0, "missed": 0, "empty": False}, seen)


def _planted(place: Place) -> Iterator[Iterable[tuple[str, str]]]:
    with tempfile.TemporaryDirectory(prefix="canaries-") as scratch:
        yield from place.planted([plant.text for plant in PLANTS], Path(scratch))
