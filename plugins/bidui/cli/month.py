"""A month's work: what comes in, the comparison, what goes out, approvals, the daily follow-up, ``explain``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bidui.cli.console import faults_told, office_here, one_of, there
from bidui.orchestration import clock
from bidui.policy.recipe import Moment

if TYPE_CHECKING:
    from datetime import date

    from bidui.pipeline.arrive import Origin
    from bidui.pipeline.office import Office
    from bidui.policy.policy_set import PolicySet

app = typer.Typer()


@app.command()
def watch(every: Annotated[float, typer.Option(help="每隔几秒看一次")] = 2.0) -> None:
    """守候交换文件夹和邮箱：登记收到的文件，并在 Airflow 中启动接收。"""
    from bidui.orchestration.rest import Airflow
    from bidui.orchestration.watch import watch as keep_watching

    with faults_told():
        office = office_here()
        keep_watching(office, Airflow.of(office, os.environ["BIDUI_WEB"]), every, lambda line: typer.echo(line))


@app.command()
def receive(
    file: Annotated[Path, typer.Argument(help="收到的文件", callback=there)],
    party: Annotated[str, typer.Option(help="报送单位代号")],
    dataset: Annotated[str, typer.Option(help="数据集代号，如 部门.数据集")],
    contact: Annotated[str | None, typer.Option(help="联系人代号；只有一名在册的可以不写")] = None,
) -> None:
    """不经 Airflow，直接接收一个文件并回复报送单位；退回的，退出码为 1。"""
    from bidui.pipeline import deliver
    from bidui.pipeline.arrive import arrive
    from bidui.pipeline.receive import receive as use_case

    with faults_told():
        office, now = office_here(), clock.now()
        origin = _handed_in(office.policy, file, party, dataset, contact, office.today(now))
        arrived = arrive(office, file.read_bytes(), file.name, origin, dataset, now)
        got = use_case(office, arrived.arrival_id)
        deliver.reply(office, arrived.arrival_id, now)
        words = office.policy.codes["intake_outcome"].label_of(got.outcome, now.date())
        typer.echo(f"{words}：{arrived.run_key}" + (f"（{got.reason}）" if got.reason else ""))
        counts = (("读到", "read"), ("入库", "accepted"), ("隔离", "quarantined"))
        if told := "，".join(f"{name} {got.facts[key]}" for name, key in counts if key in got.facts):
            typer.echo(told)
        if got.outcome == "refused":
            raise typer.Exit(1)


def _handed_in(policy: PolicySet, file: Path, party: str, dataset: str, contact: str | None, day: date) -> Origin:
    """From whom a file comes, as somebody types it: a slip of his is told to him before anything is registered.

    What the agency did wrong is not: it is for the use case to refuse, and for the agency to be told.
    """
    from bidui.pipeline.arrive import Origin

    giving = [made.party for made in policy.agreements.values() if made.provides]
    acting = policy.party_on(one_of("本县没有报送单位", party, giving), day)
    made = policy.agreements[acting]
    one_of(f"{acting} 的协议中没有数据集", dataset, [given.dataset for given in made.provides])
    on_record = [known.id for known in made.contacts if known.in_force(day)]
    if contact is None and len(on_record) != 1:
        known = "、".join(on_record) or "（现在一个也没有）"
        raise typer.BadParameter(f"请用 --contact 写明是 {acting} 的哪一名联系人报来的：{known}")
    if contact is None:
        (contact,) = on_record
    elif contact not in {known.id for known in made.contacts}:  # who has left is known: what he sends is refused
        one_of(f"{acting} 没有联系人", contact, on_record)
    mark = f"{acting}/{dataset}/{contact}/{file.name}@{file.stat().st_mtime_ns}"
    return Origin("folder", mark, acting, contact)


@app.command("open-month")
def open_month(period: str) -> None:
    """月初部署：给各应报单位发数据报送通知。可以重复运行，不会重发。"""
    _deliver("open", period)


@app.command()
def close(period: str) -> None:
    """比对一个月：运行全部规则，归并线索，登记案卷。可以重复运行。"""
    from bidui.domain.period import Period
    from bidui.pipeline.conclude import close as use_case

    with faults_told():
        done = use_case(office_here(), str(Period.parse(period)), clock.now())
        typer.echo(
            f"{done.period} 第 {done.round} 轮{'' if done.new else '（无变化）'}："
            f"新线索 {done.leads} 户，新差异 {done.findings} 条，"
            f"已一致 {done.agreed} 条，冻结规则 {len(done.frozen)} 条"
        )


@app.command()
def deliver(period: str) -> None:
    """交付一个月的成果：各镇核查表、各部门更正单、月度报告（须审批的先不发出）。"""
    _deliver("close", period)


@app.command()
def quarter(period: str) -> None:
    """季度汇总：三个月都比对完以后，备好数据质量通报（须审批的先不发出）。"""
    _deliver("quarter", period)


@app.command()
def announce(period: str) -> None:
    """某月已在命令行比对完毕：触发它的交付，三个月齐了触发季度汇总（告知 Airflow）。"""
    import requests

    from bidui.domain.period import Period
    from bidui.orchestration.rest import MONTH_CLOSED, Airflow
    from bidui.orchestration.rest import announce as say_it
    from bidui.pipeline.deliver import rounds_of

    with faults_told():
        office, month = office_here(), str(Period.parse(period))
        rounds_of(office, month, clock.now())
        try:
            say_it(Airflow.of(office, os.environ["BIDUI_WEB"]), MONTH_CLOSED, month)
        except (requests.RequestException, LookupError) as fault:
            typer.echo(f"Airflow 没有收下（{type(fault).__name__}），请看它是否在运行", err=True)
            raise typer.Exit(1) from None
        typer.echo(f"已告知 Airflow：{month} 已比对。")


def _deliver(moment: Moment, period: str) -> None:
    """Prepare and send what a moment in the life of a period calls for, and say what became of it."""
    from bidui.domain.period import Period
    from bidui.pipeline import deliver as use_case
    from bidui.pipeline.approve import ask

    with faults_told():
        office, now, stretch = office_here(), clock.now(), str(Period.parse(period))
        if moment == "close":
            use_case.rounds_of(office, stretch, now)
        told = False
        for errand in use_case.errands(office, moment, stretch, now):
            if sent := use_case.run(office, errand, now):
                if sent.awaiting:
                    ask(office, sent.delivery_id, now)
                state = (
                    f"待审批（{'、'.join(_role(office, role) for role in sent.awaiting)}），已送审"
                    if sent.awaiting
                    else f"发出 {sent.accepted} 封，失败 {sent.failed} 封"
                )
                typer.echo(f"{office.policy.recipes[errand.recipe].title} → {errand.recipient}：{state}")
                told = True
        if not told:
            typer.echo(f"{stretch} 没有要发出的。")


@app.command()
def pending() -> None:
    """列出等待审批的文件，各由谁决定。"""
    from bidui.pipeline.approve import waiting

    with faults_told():
        office = office_here()
        if not (found := waiting(office)):
            typer.echo("没有等待审批的文件。")
        for delivery, title, period, role in found:
            who = "、".join(office.policy.profile.approvers[role])
            typer.echo(f"{delivery}\t{period}\t{title}\t待{_role(office, role)}（{who}）")


@app.command()
def approve(delivery: str, by: Annotated[str, typer.Option(help="审批人（联系人代号）")],
            reject: Annotated[bool, typer.Option("--reject", help="退回而不是同意")] = False,
            remark: Annotated[str, typer.Option(help="意见（不写姓名和证件号码）")] = "") -> None:  # fmt: skip
    """审批一份待发文件：按环节依次决定；全部同意后由每日督办发出，退回的改好后再运行一次 deliver，另行送审。"""
    from bidui.pipeline.approve import approve as use_case
    from bidui.pipeline.approve import ask

    with faults_told():
        office, now = office_here(), clock.now()
        role = use_case(office, delivery, by, now, "rejected" if reject else "approved", remark=remark)
        typer.echo(f"{_role(office, role)}：已{'退回' if reject else '同意'}。")
        if not reject and (following := ask(office, delivery, now)):
            typer.echo(f"转入下一环节：{_role(office, following.role)}（{'、'.join(following.approvers)}）。")


def _role(office: Office, role: str) -> str:
    """What people call an approval role."""
    return str(office.policy.codes["approval_role"].label_of(role, office.today(clock.now())))


@app.command("follow-up")
def follow_up() -> None:
    """每日督办：发出已批准的、重发未送达的、提醒逾期的。"""
    from bidui.pipeline.follow_up import remind, send_waiting

    with faults_told():
        office, now = office_here(), clock.now()
        done = send_waiting(office, now)
        typer.echo(
            f"发出 {done.sent} 封，仍待审批 {done.awaiting} 份，失败 {done.failed} 封，"
            f"没有在册联系人的 {done.unaddressed} 份，与批准时不一致而未发的 {done.altered} 份，"
            f"提醒 {remind(office, now)} 封"
        )


@app.command()
def explain(household: str) -> None:
    """说明某户为什么在（或不在）线索名单上：行、文件、规则、版本、条款，一页纸。"""
    from bidui.pipeline.explain import explain as use_case
    from bidui.pipeline.explain_page import page

    with faults_told():
        office, now = office_here(), clock.now()
        found = use_case(office, household, now)
        if found is None:
            typer.echo(f"本中心没有户编号 {household} 的任何记录，请核对编号。", err=True)
            raise typer.Exit(1)
        typer.echo(page(office, found, now))
