"""From an opened package to rows that may settle: read, mapped, typed, held against what we sent, past the gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd

from bidui.domain.issues import Effect, Refusal, RowIssue
from bidui.domain.period import Period
from bidui.intake import locked, members
from bidui.intake.normalise import Normalised, normalise
from bidui.intake.preamble import confirm
from bidui.intake.reading import read_table_bytes, within
from bidui.pipeline.beyond import beyond, place_column, set_aside
from bidui.pipeline.office import Office
from bidui.pipeline.unseal import Content
from bidui.policy.contract import Contract


@dataclass(frozen=True, repr=False)
class Examined:
    """Rows as they may settle, and everything that was noticed. Its repr shows no cell."""

    contract: Contract
    """With the columns that are agreed."""
    sheet: str
    rows: pd.DataFrame
    """Every row of data, typed; index = its line, which for a sheet of households is a member's (`Contract.lines`)."""
    issues: pd.DataFrame
    """row and column as a person sees them in the file, code, effect, rule."""
    quarantined: pd.Index
    """Lines."""
    period: Period
    data_date: date | None
    dropped_columns: int
    warnings: tuple[str, ...]

    @property
    def accepted(self) -> pd.DataFrame:
        """The rows that go on."""
        return self.rows.drop(index=self.quarantined)


def examine(
    office: Office, contract: Contract, content: Content, expected: Period, as_of: datetime, *,
    sent: Mapping[str, Mapping[str, str]], previous_rows: int | None,
) -> Examined:  # fmt: skip
    """Examine the content of a package. ``expected``: the period by name or window; ``sent``: locked cells we sent out.

    Raises:
        Refusal: with every row issue found until then.
    """
    from bidui.quality import gate, suite  # noqa: PLC0415 - Great Expectations takes seconds to import

    given, contract = contract, contract.within(content.provision.fields)
    raw = within(read_table_bytes(content.data, given), given, contract)
    said = confirm(raw, contract)
    period = _confirmed(expected, said.period)
    data_date = content.data_date or said.data_date
    normal = normalise(raw, contract, office.policy.codes, on=period.last_day)
    changed = locked.check(raw.rows.loc[contract.places(normal.frame.index)[0]], contract, sent)
    nowhere = _nowhere(office, contract, normal, as_of)
    overstepping = beyond(office.policy, office.places(as_of), contract, content, normal, period)
    apart = set(normal.quarantined) | set(changed["row"]) | set(nowhere["row"]) | set(overstepping["row"])
    judged = gate.check(
        normal.frame, contract,
        suite.within(suite.of_dataset(contract.id, office.include), contract, office.policy.stated(contract.id)),
        parameters=gate.parameters(
            period, received_on=office.today(as_of), data_date=data_date, previous_rows=previous_rows,
            least_rows=office.policy.least_rows(contract.id, period.last_day)),
        exclude_rows=apart, whole=content.kind != "amend",
        codes={name: listed.codes for name, listed in office.policy.codes.items()},
    )  # fmt: skip
    issues = members.fold(
        _gathered([normal.issues, changed, nowhere, overstepping, judged.row_issues], said.issues), contract
    )
    if judged.refused:
        refusing = [i for i in judged.table_issues if i.effect == "refuse"]
        facts: dict[str, Any] = {
            "rules": [i.rule for i in refusing],
            "reason": judged.reason,
            **{k: v for i in refusing for k, v in i.counts.items()},
        }
        raise Refusal(refusing[0].code, facts, as_row_issues(raw.sheet, issues))
    quarantined = normal.frame.index[normal.frame.index.isin(apart | judged.quarantined)]
    return Examined(
        contract=contract, sheet=raw.sheet, rows=members.once(normal.frame, contract, quarantined), issues=issues,
        quarantined=quarantined, period=period, data_date=data_date, dropped_columns=raw.dropped,
        warnings=tuple(i.code for i in judged.table_issues),
    )  # fmt: skip


def as_row_issues(sheet: str, issues: pd.DataFrame) -> tuple[RowIssue, ...]:
    """The table of issues as the domain's own type."""
    columns = (issues[name].tolist() for name in ("code", "effect", "row", "column"))
    return tuple(
        RowIssue(
            code,
            Effect(effect),
            sheet,
            None if pd.isna(row) else int(row),
            column if isinstance(column, str) else None,
        )
        for code, effect, row, column in zip(*columns, strict=True)
    )


def _nowhere(office: Office, contract: Contract, normal: Normalised, as_of: datetime) -> pd.DataFrame:
    """Issues of rows that speak of a place which is none of the hub's, or of several."""
    rows = normal.frame.drop(index=normal.quarantined) if contract.of_places else normal.frame.iloc[:0]
    found = office.places(as_of).column(contract, rows)
    return set_aside(found.index[found.isna()], place_column(contract), "region_unknown")


def _confirmed(expected: Period, said: Period | None) -> Period:
    """The period by name or window, which what the sheet itself says must not contradict."""
    if said and said != expected:
        raise Refusal("period_contradicts", {"stated": str(expected), "inside": str(said)})
    return expected


def _gathered(parts: list[pd.DataFrame], said: tuple[RowIssue, ...]) -> pd.DataFrame:
    noted = pd.DataFrame(
        [(None, i.column, i.code, str(i.effect)) for i in said], columns=["row", "column", "code", "effect"]
    )
    table = pd.concat([part.astype(object) for part in (*parts, noted) if len(part)] or [noted], ignore_index=True)
    if "rule" not in table:
        table["rule"] = None
    return table.drop_duplicates(["row", "column", "code"]).reset_index(drop=True)
