"""``python -m demo.verify --home build/demo``: verify a demo that was played; its databases are started if need be."""

from __future__ import annotations

import argparse
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from demo import accidents, office
from demo.canaries.looking import checks as canaries
from demo.canaries.looking import of_airflow, of_hub
from demo.services.postgres import Postgres
from demo.services.process import ServiceError
from demo.verify import files, lines, post, restored, vault, work
from demo.verify.scene import Check, Scene, write

DATABASE, AIRFLOW = "bidui", "airflow"


def main() -> int:
    """Verify, print a table, write ``verify.json``; 1 when something differs."""
    parser = argparse.ArgumentParser(
        prog="python -m demo.verify", description="核对一次演示：真相、台账、邮件、保管库、恢复演练"
    )
    parser.add_argument("--home", type=Path, default=Path("build/demo"), help="演示的工作文件夹（默认 build/demo）")
    home = parser.parse_args().home.absolute()
    if not (home / "synth" / "truth.jsonl").exists():
        print(f"{home} 里没有演示：请先运行 make demo", file=sys.stderr)
        return 1
    try:
        with ExitStack() as until_the_end:
            checks = verified(home, until_the_end)
    except ServiceError as fault:
        print(fault, file=sys.stderr)
        return 1
    held = write(home / "verify.json", checks)
    print("\n".join(table(checks)))
    print(f"共 {len(checks)} 项，{'全部一致' if held else f'{sum(not c.ok for c in checks)} 项不符'}")
    return 0 if held else 1


def verified(home: Path, until_the_end: ExitStack) -> list[Check]:
    """All checks of a demo; a database server that does not run is started until the end."""
    place = office.at(home)
    known = office.load(home)
    source = until_the_end.enter_context(running(Postgres(home / "postgres", place.ports.database)))
    scene = Scene(home, Path(known["BIDUI_INCLUDE"]), known["BIDUI_PROFILE"], source.dsn(DATABASE), home / "synth")
    checks = [c for part in (lines, files, work, post, vault) for c in part.checks(scene)]
    drill = until_the_end.enter_context(running(Postgres(home / "drill", place.ports.drill)))
    places = [*of_hub(home, scene.dsn, source.log, drill.log), *of_airflow(home, source.dsn(AIRFLOW))]
    checks += [*restored.checks(scene.dsn, drill.dsn(DATABASE)), accidents.check(home, source.dsn(AIRFLOW))]
    return [*checks, *canaries(scene.synth, places)]


@contextmanager
def running(server: Postgres) -> Iterator[Postgres]:
    """The server, running; stopped again if it did not run before."""
    before = server.is_running()
    server.start()
    try:
        yield server
    finally:
        if not before:
            server.stop()


def table(checks: list[Check]) -> Iterator[str]:
    """The checks as lines of a table; what differs is told in full."""
    rows = [("核对", "应为", "实为", "结果")]
    rows += [(c.name, _short(c.expected, c), _short(c.seen, c), "一致" if c.ok else "不符") for c in checks]
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()


def _short(value: Any, check: Check) -> str:
    """A value for the table: of a mapping that is as expected, its first number."""
    if not isinstance(value, dict):
        return str(value)
    told = {key: value[key] for key in value if not check.ok and value[key] != _of(check.expected, key)} or value
    return str(next(iter(value.values()))) if check.ok else " ".join(f"{k}={v}" for k, v in told.items())


def _of(expected: Any, key: str) -> Any:
    return expected.get(key) if isinstance(expected, dict) else None


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "FW" else 1 for sign in text)


if __name__ == "__main__":
    sys.exit(main())
