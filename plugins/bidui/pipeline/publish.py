"""Publishing the catalogue (HY-03): what was agreed with the agencies becomes a release, which nobody edits again.

The working files are compared with the newest release. What differs has to bear a higher version, as much higher as it
matters, and the party that provides it has to have agreed. Nothing that is there is ever written over.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bidui.domain.period import Period
from bidui.policy import release
from bidui.policy.changes import Weight, differences, ordered, raised, weight
from bidui.policy.contract import Contract
from bidui.policy.policy_set import PolicySet
from bidui.policy.release import Agreed, Change, Release, Stated

_AGREED = re.compile(r"([^=@\s]+)=([^=@\s]+)@(\d{4}-\d{2}-\d{2})")
_WEIGHTS = {Weight.TEXT: "文字修改", Weight.COMPATIBLE: "兼容变更", Weight.BREAKING: "不兼容变更"}


class NotReleasable(ValueError):  # noqa: N818 - what it is
    """The catalogue cannot be released as it is; the text (Chinese) says why, one reason a line."""


@dataclass(frozen=True)
class Planned:
    """A release as it would be written."""

    release: Release
    files: Mapping[Path, bytes]
    """File under ``include/`` → content: the contracts that no release has frozen yet, and at last the release."""


def agreed_of(stated: str) -> Agreed:
    """What ``party=contact@YYYY-MM-DD`` says; NotReleasable when it says something else."""
    found = _AGREED.fullmatch(stated)
    try:
        if found:
            return Agreed(party=found[1], contact=found[2], on=date.fromisoformat(found[3]))
    except ValueError:
        pass  # a day that no calendar has
    raise NotReleasable(f"{stated}：写法不对，应为 单位=联系人@日期，日期如 2026-12-08")


def changes(policy: PolicySet) -> list[Change]:
    """What the working files change in the newest release, in order of dataset; nothing, when there is nothing new."""
    before, after = _released(policy), policy.contracts
    judged = (_change(dataset, before.get(dataset), after.get(dataset)) for dataset in before.keys() | after.keys())
    return sorted(filter(None, judged), key=lambda change: change.dataset)


def _change(dataset: str, old: Contract | None, new: Contract | None) -> Change | None:
    if old and new:
        different = differences(old, new)
        if not different:
            return None
        kind = "breaking" if weight(different) is Weight.BREAKING else "compatible"
        said = "；".join(d.said for d in different)
    else:
        title = there.title if (there := new or old) else dataset
        kind, said = ("added", f"新增《{title}》") if new else ("ended", f"停止共享《{title}》")
    versions = {"from": old.version if old else None, "to": new.version if new else None}
    return Change.model_validate({"dataset": dataset, **versions, "kind": kind, "said": said})


def plan(policy: PolicySet, in_force_from: Period, agreed: Sequence[Agreed], today: date) -> Planned:
    """The release that would be made ``today``.

    Raises:
        NotReleasable: with every reason why it cannot be made; one is that nothing has changed.
    """
    found = changes(policy)
    copies = {
        release.copy_of(c.id, c.version): (policy.include / c.file).read_bytes() for c in policy.contracts.values()
    }
    reasons = ["没有变更，无可发布"] if not found else [
        *_not_raised(policy, found), *_not_agreed(policy, found, agreed, today),
        *_not_now(policy, in_force_from, today), *_in_the_way(policy, copies),
    ]  # fmt: skip
    if reasons:
        raise NotReleasable("\n".join(reasons))
    number = _number(policy, today)
    made = Release(
        number=number, released_on=today, in_force_from=str(in_force_from), agreed=tuple(agreed),
        contracts={d: Stated(version=c.version, hash=c.hash) for d, c in sorted(policy.contracts.items())},
        changes=tuple(found), file=str(release.FOLDER / f"{number}.yaml"),
    )  # fmt: skip
    new = {path: data for path, data in copies.items() if not (policy.include / path).exists()}
    return Planned(made, {**new, Path(made.file): _as_yaml(made)})


def publish(policy: PolicySet, planned: Planned) -> list[str]:
    """Write the copies and then the release, which is what makes them one; returns the files, relative to include/.

    Raises:
        NotReleasable: somebody else has just released under the same number; nothing of theirs is touched.
    """
    (policy.include / release.FOLDER / "contracts").mkdir(parents=True, exist_ok=True)
    for path, data in planned.files.items():
        _write_new(policy.include / path, data)
    return [str(path) for path in planned.files]


def _released(policy: PolicySet) -> dict[str, Contract]:
    """The contracts of the newest release."""
    newest = policy.releases.newest
    stated = newest.contracts if newest else {}
    return {dataset: policy.releases.frozen[dataset, s.version] for dataset, s in stated.items()}


def _not_raised(policy: PolicySet, found: Sequence[Change]) -> Iterator[str]:
    for change in found:
        new, earlier = policy.contracts.get(change.dataset), policy.releases.versions.get(change.dataset)
        if new is None or earlier is None:
            continue
        old = earlier[-1]
        different = differences(old, new)
        least = raised(old.version, weight(different))
        if different and ordered(new.version) < ordered(least):
            yield (
                f"{new.file}：有{_WEIGHTS[weight(different)]}（{'；'.join(d.said for d in different)}），"
                f"版本号应由 {old.version} 升到 {least} 或更高，现为 {new.version}；请改 version 后再发布"
            )


def _not_agreed(policy: PolicySet, found: Sequence[Change], agreed: Sequence[Agreed], today: date) -> Iterator[str]:
    """Every provider of what changes has to have agreed, by a contact on record where it has an agreement here."""
    said = {a.party for a in agreed}
    providers = {policy.party_on(policy.ever[change.dataset].party, today) for change in found}
    if missing := sorted(providers - said):
        yield f"尚未征得提供单位同意：{'、'.join(missing)}；请逐一征求意见，用 --agreed 单位=联系人@日期 写明（HY-03）"
    parties = {c.party for c in policy.ever.values()} | policy.agreements.keys()
    for one in agreed:
        made = policy.agreements.get(one.party)
        if one.party not in parties:
            yield f"{one.party}：没有这个单位；单位代号见 agreements 文件夹"
        elif made and not any(c.id == one.contact and c.in_force(one.on) for c in made.contacts):
            yield f"{one.party}：{one.contact} 在 {one.on} 不是该单位在册的联系人"
        if one.on > today:
            yield f"{one.party}：同意日期 {one.on} 晚于今天（{today}）"


def _not_now(policy: PolicySet, in_force_from: Period, today: date) -> Iterator[str]:
    """Releases follow one another; what a period runs with is settled before it begins."""
    newest = policy.releases.newest
    if in_force_from.months != 1:
        yield f"生效期别 {in_force_from} 应为一个月，如 2027-01"
    if newest is None:
        return
    if today < newest.released_on:
        yield f"今天（{today}）早于 {newest.number} 版的发布日期 {newest.released_on}；请检查时钟"
    if str(in_force_from) <= newest.in_force_from:
        yield f"生效期别 {in_force_from} 应晚于 {newest.number} 版的 {newest.in_force_from}"
    if in_force_from <= Period.month_of(today):
        yield f"生效期别 {in_force_from} 已经开始；已开始的期别不换目录，请从以后的月份起生效"


def _in_the_way(policy: PolicySet, copies: Mapping[Path, bytes]) -> Iterator[str]:
    """Copies that no release knows: of an attempt that broke off they say what is to be said, others are left alone."""
    known = {release.copy_of(*key) for key in policy.releases.frozen}
    for path in sorted(copies.keys() - known):
        if (policy.include / path).exists() and (policy.include / path).read_bytes() != copies[path]:
            yield f"{path}：不属于任何一版目录，内容与现在的契约不同；请核对后删去，再发布"


def _number(policy: PolicySet, today: date) -> str:
    before = [known.place[1] for known in policy.releases.known if known.place[0] == today.year]
    return f"{today.year}-{max(before, default=0) + 1}"


def _as_yaml(made: Release) -> bytes:
    """The release as people read it: one line for each agreement, contract and change."""
    stated: dict[str, Any] = made.model_dump(by_alias=True, exclude={"hash", "file"}, exclude_none=True)
    stated["hash"] = release.hash_of(stated)
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style, writer.allow_unicode, writer.width = None, True, 10_000
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    writer.representer.ignore_aliases = lambda data: True  # a day that stands twice is written twice
    text = io.StringIO()
    writer.dump(stated, text)
    return text.getvalue().encode()


def _write_new(path: Path, data: bytes) -> None:
    """A file that is whole or not there, never over one that is."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(data)
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        raise NotReleasable(f"{path.name} 刚由别人写入，未作改动；请重新比较后再发布") from None
    finally:
        temporary.unlink()
