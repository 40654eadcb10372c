"""``contacts``: the list of designated contacts, in the notices' table, out and in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bidui.cli.console import faults_told, office_here, one_of
from bidui.orchestration import clock

app = typer.Typer(no_args_is_help=True, help="联系人名单：按附表导出、核对收到的名单。")


@app.command("export")
def contacts_export(
    to: Annotated[Path, typer.Option(help="写到哪个文件（.xlsx）")],
    blank: Annotated[str | None, typer.Option(help="只写这个单位的空白名单（单位代号），供其填报")] = None,
) -> None:
    """按通知附表导出在册联系人名单，附证书指纹和在册起止日期；含个人信息，请妥善保管。"""
    from bidui.pipeline import contact_list as use_case
    from bidui.pipeline.catalogue import ExportError, put

    with faults_told():
        office, now = office_here(), clock.now()
        if blank:
            one_of("本县没有单位", blank, office.policy.agreements)
        made = use_case.blank(office.policy, blank, office.today(now)) if blank else use_case.export(office, now)
        if made is None:
            raise ExportError(f"{blank} 不报联系人名单，没有空白表")
        try:
            typer.echo(put(to, made))
        except OSError as error:
            raise ExportError(f"名单写不进 {to}：{error.strerror or type(error).__name__}") from None


@app.command("take")
def contacts_take(
    write: Annotated[bool, typer.Option("--write", help="写入在册名单；不写这一项只列出")] = False,
) -> None:
    """核对各单位最近报来的联系人名单与在册名单：新增、变更、离任；写入后请核对并提交。"""
    from bidui.pipeline import contact_list as use_case

    kinds = {"new": "新增", "changed": "变更", "gone": "离任", "unclear": "待核"}
    with faults_told():
        office, now = office_here(), clock.now()
        found = use_case.compare(office, now)
        if found:
            typer.echo("处理　单位　联系人代号　联系人　电子邮箱")
        for change in found:
            contact, until = change.contact, f"，登记至 {change.contact.valid_to} 止" if change.kind == "gone" else ""
            who = f"{office.policy.name_of(change.party)}　{contact.id}　{contact.name}　{contact.email}"
            typer.echo(f"{kinds[change.kind]}　{who}{until}{f'：{change.reason}' if change.reason else ''}")
        if not found:
            typer.echo("收到的名单与在册名单一致，不用改。")
        elif write:
            use_case.take(office, found)
            typer.echo("已写入在册名单，待核的除外；请核对后提交。")
