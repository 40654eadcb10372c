"""``agreement``: print agreements for both sides to sign."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from bidui.cli.console import Include, Profile, faults_told, one_of, today
from bidui.policy.loading import load

app = typer.Typer(no_args_is_help=True, help="数据共享协议：印成文件，供双方签署。")


@app.command("print")
def agreement_print(
    profile: Profile,
    to: Annotated[Path, typer.Option(help="写到哪个文件（.docx）；印全部时写到哪个文件夹")],
    party: Annotated[str | None, typer.Argument(help="单位代号")] = None,
    every: Annotated[bool, typer.Option("--all", help="印全部单位的")] = False,
    on: Annotated[str | None, typer.Option(help="按哪一天的制度和用语，如 2027-01-01；默认今天")] = None,
    include: Include = Path("include"),
) -> None:
    """把与一个单位（或者全部单位）的数据共享协议印成 Word 文件，供双方签署。可以重复运行。"""
    from bidui.pipeline import agreement_page as use_case

    with faults_told():
        policy = load(include, profile)
        try:
            day = date.fromisoformat(on) if on else today(policy)
        except ValueError:
            raise typer.BadParameter(f"日期写法不对：{on}，应形如 2027-01-01") from None
        if every == bool(party):
            raise typer.BadParameter("写明一个单位代号，或者用 --all 印全部单位的")
        if party:
            one_of("本县没有要签协议的单位", party, use_case.printable(policy))
        for path in [use_case.write(policy, party, day, to)] if party else use_case.write_all(policy, day, to):
            typer.echo(path)
