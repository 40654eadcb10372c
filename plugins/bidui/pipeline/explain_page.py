"""The explanation as one A4 page of Chinese text."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from bidui.domain.period import Period
from bidui.pipeline.explain import Explanation, Ground, Lead, Source
from bidui.pipeline.office import Office
from bidui.pipeline.recipients import Recipient, named


def page(office: Office, found: Explanation, as_of: datetime) -> str:
    """The page; ``as_of`` is when the question was asked."""
    lines = [f"线索说明　户编号 {found.household}　（截至 {_time(office, as_of)}）", ""]
    if not found.leads:
        lines.append("本户没有线索：已运行的规则都没有在本户发现风险事实。")
    for lead in found.leads:
        lines += _lead(office, lead, as_of)
    if found.unknown:
        lines += ["", "暂不能判断（成员可能就是对方证件号码有误的某一行，不按“查无此人”处理）："]
        lines += [f"  {period}　{rule}　{_why(office, reason, as_of)}" for period, rule, reason in found.unknown]
    if found.frozen:
        lines += ["", "冻结的规则（数据未到、不完整或者不能用于此项，对任何户都不作判断）："]
        lines += [
            f"  {period}　{rule}　《{_title(office, dataset, period)}》{_why(office, reason, as_of)}"
            for period, rule, dataset, reason in found.frozen
        ]
    lines += ["", "参考数据，不作为法定数据。"]
    return "\n".join(lines)


def _lead(office: Office, lead: Lead, as_of: datetime) -> list[str]:
    day = as_of.date()
    label = office.policy.codes["level"].label_of(lead.level, day)
    lines = [f"线索 {lead.lead_no}　{lead.period} 第 {lead.round} 轮　{label}　核查截止 {_due(office, lead.due)}"]
    for number, ground in enumerate(lead.grounds, 1):
        lines += _ground(office, number, ground, as_of)
    lines += [f"  已下发：交付编号 {no}（{_time(office, at)}）" for no, at in lead.deliveries] or ["  尚未下发。"]
    if not lead.events:
        lines.append("  核查结果：尚未反馈。")
    for at, event, value in lead.events:
        lines.append(f"  核查结果：{_outcome(office, event, value, as_of)}（{_time(office, at)} 收到）")
    return [*lines, ""]


def _ground(office: Office, number: int, ground: Ground, as_of: datetime) -> list[str]:
    cause = office.policy.codes["risk_cause"].label_of(ground.cause, as_of.date())
    said = cause if cause == ground.rule_title else f"{cause}，{ground.rule_title}"
    when = f"，事实日期 {ground.fact_date}" if ground.fact_date else ""
    money = f"，金额 {ground.amount:,.2f} 元" if ground.amount is not None else ""
    limits = "，".join(f"{name}={_told(value)}" for name, value in ground.parameters.items()) or "无"
    return [
        f"  {number}. {ground.who}：{said}{when}{money}",
        *(f"     依据：{_source(office, source, as_of)}，第 {source.row} 行" for source in ground.sources),
        *(f"     对照：{_source(office, source, as_of)}" for source in ground.others),
        *_calibres(office, ground),
        f"     规则：{ground.rule_title}（{ground.rule}，版本 {ground.rule_hash[:12]}），"
        f"参数 {limits}，条款 {'、'.join(ground.clauses)}",
        f"     运行：{ground.run_id[:12]}，制度版本 {ground.policy_hash[:12]}，"
        f"截至 {_time(office, ground.known_as_of)} 所知",
    ]


def _calibres(office: Office, ground: Ground) -> list[str]:
    """How each dataset that is cited is understood and compared, as agreed with who gives it (SQ-08)."""
    cited = {(source.dataset, source.party): source.period for source in (*ground.sources, *ground.others)}
    return [
        f"     口径：《{_title(office, dataset, period)}》{provision.calibre}。比对方法：{made.method}"
        for (dataset, party), period in cited.items()
        if (made := office.policy.agreements.get(party)) and (provision := made.provision(dataset))
    ]


def _source(office: Office, source: Source, as_of: datetime) -> str:
    dated = f"，数据截止日 {source.data_date}" if source.data_date else ""
    sheet = f"，表“{source.sheet}”" if source.sheet else ""
    title = _title(office, source.dataset, source.period)
    return (
        f"《{title}》{source.period} 期（契约 {source.contract_version}{dated}，"
        f"{_giver(office, source, as_of)} {_time(office, source.arrived_at)} 报送，文件 {source.package[:12]}{sheet}）"
    )


def _giver(office: Office, source: Source, as_of: datetime) -> str:
    """Who handed it in, as it is called now; after a reform, also as it was called then."""
    recipient = Recipient(source.party, source.scope)
    now, then = (named(office.policy, recipient, office.today(moment)) for moment in (as_of, source.arrived_at))
    return now if now == then else f"{now}（原{then}）"


def _outcome(office: Office, event: str, value: str | None, as_of: datetime) -> str:
    if event == "unanswered":
        return "未填结论"
    outcome, _, reason = (value or "").partition(":")
    label = office.policy.codes["visit_outcome"].label_of(outcome, as_of.date())
    return f"{label}（{office.policy.codes['refusal_reason'].label_of(reason, as_of.date())}）" if reason else label


def _due(office: Office, due: date) -> str:
    return f"{due}（暂定）" if office.policy.calendar.provisional(due) else str(due)


def _time(office: Office, moment: datetime) -> str:
    return moment.astimezone(office.zone).strftime("%Y-%m-%d %H:%M")


def _title(office: Office, dataset: str, period: str) -> str:
    contract = office.policy.ever.get(dataset)
    return contract.title_on(Period.parse(period).last_day) if contract else dataset


def _why(office: Office, reason: str, as_of: datetime) -> str:
    """A reason in the dictionary's words, after the number it may begin with."""
    number, _, words = reason.partition(" ")
    told, count = (words, f"（{number} 个）") if number.isdigit() else (reason, "")
    return office.policy.codes["reason"].label_of(told, as_of.date()) + count


def _told(value: Any) -> str:
    """A threshold in words: a list of codes with its codes side by side."""
    return "、".join(map(str, value)) if isinstance(value, list) else str(value)
