"""``policy``: check what stands in ``include/``, compare it, put it in force."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from bidui.cli.console import Include, Profile, faults_told, office_here
from bidui.orchestration import clock

app = typer.Typer(no_args_is_help=True, help="制度数据（include/）：检查和启用。")


@app.command("check")
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
    finding = [rule for rule in policy.rules.values() if rule.stage in ("compare", "screen")]
    typer.echo(
        f"{policy.profile.title}：数据集 {len(policy.contracts)} 个，协议 {len(policy.agreements)} 份，"
        f"比对筛查规则 {len(finding)} 条，其他查询 {len(policy.rules) - len(finding)} 条，"
        f"交付 {len(policy.recipes)} 种；"
        f"制度版本 {policy.hash[:12]}，没有错误。"
    )


@app.command("diff")
def policy_diff(
    a: Annotated[str, typer.Argument(help="县（市）配置，可带日期：配置 或者 配置@年-月-日")],
    b: Annotated[str, typer.Argument(help="与之比较的配置，写法相同；都不写日期的按今天")],
    as_json: Annotated[bool, typer.Option("--json", help="按 JSON 输出")] = False,
    include: Include = Path("include"),
) -> None:
    """比较两个县（市）的制度，或者一个县在两个日期的制度：只列不同之处。"""
    from bidui.pipeline import policy_diff as use_case

    with faults_told():
        try:
            sides = use_case.Side.parse(a, b, lambda: clock.now().date())
        except ValueError:
            raise typer.BadParameter("日期写法不对：应为 配置@年-月-日，日期形如 2026-06-01") from None
        found = use_case.differences(include, *sides)
        made = json.dumps(use_case.as_json(*sides, found), ensure_ascii=False, indent=2) if as_json else None
        typer.echo(made or use_case.page(*sides, found))


@app.command("apply")
def policy_apply() -> None:
    """按制度数据建立或扩展数据表，并登记制度版本。"""
    from bidui.pipeline.apply import apply_policy

    with faults_told():
        for line in apply_policy(office_here(), clock.now()):
            typer.echo(line)
