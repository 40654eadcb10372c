"""What all commands share: their options, what stands for the office at hand, and faults told as one clear text."""

from __future__ import annotations

from collections.abc import Iterator
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

Profile = Annotated[str, typer.Option(envvar="BIDUI_PROFILE", help="县（市）配置")]
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
    except (
        ArchiveError, ExportError, OfficeError, NotAllowed, NotAsApproved, NotClosed, clock.ClockError, SealError,
        StoreError, NotReleasable, NeedRefused,
    ) as error:  # fmt: skip
        typer.echo(str(error), err=True)
    else:
        return
    raise typer.Exit(1)


def office_here() -> Office:
    """The office of the environment; it is imported late, to keep ``--help`` quick."""
    from bidui.pipeline.office import Office

    return Office.from_environment()


def today(policy: PolicySet) -> date:
    """The day that it is at the hub."""
    return clock.now().astimezone(ZoneInfo(policy.profile.time_zone)).date()
