"""``keys``: the hub's keys, contacts' certificates, agreed passwords."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bidui.cli.console import faults_told, office_here, one_of
from bidui.orchestration import clock

if TYPE_CHECKING:
    from datetime import datetime

    from bidui.pipeline.office import Office

app = typer.Typer(no_args_is_help=True, help="密钥：建立、签发联系人证书、查询约定密码。")


@app.command("init")
def keys_init() -> None:
    """建立中心的密钥和证书签发机构；已有的不会覆盖。"""
    from bidui.sealing import authority

    with faults_told():
        office, now = office_here(), clock.now()
        keys = authority.create_hub_keys(office.keys, now=now, next_update=_next_list(office, now))
        typer.echo(f"中心公钥（发给各部门加密用）：{keys.recipient}")


@app.command("escrow")
def keys_escrow(target: Annotated[Path, typer.Argument(help="私钥写到哪个文件（放在移动介质上带走）")]) -> None:
    """建立异地保管密钥：私钥写到指定文件，由保管人带走；本中心只留公钥。没有它不能做备份。"""
    from bidui.pipeline.certify import create_escrow

    with faults_told():
        recipient = create_escrow(office_here(), target)
        typer.echo(f"异地保管公钥：{recipient}\n私钥：{target}（交保管人带走，本机不得留存；它能单独打开每一份备份）")


@app.command("certify")
def keys_certify(
    contact: str,
    days: Annotated[int | None, typer.Option(help="有效天数；默认按制度（signer_days）")] = None,
) -> None:
    """给一名在册联系人签发签名证书并登记。"""
    from bidui.pipeline.certify import certify

    with faults_told():
        office, now = office_here(), clock.now()
        lasts = days or office.policy.days("signer_days", office.today(now)).days
        certificate, key = certify(office, contact, now, lasts)
        typer.echo(f"证书：{certificate}\n私钥（当面交给本人后删除）：{key}")


@app.command("revoke")
def keys_revoke(certificate: Path) -> None:
    """吊销一份证书：此后用它签名的文件一律退回。"""
    from bidui.pipeline.certify import revoke

    with faults_told():
        office, now = office_here(), clock.now()
        revoke(office, certificate, now, _next_list(office, now))
        typer.echo("已吊销，并重新发布吊销列表。")


@app.command("renew")
def keys_renew() -> None:
    """重新发布证书吊销列表（在它到期以前；过期后一切系统交换包都不能验证）。"""
    from bidui.sealing import authority

    with faults_told():
        office, now = office_here(), clock.now()
        until = _next_list(office, now)
        authority.renew_revocations(office.keys, now=now, next_update=until)
        typer.echo(f"吊销列表有效至 {until.date()}。")


def _next_list(office: Office, now: datetime) -> datetime:
    """Until when a revocation list of now is good."""
    return now + office.policy.days("revocation_list_days", office.today(now))


@app.command("password")
def keys_password(
    party: Annotated[str, typer.Argument(help="单位代号")],
    period: Annotated[str, typer.Argument(help="期别，如 2026-12")],
    region: Annotated[str | None, typer.Option(help="乡镇（县区）代码，单位是地区时")] = None,
) -> None:
    """查询与某部门（或乡镇）当期的约定密码，供电话告知。"""
    from bidui.domain.period import Period
    from bidui.pipeline.unseal import password

    with faults_told():
        office, stretch = office_here(), Period.parse(period)
        made = office.policy.agreements[one_of("本县没有单位", party, office.policy.agreements)]
        regions = office.policy.regions_of(made.level or "", stretch.last_day) if made.kind == "regions" else []
        if region is not None and not regions:
            raise typer.BadParameter(f"{party} 不分地区，不用写 --region")
        if region is None and regions:
            named = "、".join(f"{known.code} {known.name}" for known in regions)
            raise typer.BadParameter(f"{party} 的密码各地不同，请用 --region 写明是哪里：{named}")
        if region is not None:
            one_of(f"{party} 没有地区", region, [known.code for known in regions])
        typer.echo(password(office, party, region, str(stretch)))
