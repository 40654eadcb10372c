"""``need``: registered needs of those without an agreement."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bidui.cli.console import faults_told, office_here, there
from bidui.orchestration import clock

if TYPE_CHECKING:
    from bidui.pipeline.need import Listed
    from bidui.pipeline.office import Office

app = typer.Typer(no_args_is_help=True, help="共享需求登记：没有协议的部门要数据，登记、答复、按期提供。")

Fields = Annotated[str, typer.Option("--fields", help="只给其中几项，用顿号或逗号隔开；不写的全给")]


@app.command("record")
def need_record(
    form: Annotated[Path, typer.Argument(help="共享需求登记表（YAML）", callback=there)],
) -> None:
    """登记一项共享需求；同样的内容只登记一次。目录列为不予共享的，随即答复不同意并写明依据。"""
    from bidui.pipeline import need as use_case

    with faults_told():
        office, now = office_here(), clock.now()
        made = use_case.record(office, form.read_bytes(), now)
        found = next(one for one in use_case.listed(office, now) if one.need.need_id == made.need_id)
        typer.echo(_told_need(office, found))


@app.command("list")
def need_list(
    every: Annotated[bool, typer.Option("--all", help="连同已经答复的")] = False,
) -> None:
    """列出待答复的共享需求和答复期限，逾期的标明。"""
    from bidui.pipeline import need as use_case

    with faults_told():
        office, now = office_here(), clock.now()
        if found := [one for one in use_case.listed(office, now) if every or one.need.decision is None]:
            typer.echo("编号\t申请单位\t所需数据\t办理情况")
        else:
            typer.echo("还没有登记过共享需求。" if every else "没有待答复的共享需求。")
        for one in found:
            typer.echo(_told_need(office, one))


def _told_need(office: Office, found: Listed) -> str:
    """One line on a need."""
    need, day = found.need, office.today(clock.now())
    contract = office.policy.ever.get(need.dataset)
    dataset = contract.title_on(day) if contract else need.dataset
    if need.decision is None:
        mark = "，已逾期" if found.overdue else ""
        state = f"待答复，期限 {found.due.day}{'（暂定）' if found.due.provisional else ''}{mark}"
    elif need.decision == "granted":
        state = f"已同意：{'、'.join(need.granted)}，期限 {need.term_from} 至 {need.term_to}"
    else:
        reason = office.policy.codes["need_refusal"].label_of(need.reason or "", day)
        state = f"不同意：{reason}（{need.said}）"
    return f"{need.number}\t{need.party}\t{dataset}\t{state}"


@app.command("grant")
def need_grant(need: str, by: Annotated[str, typer.Option(help="答复人（联系人代号）")], fields: Fields = "") -> None:
    """同意一项共享需求，并把答复发给申请单位。"""
    from bidui.pipeline import need as use_case

    with faults_told():
        made = use_case.grant(office_here(), need, by, clock.now(), _items(fields))
        typer.echo(f"{made.number} 已同意：{'、'.join(made.granted)}；期限 {made.term_from} 至 {made.term_to}。")


@app.command("refuse")
def need_refuse(
    need: str,
    by: Annotated[str, typer.Option(help="答复人（联系人代号）")],
    reason: Annotated[str, typer.Option(help="理由（字典 need_refusal 中的代码或者名称）")],
    said: Annotated[str, typer.Option(help="所依据的规定或者说明")],
) -> None:
    """不同意一项共享需求，说明理由，并把答复发给申请单位。"""
    from bidui.pipeline import need as use_case

    with faults_told():
        made = use_case.refuse(office_here(), need, by, clock.now(), reason, said)
        typer.echo(f"{made.number} 已答复不同意：{made.said}")


@app.command("serve")
def need_serve(
    need: str,
    period: Annotated[str | None, typer.Option(help="期别，如 2026-11；默认最近一个交换窗口的月份")] = None,
    fields: Fields = "",
) -> None:
    """按同意的项目和期限提供数据：加密后发给申请单位。可以重复运行，同一期不会重发。"""
    from bidui.domain.period import Period
    from bidui.pipeline import need as use_case

    with faults_told():
        asked = str(Period.parse(period)) if period else None
        sent = use_case.serve(office_here(), need, clock.now(), asked, _items(fields))
        typer.echo(f"发出 {sent.accepted} 封，失败 {sent.failed} 封；打开密码用 need password 查询，电话告知。")


@app.command("password")
def need_password(need: str, period: str) -> None:
    """查询按一项共享需求提供的某一期数据的打开密码，供电话告知。"""
    from bidui.domain.period import Period
    from bidui.pipeline import need as use_case

    with faults_told():
        typer.echo(use_case.password(office_here(), need, str(Period.parse(period))))


def _items(fields: str) -> tuple[str, ...]:
    """The items of an option."""
    return tuple(item.strip() for item in re.split("[,，、]", fields) if item.strip())
