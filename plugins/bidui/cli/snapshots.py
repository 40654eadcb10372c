"""Snapshots: taken, restored, and the drill of restoring."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bidui.cli.console import faults_told, office_here
from bidui.orchestration import clock

if TYPE_CHECKING:
    from bidui.pipeline.restore import Restored

app = typer.Typer()


@app.command()
def snapshot(period: Annotated[str | None, typer.Option(help="期别，如 2026-Q4；默认本月")] = None) -> None:
    """备份：数据库、角色和密封库，加密给两把密钥，放进 backup 文件夹。每季和重大变更前各做一次。"""
    from bidui.domain.period import Period
    from bidui.pipeline.snapshot import take

    with faults_told():
        office, now = office_here(), clock.now()
        asked = Period.parse(period) if period else Period.month_of(office.today(now))
        typer.echo(f"正在备份 {asked} …")
        made = take(office, str(asked), now)
        typer.echo(
            f"{'已备份' if made.new else '这份备份已经有了'}：{made.folder}\n"
            f"{made.tables} 张表 {made.rows} 行，密封库 {made.objects} 份，共 {made.bytes / 1e6:.1f} MB\n"
            f"清单指纹（请另行抄存，恢复时核对）：{made.manifest_hash}"
        )


@app.command()
def restore(
    snapshot: Annotated[Path, typer.Option(help="备份文件夹")],
    identity: Annotated[Path, typer.Option(help="能打开它的私钥文件：本中心备份密钥或异地保管密钥，一把即可")],
    into: Annotated[str, typer.Option(help="全新的 Postgres 服务器，主机:端口")],
    admin_password: Annotated[Path, typer.Option(help="该服务器管理员口令文件")],
    home: Annotated[Path, typer.Option(envvar="BIDUI_HOME", help="新的工作文件夹：各角色口令写进其中的 secrets")],
    admin: Annotated[str, typer.Option(help="该服务器管理员")] = "postgres",
    vault_to: Annotated[Path | None, typer.Option(help="密封库恢复到哪里；不填只核对内容")] = None,
    programs: Annotated[Path | None, typer.Option(envvar="BIDUI_PG_BIN", help="Postgres 客户端程序文件夹")] = None,
) -> None:
    """把一份备份恢复到全新的服务器，并逐表核对。只需要备份文件夹和两把密钥中的一把。"""
    from bidui.archive.programs import Programs
    from bidui.pipeline import restore as use_case

    with faults_told():
        vault = use_case.new_vault(vault_to, home / "keys") if vault_to else None
        server = use_case.server(into, admin_password, admin)
        typer.echo(f"正在恢复 {snapshot.name} 到 {into} …")
        done = use_case.restore(
            snapshot, use_case.identities_of(identity), server, Programs(programs),
            vault=vault, passwords=home / "secrets",
        )  # fmt: skip
        _tell_restored(done)
        typer.echo(f"各角色口令在 {home / 'secrets'}；清单指纹 {done.manifest_hash}，请与抄存的核对。")


@app.command()
def drill(period: Annotated[str | None, typer.Option(help="只演练这一期的备份；默认最新一份")] = None) -> None:
    """恢复演练：把最新备份恢复到演练服务器（BIDUI_DRILL_DB），逐表核对，记入台账。"""
    from bidui.domain.period import Period
    from bidui.pipeline.restore import drill as use_case

    with faults_told():
        _tell_restored(use_case(office_here(), clock.now(), period=str(Period.parse(period)) if period else None))


def _tell_restored(done: Restored) -> None:
    typer.echo(
        f"{done.snapshot_id}：恢复 {done.tables} 张表 {done.rows} 行，密封库 {done.objects} 份，{done.seconds:.1f} 秒"
    )
    if done.differences:
        typer.echo(f"与备份时有 {len(done.differences)} 处不同，启用前请逐条核对：", err=True)
        typer.echo("\n".join(done.differences), err=True)
        raise typer.Exit(1)
    typer.echo("逐表核对：行数、内容、角色、权限、结构全部一致。")
