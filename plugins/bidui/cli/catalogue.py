"""``catalogue``: compare, release and export the catalogue of data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bidui.cli.console import Include, Profile, faults_told, today
from bidui.policy.loading import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bidui.policy.release import Change

app = typer.Typer(no_args_is_help=True, help="数据资源目录：比较、发布、导出。")


@app.command("diff")
def catalogue_diff(
    profile: Profile,
    include: Include = Path("include"),
) -> None:
    """与最近发布的一版目录比较：新增、停止共享、兼容和不兼容的变更。不写任何文件。"""
    from bidui.pipeline.publish import changes

    with faults_told():
        policy = load(include, profile)
        newest = policy.releases.newest
        typer.echo(f"最近发布：{newest.number}（{newest.in_force_from} 起生效）" if newest else "还没有发布过目录。")
        _tell_changes(changes(policy))


@app.command("publish")
def catalogue_publish(
    profile: Profile,
    in_force_from: Annotated[str, typer.Option("--in-force-from", help="从哪个月的数据起生效，如 2027-01")],
    agreed: Annotated[list[str] | None, typer.Option(help="同意的单位：单位=联系人@日期，每个单位写一次")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只检查并列出将要写的文件")] = False,
    include: Include = Path("include"),
) -> None:
    """发布目录：核对版本号和各提供单位的同意，冻结契约，形成新的一版。已发布的从不改动。"""
    from bidui.domain.period import Period
    from bidui.pipeline import publish as use_case

    with faults_told():
        policy, begins = load(include, profile), Period.parse(in_force_from)
        _tell_changes(found := use_case.changes(policy))
        if not found:
            return
        planned = use_case.plan(policy, begins, [use_case.agreed_of(one) for one in agreed or ()], today(policy))
        done = "将写" if dry_run else "已写"
        for file in sorted(map(str, planned.files)) if dry_run else use_case.publish(policy, planned):
            typer.echo(f"{done} {file}")
        typer.echo(f"{'可以发布' if dry_run else '已发布'}：{planned.release.number}，{begins} 起生效。")


def _tell_changes(changes: Sequence[Change]) -> None:
    kinds = {"added": "新增", "ended": "停止", "compatible": "兼容", "breaking": "不兼容"}
    for change in changes:
        versions = " → ".join(filter(None, (change.before, change.after)))
        typer.echo(f"{kinds[change.kind]}　{change.dataset} {versions}　{change.said}")
    if not changes:
        typer.echo("没有变更，无可发布。")


@app.command("export")
def catalogue_export(
    profile: Profile,
    to: Annotated[Path, typer.Option(help="写到哪个文件夹")],
    include: Include = Path("include"),
) -> None:
    """导出政务信息资源目录：工作簿（报目录主管部门）和 DCAT（JSON-LD，供其他目录系统收割）。可以重复运行。"""
    from bidui.pipeline.catalogue import export

    with faults_told():
        policy = load(include, profile)
        day = today(policy)
        for path in export(policy, to, day):
            typer.echo(path)
