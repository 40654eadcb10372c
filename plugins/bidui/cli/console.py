"""What all commands share: their options, what stands for the office at hand, and faults told as one clear text."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from bidui.orchestration import clock
from bidui.policy.source import PolicyError

if TYPE_CHECKING:
    from bidui.pipeline.office import Office
    from bidui.policy.policy_set import PolicySet


def _no_profile() -> str:
    include = Path(os.environ.get("BIDUI_INCLUDE") or "include")
    known = sorted(path.stem for path in include.glob("profiles/*.yaml") if path.stem != "base")
    raise typer.BadParameter(
        f"没有写明县（市）配置：请加 --profile，或者设环境变量 BIDUI_PROFILE；现有 {'、'.join(known)}"
    )


def there(path: Path) -> Path:
    """A file that somebody names, which has to be there."""
    if not path.is_file():
        raise typer.BadParameter(f"没有文件 {path}")
    return path


Profile = Annotated[
    str,
    typer.Option(envvar="BIDUI_PROFILE", help="县（市）配置", default_factory=_no_profile, show_default=False),
]
Include = Annotated[Path, typer.Option(envvar="BIDUI_INCLUDE", help="制度数据文件夹")]


@contextmanager
def faults_told() -> Iterator[None]:
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
    except StoreError as error:
        advice = "请看 Postgres 是否在运行，BIDUI_DB（主机:端口/库名）和 BIDUI_HOME 下 secrets 中的口令是否相符"
        said = f"数据库连不上或者断开了：{advice}" if error.is_connection else "数据库没有接受这次操作"
        typer.echo(f"{said}（{error}）。", err=True)
    except (
        ArchiveError, ExportError, OfficeError, NotAllowed, NotAsApproved, NotClosed, clock.ClockError, SealError,
        NotReleasable, NeedRefused,
    ) as error:  # fmt: skip
        typer.echo(str(error), err=True)
    else:
        return
    raise typer.Exit(1)


def one_of(otherwise: str, said: str, known: Iterable[str]) -> str:
    """What was said, which has to be one of what is known; ``otherwise`` is told with all that is."""
    if said not in (names := list(known)):
        raise typer.BadParameter(f"{otherwise} {said}：应为 {'、'.join(names)}")
    return said


def office_here() -> Office:
    """The office of the environment; it is imported late, to keep ``--help`` quick."""
    from bidui.pipeline.office import Office

    return Office.from_environment()


def today(policy: PolicySet) -> date:
    """The day that it is at the hub."""
    return clock.now().astimezone(ZoneInfo(policy.profile.time_zone)).date()
