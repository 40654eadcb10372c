"""``python -m demo.services up|down|status|remove|secrets --home build/demo``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from demo import office
from demo.services import switchboard
from demo.services.airflow import DEFAULT_LOGINS, Login
from demo.services.process import ServiceError


def _login(text: str) -> Login:
    name, _, role = text.partition("=")
    return Login(name, role or "Admin")


def main() -> int:
    """Run one command; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m demo.services", description="内嵌环境：Postgres、邮件、Airflow")
    parser.add_argument("command", choices=("up", "down", "status", "remove", "secrets"))
    parser.add_argument(
        "--home",
        type=Path,
        default=Path("build/demo"),
        help="工作文件夹（默认 build/demo）",
    )
    parser.add_argument("--only", action="append", choices=switchboard.SERVICES, help="只启动这一项（可重复）")
    parser.add_argument("--login", action="append", type=_login, metavar="NAME=ROLE", help="Airflow 登录名与角色")
    parser.add_argument("--dags", type=Path, default=office.REPOSITORY / "dags", help="DAG 文件夹")
    for name in ("database", "mail", "web", "drill"):
        parser.add_argument(f"--{name}-port", type=int, help="127.0.0.1 上的端口")
    options = parser.parse_args()
    ports = {"database": options.database_port, "mail": options.mail_port, "web": options.web_port}
    place = office.at(options.home, **ports, drill=options.drill_port)
    try:
        if options.command == "up":
            switchboard.up(
                place,
                only=options.only or switchboard.SERVICES,
                logins=options.login or DEFAULT_LOGINS,
                dags=options.dags.absolute(),
            )
        elif options.command == "down":
            switchboard.down(place)
        elif options.command == "remove":
            switchboard.remove(place)
        elif options.command == "secrets":
            switchboard.lay_out_containers(place)
        else:
            for name, running in switchboard.status(place).items():
                print(f"{name:24} {'运行中' if running else '未运行'}")
    except ServiceError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("已中断，本次启动的服务都已停止", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
