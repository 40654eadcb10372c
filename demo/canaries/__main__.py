"""``python -m demo.canaries --home build/demo``: look through a played demo while its services run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from demo import office
from demo.canaries.looking import checks, of_airflow, of_hub
from demo.services.postgres import Postgres


def main() -> int:
    """Print one line a place; 0 if nobody stands anywhere and everybody who was planted was seen."""
    parser = argparse.ArgumentParser(prog="python -m demo.canaries", description="在演示的日志、数据库、文件名里找人")
    parser.add_argument("--home", type=Path, default=Path("build/demo"))
    home = parser.parse_args().home.absolute()
    server = Postgres(home / "postgres", office.at(home).ports.database)
    places = [*of_hub(home, server.dsn("bidui"), server.log), *of_airflow(home, server.dsn("airflow"))]
    held = True
    for check in checks(home / "synth", places):
        held &= check.ok
        print(f"{'一致' if check.ok else '不符'}　{check.name}　{check.seen}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
