"""Small statements of the five systems, to feed truth's own evaluation with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from bidui.domain.period import Period
from bidui.synth.expect import Judge, Line
from bidui.synth.id_number import check_digit
from bidui.synth.naming import Sameness
from bidui.synth.settings import Boundaries, Statement
from bidui.synth.statements import (
    BenefitRow,
    CertificateRow,
    ExpenseRow,
    RegisterRow,
    RosterRow,
    Statements,
)

PERIOD = Period.parse("2026-10")
BEFORE = PERIOD.shift(-1)
FIRST, LAST = PERIOD.first_day, PERIOD.last_day
DAY = timedelta(days=1)


def number(birth: str = "19700101", order: int = 1) -> str:
    """A valid ID number."""
    first17 = f"990821{birth}{order:03d}"
    return first17 + check_digit(first17)


ANN, BEN, EVE = number(), number("19720202"), number("20100303")


def wrong(id_no: str, *places: int) -> str:
    """``id_no`` with other digits at ``places``."""
    return "".join(str((int(c) + 1) % 10) if i in places else c for i, c in enumerate(id_no))


def listed(
    id_no: str,
    *,
    household: str = "H1",
    name: str = "张明",
    skill: str = "none",
    village: str = "V1",
    category: str = "",
    dibao: bool | None = False,
    disability: str = "",
) -> RegisterRow:
    """Somebody in the register."""
    return RegisterRow(0, household, id_no, name, village, "head", skill, category, dibao, disability)


def enrolled(
    id_no: str,
    *,
    name: str = "张明",
    state: str = "insured",
    reason: str = "",
    stopped: date | None = None,
    year: int = 2026,
    aid: str = "none",
    village: str = "V1",
    scheme: str = "resident",
) -> RosterRow:
    """Somebody in the roster."""
    return RosterRow(0, id_no, name, village, scheme, state, reason, stopped, year, aid)


def died(id_no: str, on: date, **more: str) -> RosterRow:
    """Somebody whose death the roster states."""
    return enrolled(id_no, state="ended", reason="died", stopped=on, **more)  # type: ignore[arg-type]


def billed(
    id_no: str, own: str, *, on: date = FIRST, total: str | None = None, bill: str = "B1", **parts: str
) -> ExpenseRow:
    """A bill that leaves ``own`` to pay; without ``total``, nothing else."""
    paid = {name: Decimal(parts[name]) if name in parts else None for name in ("basic", "serious", "aid")}
    return ExpenseRow(
        0, id_no, "张明", "V1", bill, "inpatient", on, Decimal(total or own),
        paid["basic"], paid["serious"], paid["aid"], Decimal(own),
    )  # fmt: skip


def paid(
    id_no: str, *, since: date = date(2020, 1, 1), household: str = "N1", name: str = "张明", village: str = "V1"
) -> BenefitRow:
    """Somebody in the list of benefits."""
    return BenefitRow(0, household, id_no, name, village, "head", "full", 400, since)


def certified(
    id_no: str,
    category: str = "physical",
    level: str = "2",
    *,
    on: date = date(2020, 1, 1),
    status: str = "valid",
    name: str = "张明",
    village: str = "V1",
) -> CertificateRow:
    """Somebody in the list of certificates."""
    return CertificateRow(0, id_no, name, village, category, level, status, on)


def judge() -> Judge:
    """Truth's evaluation, under the demo's thresholds and words."""
    return Judge(
        Statement(
            scheme="resident",
            other_scheme="employee",
            insured="insured",
            died="died",
            unaided="none",
            exempt=frozenset({"died", "moved_out", "joined_army"}),
            able=frozenset({"skilled", "ordinary"}),
            aided=frozenset({"alleviated", "monitored"}),
            paid="dibao",
            valid="valid",
            severe=frozenset("12"),
            mind=frozenset({"intellectual", "mental"}),
            lighter=frozenset("34"),
        ),
        Boundaries(
            death_days=30,
            newborn_days=90,
            able_left=0,
            id_digits=1,
            death_paid_days=1,
            benefit_flag_days=1,
            benefit_new_days=60,
            certificate_new_days=60,
            month_cost=10000,
            year_cost=20000,
            year_months=12,
            parts_off=1,
        ),
        Sameness(("·", "•", "."), (("峯", "峰"), ("羣", "群"))),
    )


def lines(now: Statements, *earlier: Statements, period: Period = PERIOD) -> list[Line]:
    """What is to be found in ``period``; ``earlier``: the months before it, the latest first."""
    months = {period.shift(-back): said for back, said in enumerate((now, *earlier))}
    return judge().lines(months, period)


def month(register: Sequence[RegisterRow] = (), **said: Any) -> Statements:
    """One month's statements; whoever is in the register and in no given roster is plainly insured."""
    roster = said.pop("roster", ())
    stated = {row.id_no for row in roster}
    plain = [enrolled(m.id_no, name=m.name) for m in register if m.id_no not in stated]
    return Statements(register=register, roster=(*roster, *plain), **said)


def found(now: Statements, *earlier: Statements) -> list[tuple[str, str, str]]:
    """Kind, subject and field of each line, sorted."""
    return sorted((line.kind, line.subject, line.field) for line in lines(now, *earlier))
