"""What belongs to no month: the database's structure, forms, clauses, generated pages, the synthetic hub."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bidui.cli.console import Include, Profile, faults_told, office_here, one_of, today
from bidui.orchestration import clock
from bidui.policy.loading import load

if TYPE_CHECKING:
    from bidui.policy.policy_set import PolicySet

app = typer.Typer()


@app.command()
def migrate() -> None:
    """把数据库结构升级到最新版本。"""
    from bidui.pipeline.apply import migrate_up

    with faults_told():
        migrate_up(office_here())
        typer.echo("数据库结构已是最新。")


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

    with faults_told():
        policy = load(include, profile)
        one_of("本县没有报送单位", party, policy.agreements)
        month = Period.parse(period) if period else Period.month_of(today(policy))
        for path in write(policy, party, region, month, to):
            typer.echo(path)


@app.command()
def synth(
    out: Annotated[Path, typer.Argument(help="写到哪个文件夹")],
    profile: Profile,
    seed: Annotated[int, typer.Option(help="随机种子")] = 1,
    scale: Annotated[float, typer.Option(help="规模，1 为一个县")] = 1.0,
    months: Annotated[int, typer.Option(help="月数")] = 2,
    first: Annotated[str | None, typer.Option(help="第一个月，如 2026-12；默认本月")] = None,
    include: Include = Path("include"),
) -> None:
    """生成真相已知的合成县：各方文件和 truth.jsonl。"""
    from bidui.domain.period import Period
    from bidui.synth import make
    from bidui.synth.source import SynthError

    with faults_told():
        begin = Period.parse(first) if first else Period.month_of(clock.now().date())
        periods = [str(begin.shift(step)) for step in range(months)]
        try:
            made = make(include, profile, out, seed=seed, scale=scale, periods=periods)
        except SynthError as fault:
            typer.echo(f"合成县做不成：{fault}", err=True)
            raise typer.Exit(1) from None
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
    from bidui.pipeline import clauses as use_case
    from bidui.pipeline import clauses_page

    with faults_told():
        policy = load(include, profile)
        found = use_case.standings(policy, _ledger_of(policy))
        made = json.dumps(clauses_page.data(policy, found), ensure_ascii=False, indent=2) if as_json else None
        typer.echo(made or clauses_page.text(policy, found))


def _ledger_of(policy: PolicySet) -> dict[str, int] | None:
    """The results in the ledger of the office at hand; None where there is none, or none of this profile."""
    from bidui.pipeline.clause_results import results
    from bidui.pipeline.office import OfficeError
    from bidui.store.database import StoreError

    try:
        office = office_here()
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

    with faults_told():
        root = Path.cwd()
        if check:
            if old := stale(root, profile):
                typer.echo("下列生成文档已过期，请运行 make docs：\n" + "\n".join(old), err=True)
                raise typer.Exit(1)
            return
        for name in write(root, profile):
            typer.echo(name)
