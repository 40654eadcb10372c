"""The same use cases without Airflow: ``python -m bidui <命令>``. Texts are Chinese, for the people of the centre."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from bidui.orchestration import clock
from bidui.policy.loading import load
from bidui.policy.recipe import Moment
from bidui.policy.source import PolicyError

app = typer.Typer(no_args_is_help=True, add_completion=False, help="比对：县级数据共享、比对、下发、反馈的全部操作。")
policy_app = typer.Typer(no_args_is_help=True, help="制度数据（include/）：检查和启用。")
catalogue_app = typer.Typer(no_args_is_help=True, help="数据资源目录：比较、发布、导出。")
contacts_app = typer.Typer(no_args_is_help=True, help="联系人名单：按附表导出、核对收到的名单。")
agreement_app = typer.Typer(no_args_is_help=True, help="数据共享协议：印成文件，供双方签署。")
keys_app = typer.Typer(no_args_is_help=True, help="密钥：建立、签发联系人证书、查询约定密码。")
need_app = typer.Typer(no_args_is_help=True, help="共享需求登记：没有协议的部门要数据，登记、答复、按期提供。")
app.add_typer(policy_app, name="policy")
app.add_typer(catalogue_app, name="catalogue")
app.add_typer(contacts_app, name="contacts")
app.add_typer(agreement_app, name="agreement")
app.add_typer(keys_app, name="keys")
app.add_typer(need_app, name="need")

Profile = Annotated[str, typer.Option(envvar="BIDUI_PROFILE", help="县（市）配置")]
Include = Annotated[Path, typer.Option(envvar="BIDUI_INCLUDE", help="制度数据文件夹")]

REVOCATIONS_LAST = timedelta(days=60)
"""How long a revocation list is good for before it has to be published anew."""


@contextmanager
def _said() -> Iterator[None]:
    """Faults that a person can mend, as one clear text instead of a traceback."""
    from bidui.archive.errors import ArchiveError
    from bidui.domain.period import PeriodError
    from bidui.pipeline.approve import NotAllowed
    from bidui.pipeline.catalogue import ExportError
    from bidui.pipeline.deliver import NotClosed
    from bidui.pipeline.office import OfficeError
    from bidui.pipeline.publish import NotReleasable
    from bidui.pipeline.registered import NeedRefused
    from bidui.pipeline.send import NotAsApproved
    from bidui.sealing.errors import SealError
    from bidui.store.database import StoreError

    try:
        yield
    except PolicyError as error:
        typer.echo(f"制度数据有 {len(error.faults)} 处错误：\n{error}", err=True)
    except PeriodError:
        typer.echo("期别写法不对：应为 2026-11、2026-Q4、2026-H2 或 2026", err=True)
    except (
        ArchiveError, ExportError, OfficeError, NotAllowed, NotAsApproved, NotClosed, clock.ClockError, SealError,
        StoreError, NotReleasable, NeedRefused,
    ) as error:  # fmt: skip
        typer.echo(str(error), err=True)
    else:
        return
    raise typer.Exit(1)


def _office():  # noqa: ANN202 - imported late, to keep `--help` quick
    from bidui.pipeline.office import Office

    return Office.from_environment()


# --- policy ------------------------------------------------------------------------------------------------------
@policy_app.command("check")
def policy_check(
    profile: Profile,
    include: Include = Path("include"),
) -> None:
    """检查制度数据：错误一次列全，逐条写明文件、行号和改法。"""
    from bidui.pipeline.check import check

    policy, found = check(include, profile)
    for fault in found:
        typer.echo(str(fault), err=True)
    if found or policy is None:
        files = len({fault.file for fault in found})
        typer.echo(f"制度数据有 {len(found)} 处错误，涉及 {files} 个文件；改好后请再检查一遍。", err=True)
        raise typer.Exit(1)
    typer.echo(
        f"{policy.profile.title}：数据集 {len(policy.contracts)} 个，协议 {len(policy.agreements)} 份，"
        f"规则 {len(policy.rules)} 条，交付 {len(policy.recipes)} 种；"
        f"制度版本 {policy.hash[:12]}，没有错误。"
    )


@policy_app.command("diff")
def policy_diff(
    a: Annotated[str, typer.Argument(help="县（市）配置，可带日期：配置 或者 配置@年-月-日")],
    b: Annotated[str, typer.Argument(help="与之比较的配置，写法相同；都不写日期的按今天")],
    as_json: Annotated[bool, typer.Option("--json", help="按 JSON 输出")] = False,
    include: Include = Path("include"),
) -> None:
    """比较两个县（市）的制度，或者一个县在两个日期的制度：只列不同之处。"""
    import json

    from bidui.pipeline import policy_diff as use_case

    with _said():
        try:
            sides = use_case.Side.parse(a, b, lambda: clock.now().date())
        except ValueError:
            raise typer.BadParameter("日期写法不对：应为 配置@年-月-日，日期形如 2026-06-01") from None
        found = use_case.differences(include, *sides)
        made = json.dumps(use_case.as_json(*sides, found), ensure_ascii=False, indent=2) if as_json else None
        typer.echo(made or use_case.page(*sides, found))


@policy_app.command("apply")
def policy_apply() -> None:
    """按制度数据建立或扩展数据表，并登记制度版本。"""
    from bidui.pipeline.apply import apply_policy

    with _said():
        for line in apply_policy(_office(), clock.now()):
            typer.echo(line)


# --- the catalogue -----------------------------------------------------------------------------------------------
@catalogue_app.command("diff")
def catalogue_diff(
    profile: Profile,
    include: Include = Path("include"),
) -> None:
    """与最近发布的一版目录比较：新增、停止共享、兼容和不兼容的变更。不写任何文件。"""
    from bidui.pipeline.publish import changes

    with _said():
        policy = load(include, profile)
        newest = policy.releases.newest
        typer.echo(f"最近发布：{newest.number}（{newest.in_force_from} 起生效）" if newest else "还没有发布过目录。")
        _tell_changes(changes(policy))


@catalogue_app.command("publish")
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

    with _said():
        policy, begins = load(include, profile), Period.parse(in_force_from)
        _tell_changes(found := use_case.changes(policy))
        if not found:
            return
        today = clock.now().astimezone(ZoneInfo(policy.profile.time_zone)).date()
        planned = use_case.plan(policy, begins, [use_case.agreed_of(one) for one in agreed or ()], today)
        done = "将写" if dry_run else "已写"
        for file in sorted(map(str, planned.files)) if dry_run else use_case.publish(policy, planned):
            typer.echo(f"{done} {file}")
        typer.echo(f"{'可以发布' if dry_run else '已发布'}：{planned.release.number}，{begins} 起生效。")


def _tell_changes(changes) -> None:  # noqa: ANN001 - imported late
    kinds = {"added": "新增", "ended": "停止", "compatible": "兼容", "breaking": "不兼容"}
    for change in changes:
        versions = " → ".join(filter(None, (change.before, change.after)))
        typer.echo(f"{kinds[change.kind]}　{change.dataset} {versions}　{change.said}")
    if not changes:
        typer.echo("没有变更，无可发布。")


@catalogue_app.command("export")
def catalogue_export(
    profile: Profile,
    to: Annotated[Path, typer.Option(help="写到哪个文件夹")],
    include: Include = Path("include"),
) -> None:
    """导出政务信息资源目录：工作簿（报目录主管部门）和 DCAT（JSON-LD，供其他目录系统收割）。可以重复运行。"""
    from bidui.pipeline.catalogue import export

    with _said():
        policy = load(include, profile)
        day = clock.now().astimezone(ZoneInfo(policy.profile.time_zone)).date()
        for path in export(policy, to, day):
            typer.echo(path)


@app.command()
def forms(
    profile: Profile,
    party: Annotated[str, typer.Option(help="报送单位代号")],
    to: Annotated[Path, typer.Option(help="写到哪个文件夹")],
    period: Annotated[str | None, typer.Option(help="期别，如 2026-12；默认本月")] = None,
    region: Annotated[str | None, typer.Option(help="乡镇（县区）代码，报送单位是地区时")] = None,
    include: Include = Path("include"),
) -> None:
    """写出一个单位所报各数据的空白报送表和填报说明，与月初随报送通知所发的相同。可以重复运行。"""
    from bidui.domain.period import Period
    from bidui.pipeline.forms import write

    with _said():
        policy = load(include, profile)
        if party not in policy.agreements:
            raise typer.BadParameter(f"本县没有报送单位 {party}：应为 {'、'.join(policy.agreements)}")
        today = clock.now().astimezone(ZoneInfo(policy.profile.time_zone)).date()
        for path in write(policy, party, region, Period.parse(period) if period else Period.month_of(today), to):
            typer.echo(path)


@app.command()
def migrate() -> None:
    """把数据库结构升级到最新版本。"""
    from bidui.pipeline.apply import migrate_up

    with _said():
        migrate_up(_office())
        typer.echo("数据库结构已是最新。")


# --- agreements --------------------------------------------------------------------------------------------------
@agreement_app.command("print")
def agreement_print(
    profile: Profile,
    to: Annotated[Path, typer.Option(help="写到哪个文件（.docx）；印全部时写到哪个文件夹")],
    party: Annotated[str | None, typer.Argument(help="单位代号")] = None,
    every: Annotated[bool, typer.Option("--all", help="印全部单位的")] = False,
    on: Annotated[str | None, typer.Option(help="按哪一天的制度和用语，如 2027-01-01；默认今天")] = None,
    include: Include = Path("include"),
) -> None:
    """把与一个单位（或者全部单位）的数据共享协议印成 Word 文件，供双方签署。可以重复运行。"""
    from datetime import date

    from bidui.pipeline import agreement_page as use_case

    with _said():
        policy = load(include, profile)
        try:
            day = date.fromisoformat(on) if on else clock.now().astimezone(ZoneInfo(policy.profile.time_zone)).date()
        except ValueError:
            raise typer.BadParameter(f"日期写法不对：{on}，应形如 2027-01-01") from None
        if every == bool(party):
            raise typer.BadParameter("写明一个单位代号，或者用 --all 印全部单位的")
        if party and party not in use_case.printable(policy):
            raise typer.BadParameter(f"本县没有要签协议的单位 {party}：应为 {'、'.join(use_case.printable(policy))}")
        for path in [use_case.write(policy, party, day, to)] if party else use_case.write_all(policy, day, to):
            typer.echo(path)


# --- keys --------------------------------------------------------------------------------------------------------
@keys_app.command("init")
def keys_init() -> None:
    """建立中心的密钥和证书签发机构；已有的不会覆盖。"""
    from bidui.sealing import authority

    with _said():
        now = clock.now()
        keys = authority.create_hub_keys(_office().keys, now=now, next_update=now + REVOCATIONS_LAST)
        typer.echo(f"中心公钥（发给各部门加密用）：{keys.recipient}")


@keys_app.command("escrow")
def keys_escrow(target: Annotated[Path, typer.Argument(help="私钥写到哪个文件（放在移动介质上带走）")]) -> None:
    """建立异地保管密钥：私钥写到指定文件，由保管人带走；本中心只留公钥。没有它不能做备份。"""
    from bidui.pipeline.certify import create_escrow

    with _said():
        recipient = create_escrow(_office(), target)
        typer.echo(f"异地保管公钥：{recipient}\n私钥：{target}（交保管人带走，本机不得留存；它能单独打开每一份备份）")


@keys_app.command("certify")
def keys_certify(contact: str, days: Annotated[int, typer.Option(help="有效天数")] = 730) -> None:
    """给一名在册联系人签发签名证书并登记。"""
    from bidui.pipeline.certify import certify

    with _said():
        certificate, key = certify(_office(), contact, clock.now(), days)
        typer.echo(f"证书：{certificate}\n私钥（当面交给本人后删除）：{key}")


@keys_app.command("revoke")
def keys_revoke(certificate: Path) -> None:
    """吊销一份证书：此后用它签名的文件一律退回。"""
    from bidui.pipeline.certify import revoke

    with _said():
        revoke(_office(), certificate, clock.now(), REVOCATIONS_LAST)
        typer.echo("已吊销，并重新发布吊销列表。")


@keys_app.command("renew")
def keys_renew() -> None:
    """重新发布证书吊销列表（每60日内至少一次；过期后一切系统交换包都不能验证）。"""
    from bidui.sealing import authority

    with _said():
        now = clock.now()
        authority.renew_revocations(_office().keys, now=now, next_update=now + REVOCATIONS_LAST)
        typer.echo(f"吊销列表有效至 {(now + REVOCATIONS_LAST).date()}。")


@keys_app.command("password")
def keys_password(party: str, period: str, region: Annotated[str | None, typer.Option(help="乡镇代码")] = None) -> None:
    """查询与某部门（或乡镇）当期的约定密码，供电话告知。"""
    from bidui.domain.period import Period
    from bidui.pipeline.unseal import password

    with _said():
        typer.echo(password(_office(), party, region, str(Period.parse(period))))


# --- contacts ----------------------------------------------------------------------------------------------------
@contacts_app.command("export")
def contacts_export(
    to: Annotated[Path, typer.Option(help="写到哪个文件（.xlsx）")],
    blank: Annotated[str | None, typer.Option(help="只写这个单位的空白名单（单位代号），供其填报")] = None,
) -> None:
    """按通知附表导出在册联系人名单，附证书指纹和在册起止日期；含个人信息，请妥善保管。"""
    from bidui.pipeline import contact_list as use_case
    from bidui.pipeline.catalogue import ExportError, put

    with _said():
        office, now = _office(), clock.now()
        if blank and blank not in office.policy.agreements:
            raise typer.BadParameter(f"本县没有单位 {blank}：应为 {'、'.join(office.policy.agreements)}")
        made = use_case.blank(office.policy, blank, office.today(now)) if blank else use_case.export(office, now)
        if made is None:
            raise ExportError(f"{blank} 不报联系人名单，没有空白表")
        try:
            typer.echo(put(to, made))
        except OSError as error:
            raise ExportError(f"名单写不进 {to}：{error.strerror or type(error).__name__}") from None


@contacts_app.command("take")
def contacts_take(
    write: Annotated[bool, typer.Option("--write", help="写入在册名单；不写这一项只列出")] = False,
) -> None:
    """核对各单位最近报来的联系人名单与在册名单：新增、变更、离任；写入后请核对并提交。"""
    from bidui.pipeline import contact_list as use_case

    kinds = {"new": "新增", "changed": "变更", "gone": "离任", "unclear": "待核"}
    with _said():
        office, now = _office(), clock.now()
        found = use_case.compare(office, now)
        for change in found:
            contact, until = change.contact, f"，登记至 {change.contact.valid_to} 止" if change.kind == "gone" else ""
            who = f"{office.policy.name_of(change.party)}　{contact.id}　{contact.name}　{contact.email}"
            typer.echo(f"{kinds[change.kind]}　{who}{until}{f'：{change.reason}' if change.reason else ''}")
        if not found:
            typer.echo("收到的名单与在册名单一致，不用改。")
        elif write:
            use_case.take(office, found)
            typer.echo("已写入在册名单，待核的除外；请核对后提交。")


# --- the month ---------------------------------------------------------------------------------------------------
@app.command()
def watch(every: Annotated[float, typer.Option(help="每隔几秒看一次")] = 2.0) -> None:
    """守候交换文件夹和邮箱：登记收到的文件，并在 Airflow 中启动接收。"""
    from bidui.orchestration.rest import Airflow
    from bidui.orchestration.watch import watch as keep_watching

    with _said():
        office = _office()
        keep_watching(office, Airflow.of(office, os.environ["BIDUI_WEB"]), every, lambda line: typer.echo(line))


@app.command()
def receive(
    file: Path,
    party: Annotated[str, typer.Option(help="报送单位代号")],
    dataset: Annotated[str, typer.Option(help="数据集代号，如 部门.数据集")],
    contact: Annotated[str | None, typer.Option(help="联系人代号")] = None,
) -> None:
    """不经 Airflow，直接接收一个文件并回复报送单位。"""
    from bidui.pipeline import deliver
    from bidui.pipeline.arrive import Origin, arrive
    from bidui.pipeline.receive import receive as use_case

    with _said():
        office, now = _office(), clock.now()
        stamp = file.stat().st_mtime_ns
        arrived = arrive(
            office,
            file.read_bytes(),
            file.name,
            Origin("folder", f"{party}/{file.name}@{stamp}", party, contact),
            dataset,
            now,
        )
        got = use_case(office, arrived.arrival_id)
        deliver.reply(office, arrived.arrival_id, now)
        words = office.policy.codes["intake_outcome"].label_of(got.outcome, now.date())
        typer.echo(f"{words}：{arrived.run_key}" + (f"（{got.reason}）" if got.reason else ""))
        typer.echo(
            "，".join(
                f"{name} {got.facts[key]}"
                for name, key in (("读到", "read"), ("入库", "accepted"), ("隔离", "quarantined"))
                if key in got.facts
            )
        )


@app.command("open-month")
def open_month(period: str) -> None:
    """月初部署：给各应报单位发数据报送通知。可以重复运行，不会重发。"""
    _deliver("open", period)


@app.command()
def close(period: str) -> None:
    """比对一个月：运行全部规则，归并线索，登记案卷。可以重复运行。"""
    from bidui.domain.period import Period
    from bidui.pipeline.conclude import close as use_case

    with _said():
        done = use_case(_office(), str(Period.parse(period)), clock.now())
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
    """告知 Airflow：某月已（在命令行）比对完毕，据此触发交付；三个月齐了触发季度汇总。"""
    import requests

    from bidui.domain.period import Period
    from bidui.orchestration.rest import MONTH_CLOSED, Airflow
    from bidui.orchestration.rest import announce as say_it
    from bidui.pipeline.deliver import rounds_of

    with _said():
        office, month = _office(), str(Period.parse(period))
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

    with _said():
        office, now = _office(), clock.now()
        for errand in use_case.errands(office, moment, str(Period.parse(period)), now):
            if sent := use_case.run(office, errand, now):
                if sent.awaiting:
                    ask(office, sent.delivery_id, now)
                state = (
                    f"待审批（{'、'.join(_role(office, role) for role in sent.awaiting)}），已送审"
                    if sent.awaiting
                    else f"发出 {sent.accepted} 封，失败 {sent.failed} 封"
                )
                typer.echo(f"{office.policy.recipes[errand.recipe].title} → {errand.recipient}：{state}")


@app.command()
def pending() -> None:
    """列出等待审批的文件，各由谁决定。"""
    from bidui.pipeline.approve import waiting

    with _said():
        office = _office()
        for delivery, title, period, role in waiting(office):
            who = "、".join(office.policy.profile.approvers[role])
            typer.echo(f"{delivery}\t{period}\t{title}\t待{_role(office, role)}（{who}）")


@app.command()
def approve(delivery: str, by: Annotated[str, typer.Option(help="审批人（联系人代号）")],
            reject: Annotated[bool, typer.Option("--reject", help="退回而不是同意")] = False,
            remark: Annotated[str, typer.Option(help="意见（不写姓名和证件号码）")] = "") -> None:  # fmt: skip
    """审批一份待发文件：按环节依次决定；全部同意后由每日督办发出，退回的改好后再运行一次 deliver，另行送审。"""
    from bidui.pipeline.approve import approve as use_case
    from bidui.pipeline.approve import ask

    with _said():
        office, now = _office(), clock.now()
        role = use_case(office, delivery, by, now, "rejected" if reject else "approved", remark=remark)
        typer.echo(f"{_role(office, role)}：已{'退回' if reject else '同意'}。")
        if not reject and (following := ask(office, delivery, now)):
            typer.echo(f"转入下一环节：{_role(office, following.role)}（{'、'.join(following.approvers)}）。")


def _role(office: Any, role: str) -> str:
    """What people call an approval role."""
    return str(office.policy.codes["approval_role"].label_of(role, office.today(clock.now())))


@app.command("follow-up")
def follow_up() -> None:
    """每日督办：发出已批准的、重发未送达的、提醒逾期的。"""
    from bidui.pipeline.follow_up import remind, send_waiting

    with _said():
        office, now = _office(), clock.now()
        done = send_waiting(office, now)
        typer.echo(
            f"发出 {done.sent} 封，仍待审批 {done.awaiting} 份，失败 {done.failed} 封，"
            f"没有在册联系人的 {done.unaddressed} 份，与批准时不一致而未发的 {done.altered} 份，"
            f"提醒 {remind(office, now)} 封"
        )


# --- registered needs --------------------------------------------------------------------------------------------
Fields = Annotated[str, typer.Option("--fields", help="只给其中几项，用顿号或逗号隔开；不写的全给")]


@need_app.command("record")
def need_record(
    form: Annotated[Path, typer.Argument(help="共享需求登记表（YAML）", exists=True, dir_okay=False)],
) -> None:
    """登记一项共享需求；同样的内容只登记一次。目录列为不予共享的，随即答复不同意并写明依据。"""
    from bidui.pipeline import need as use_case

    with _said():
        office, now = _office(), clock.now()
        made = use_case.record(office, form.read_bytes(), now)
        found = next(one for one in use_case.listed(office, now) if one.need.need_id == made.need_id)
        typer.echo(_told_need(office, found))


@need_app.command("list")
def need_list(
    every: Annotated[bool, typer.Option("--all", help="连同已经答复的")] = False,
) -> None:
    """列出待答复的共享需求和答复期限，逾期的标明。"""
    from bidui.pipeline import need as use_case

    with _said():
        office, now = _office(), clock.now()
        for found in use_case.listed(office, now):
            if every or found.need.decision is None:
                typer.echo(_told_need(office, found))


def _told_need(office: Any, found: Any) -> str:
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
        state = f"不同意：{office.policy.codes['need_refusal'].label_of(need.reason, day)}（{need.said}）"
    return f"{need.number}\t{need.party}\t{dataset}\t{state}"


@need_app.command("grant")
def need_grant(need: str, by: Annotated[str, typer.Option(help="答复人（联系人代号）")], fields: Fields = "") -> None:
    """同意一项共享需求，并把答复发给申请单位。"""
    from bidui.pipeline import need as use_case

    with _said():
        made = use_case.grant(_office(), need, by, clock.now(), _items(fields))
        typer.echo(f"{made.number} 已同意：{'、'.join(made.granted)}；期限 {made.term_from} 至 {made.term_to}。")


@need_app.command("refuse")
def need_refuse(
    need: str,
    by: Annotated[str, typer.Option(help="答复人（联系人代号）")],
    reason: Annotated[str, typer.Option(help="理由（字典 need_refusal 中的代码或者名称）")],
    said: Annotated[str, typer.Option(help="所依据的规定或者说明")],
) -> None:
    """不同意一项共享需求，说明理由，并把答复发给申请单位。"""
    from bidui.pipeline import need as use_case

    with _said():
        made = use_case.refuse(_office(), need, by, clock.now(), reason, said)
        typer.echo(f"{made.number} 已答复不同意：{made.said}")


@need_app.command("serve")
def need_serve(
    need: str,
    period: Annotated[str | None, typer.Option(help="期别，如 2026-11；默认最近一个交换窗口的月份")] = None,
    fields: Fields = "",
) -> None:
    """按同意的项目和期限提供数据：加密后发给申请单位。可以重复运行，同一期不会重发。"""
    from bidui.domain.period import Period
    from bidui.pipeline import need as use_case

    with _said():
        asked = str(Period.parse(period)) if period else None
        sent = use_case.serve(_office(), need, clock.now(), asked, _items(fields))
        typer.echo(f"发出 {sent.accepted} 封，失败 {sent.failed} 封；打开密码用 need password 查询，电话告知。")


@need_app.command("password")
def need_password(need: str, period: str) -> None:
    """查询按一项共享需求提供的某一期数据的打开密码，供电话告知。"""
    from bidui.domain.period import Period
    from bidui.pipeline import need as use_case

    with _said():
        typer.echo(use_case.password(_office(), need, str(Period.parse(period))))


def _items(fields: str) -> tuple[str, ...]:
    """The items of an option."""
    return tuple(item.strip() for item in re.split("[,，、]", fields) if item.strip())


@app.command()
def explain(household: str) -> None:
    """说明某户为什么在（或不在）线索名单上：行、文件、规则、版本、条款，一页纸。"""
    from bidui.pipeline.explain import explain as use_case
    from bidui.pipeline.explain_page import page

    with _said():
        office, now = _office(), clock.now()
        found = use_case(office, household, now)
        if found is None:
            typer.echo(f"本中心没有户编号 {household} 的任何记录，请核对编号。", err=True)
            raise typer.Exit(1)
        typer.echo(page(office, found, now))


# --- snapshots -----------------------------------------------------------------------------------------------------
@app.command()
def snapshot(period: Annotated[str | None, typer.Option(help="期别，如 2026-Q4；默认本月")] = None) -> None:
    """备份：数据库、角色和密封库，加密给两把密钥，放进 backup 文件夹。每季和重大变更前各做一次。"""
    from bidui.domain.period import Period
    from bidui.pipeline.snapshot import take

    with _said():
        office, now = _office(), clock.now()
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

    with _said():
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

    with _said():
        _tell_restored(use_case(_office(), clock.now(), period=str(Period.parse(period)) if period else None))


def _tell_restored(done) -> None:  # noqa: ANN001 - imported late
    typer.echo(
        f"{done.snapshot_id}：恢复 {done.tables} 张表 {done.rows} 行，密封库 {done.objects} 份，{done.seconds:.1f} 秒"
    )
    if done.differences:
        typer.echo(f"与备份时有 {len(done.differences)} 处不同，启用前请逐条核对：", err=True)
        typer.echo("\n".join(done.differences), err=True)
        raise typer.Exit(1)
    typer.echo("逐表核对：行数、内容、角色、权限、结构全部一致。")


# --- the demo and the project ------------------------------------------------------------------------------------
@app.command()
def synth(
    out: Path,
    profile: Profile,
    seed: Annotated[int, typer.Option(help="随机种子")] = 1,
    scale: Annotated[float, typer.Option(help="规模，1 为一个县")] = 1.0,
    months: Annotated[int, typer.Option(help="月数")] = 2,
    first: Annotated[str, typer.Option(help="第一个月")] = "2026-10",
    include: Include = Path("include"),
) -> None:
    """生成真相已知的合成县：各方文件和 truth.jsonl。"""
    from bidui.domain.period import Period
    from bidui.synth import make

    with _said():
        begin = Period.parse(first)
        made = make(
            include, profile, out, seed=seed, scale=scale, periods=[str(begin.shift(step)) for step in range(months)]
        )
        typer.echo(
            f"{made.households} 户 {made.persons} 人，另 {made.outsiders} 人；"
            f"文件 {len(made.files)} 个，真相 {made.truth}"
        )


@app.command()
def clauses(
    profile: Profile,
    as_json: Annotated[bool, typer.Option("--json", help="按 JSON 输出")] = False,
    include: Include = Path("include"),
) -> None:
    """条款落实情况：每条条款由什么落实、证据是什么、还缺什么；数据库可用时附本中心台账的件数。"""
    import json

    from bidui.pipeline import clauses as use_case
    from bidui.pipeline import clauses_page

    with _said():
        policy = load(include, profile)
        found = use_case.standings(policy, _ledger_of(policy))
        made = json.dumps(clauses_page.data(policy, found), ensure_ascii=False, indent=2) if as_json else None
        typer.echo(made or clauses_page.text(policy, found))


def _ledger_of(policy: Any) -> dict[str, int] | None:
    """The results in the ledger of the office at hand; None where there is none, or none of this profile."""
    from bidui.pipeline.clause_results import results
    from bidui.pipeline.office import OfficeError
    from bidui.store.database import StoreError

    try:
        office = _office()
    except OfficeError:
        return None
    if office.profile != policy.profile.id:
        return None
    try:
        return results(office.database, policy)
    except (OSError, StoreError) as fault:
        typer.echo(f"本中心的台账读不到（{type(fault).__name__}），下面只列随项目提交的证据。", err=True)
        return None


@app.command()
def docs(profile: Profile, check: Annotated[bool, typer.Option("--check", help="只检查是否过期")] = False) -> None:
    """由制度数据和 DAG 生成 docs/generated/ 的各页。"""
    from bidui.pipeline.document import stale, write

    with _said():
        root = Path.cwd()
        if check:
            if old := stale(root, profile):
                typer.echo("下列生成文档已过期，请运行 make docs：\n" + "\n".join(old), err=True)
                raise typer.Exit(1)
            return
        for name in write(root, profile):
            typer.echo(name)
