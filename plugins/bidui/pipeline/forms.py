"""Forms for parties: of each dataset that a party gives, a blank workbook and a filling guide, made from its contract.

They hold nobody's data, so they are not sealed. Same policy, party and period, same bytes: what the command writes is
what was mailed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bidui.delivery import blank_form, official_form
from bidui.delivery.document import TERM
from bidui.delivery.filling import fill_document, fill_workbook
from bidui.delivery.template import load_document, load_workbook
from bidui.delivery.wording import PUBLISHED, display_width
from bidui.domain.issues import Effect
from bidui.domain.period import Period
from bidui.intake import nil
from bidui.intake.preamble import words_before
from bidui.pipeline.arrive import window
from bidui.pipeline.catalogue import ExportError, put
from bidui.pipeline.recipients import Recipient, named
from bidui.policy.agreement import Agreement, Mode, Provision
from bidui.policy.contract import Column, Contract
from bidui.policy.policy_set import PolicySet

FORM, GUIDE = "blank_form", "filling_guide"
"""Templates: of the workbook, of the document."""

_BY_PASSWORD = frozenset({"password_workbook", "aes_zip"})
OUTCOME, CONTACTS = "outcome", "contacts"
"""Roles of what no month's call has a form of: what comes back on sheets of our own, and lists of contacts."""
_NARROWEST, _WIDEST, _LONGEST_TITLE = 8, 30, 16
"""Widths of columns and of what a header takes in a line, in half-width characters."""
_TOLD_IN_GUIDE, _TOLD_IN_SHEET = 44, 160
"""Up to this width the words of a list are written out; longer ones are counted."""

_ISSUES: dict[str, Callable[[_Form], bool]] = {
    "not_sealed": lambda form: bool(_BY_PASSWORD.intersection(form.provision.sealing)),
    "columns_missing": lambda form: any(column.required for column in form.contract.columns),
    "encoding_broken": lambda form: bool(form.contract.layout.encoding),
    "period_contradicts": lambda form: True,
    "id_rounded": lambda form: any(column.identifier == "id_number" for column in form.contract.columns),
    "required_missing": lambda form: any(column.required for column in form.contract.columns),
    "value_not_in_list": lambda form: any(column.code_list for column in form.contract.columns),
    "date_unreadable": lambda form: any(column.type == "date" for column in form.contract.columns),
    "region_unknown": lambda form: form.contract.of_places,
    "region_outside": lambda form: form.policy.parted_by(form.contract) == "region",
    "mode_outside": lambda form: form.contract.column("change") is not None,
    "member_beyond_slots": lambda form: bool(form.contract.layout.members),
}  # fmt: skip
"""Row issues that parties run into most, and which datasets let them happen."""


def given(policy: PolicySet, party: str, period: Period, role: str | None = None) -> list[tuple[Provision, Contract]]:
    """The datasets that a party hands in of its own accord in ``period``, each with the contract that it runs with.

    Those in ``role``; without it, what a call for data is about. Columns that are not agreed on are not asked for.
    """
    contracts = policy.at(period).contracts
    made: Agreement = policy.agreements[party]
    pairs = ((p, contracts[p.dataset].within(p.fields)) for p in made.provides if p.dataset in contracts)
    left = {OUTCOME, CONTACTS}
    return [(p, c) for p, c in pairs if (role in c.roles if role else not left.intersection(c.roles))]


def forms(policy: PolicySet, party: str, title: str, period: Period, role: str | None = None) -> dict[str, bytes]:
    """File name → content of the blank workbook and the filling guide of each dataset that ``party`` gives.

    ``title`` is what the party, or a region's office of it, is called on paper. Words are those of the period's end.
    """
    made: dict[str, bytes] = {}
    may = frozenset(policy.agreements[party].may)
    for provision, contract in given(policy, party, period, role):
        form = _Form(policy, provision, contract, title, period, may)
        made |= [form.workbook(), form.guide()]
    return made


def write(policy: PolicySet, party: str, region: str | None, period: Period, folder: Path) -> list[Path]:
    """Write the forms of a party, or of a region's office of it, to ``folder``. What is there and equal, stays.

    Raises:
        ExportError: the party has no such region, or gives nothing; the folder cannot be written to.
    """
    offices = policy.regions_of(policy.agreements[party].level or "", period.last_day)
    if region and region not in [office.code for office in offices]:
        raise ExportError(f"{party} 没有代码为 {region} 的地区")
    if not given(policy, party, period):
        raise ExportError(f"{party} 在 {period} 没有自行报送的数据，不用报送表")
    made = forms(policy, party, named(policy, Recipient(party, region), period.last_day), period)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [put(folder / name, data) for name, data in made.items()]
    except OSError as error:
        raise ExportError(f"报送表写不进 {folder}：{error.strerror or type(error).__name__}") from None


def blank(policy: PolicySet, contract: Contract, title: str, period: Period) -> tuple[str, bytes]:
    """Name and content of the blank workbook of one contract, whoever gives it."""
    given_as = Provision(dataset=contract.id, sealing=(), calibre=contract.title)
    return _Form(policy, given_as, contract, title, period).workbook()


@dataclass(frozen=True)
class _Form:
    """One dataset's form in one period."""

    policy: PolicySet
    provision: Provision
    contract: Contract
    party: str
    period: Period
    may: frozenset[Mode] = frozenset()
    """What the party may do; what it may not ask for is not offered."""

    def workbook(self) -> tuple[str, bytes]:
        """The blank workbook: a sheet to fill in, and one with the rules and an example."""
        template = load_workbook(self._template(f"{FORM}.yaml"))
        values = {**self._common, "text_file": bool(self.contract.layout.encoding)}
        rows = {"form": [], "examples": list(self._examples())}
        filled = fill_workbook(template, {n: values[n] for n in template.values}, rows, {}, self._standing)
        heading, *others = filled.sheets
        pattern = self.contract.layout.data_date
        form = blank_form.Form(
            columns=tuple(self._column(column) for column in self._written),
            rows=self.contract.limits.rows,
            ask=(words_before(pattern) or "") if pattern else "",
            hint=self._said("filling", "date"),
        )
        return filled.file_name, blank_form.write(heading, form, others, made_at=self._made_at)

    def guide(self) -> tuple[str, bytes]:
        """The filling guide as a document."""
        template = load_document(self._template(f"{GUIDE}.md"))
        told = self._told
        filled = fill_document(template, {n: told[n] for n in template.values}, self._standing)
        made = official_form.to_docx(
            filled.markdown, made_at=self._made_at, header=filled.header, footer=filled.footer, compact=filled.compact
        )
        return f"{filled.subject}.docx", made

    @property
    def _common(self) -> dict[str, Any]:
        members = self.contract.layout.members
        return {
            "dataset": self.contract.title_on(self._day), "party": self.party, "period": str(self.period),
            "members": members.slots if members else None,
        }  # fmt: skip

    @property
    def _told(self) -> dict[str, Any]:
        """What the guide may say."""
        policy, contract, desk = self.policy, self.contract, self.policy.profile.desk
        month = self.period.each_month()[-1]
        opens, due = window(policy, month)
        awaited = contract.id in policy.profile.due_in(month)
        mailed_by = next((recipe for recipe in policy.recipes.values() if recipe.forms), None)
        sealings = [policy.codes["sealing"].entry_of(form, self._day) for form in self.provision.sealing]
        return {
            **self._common, **(mailed_by.texts if mailed_by else {}), "hub": desk.title, "return_to": desk.email,
            "contact": {"office": desk.office, "phone": desk.phone},
            "cadence": self._said("cadence", contract.cadence), "full": contract.delivery == "full",
            "calibre": self.provision.calibre,
            "opens": opens if awaited else None, "due": due if awaited else None,
            "purpose": contract.purpose, "source": contract.source_system,
            "sealings": [{"label": said.label, "how": said.about.get("how", "")} for said in sealings],
            "by_password": bool(_BY_PASSWORD.intersection(self.provision.sealing)),
            "text_file": contract.layout.encoding and contract.layout.encoding.upper(),
            "asks": bool(contract.layout.data_date),
            "columns": [
                {"title": self._title(c), "required": self._required(c), "filling": self._filling(c),
                 "options": self._options(c, _TOLD_IN_GUIDE)} for c in self._listed
            ],
            "key": [c.title for c in contract.key] if len(contract.key) > 1 else [],
            "refused": self._issues(whole=True), "set_aside": self._issues(whole=False),
            "nil_sheet": self._said("nil_report", nil.SHEET),
            "nil_labels": [
                self._said("nil_report", code) for code in (nil.PERIOD, nil.DATASET, nil.STATEMENT, nil.REPORTER)
            ],
        }  # fmt: skip

    def _examples(self) -> Iterator[dict[str, Any]]:
        """The second sheet: one line a column. With its number before it, no title there is a header to the intake."""
        for number, column in enumerate(self._listed, 1):
            yield {
                "title": f"{number}. {self._title(column)}", "required": self._required(column),
                "type": self._said("column_type", column.type), "filling": self._filling(column),
                "example": column.example or "", "options": self._options(column, _TOLD_IN_SHEET),
            }  # fmt: skip

    def _column(self, column: Column) -> blank_form.FormColumn:
        choices = self._choices(column)
        fitting = [min(display_width(column.title), _LONGEST_TITLE), display_width(column.example or "") + 1]
        options = self._options(column, _TOLD_IN_SHEET)
        lines = [
            f"{'必填' if column.required else '选填'}（{self._said('column_type', column.type)}）",
            self._filling(column), f"可选项：{options}" if options else "",
            f"示例：{column.example}" if column.example else "",
        ]  # fmt: skip
        return blank_form.FormColumn(
            title=column.title,
            width=min(_WIDEST, max(_NARROWEST, *fitting, *(display_width(choice) for choice in choices)) + 2),
            required=column.required, number=column.type in ("integer", "decimal"), choices=choices,
            several=column.type == "codes", comment="\n".join(filter(None, lines)),
        )  # fmt: skip

    @cached_property
    def _written(self) -> list[Column]:
        """The columns as they stand in the form: those of members once for each slot that there is."""
        members = self.contract.layout.members
        beyond = {
            c.name for n, slot in self.contract.slots.items() if members and n > members.slots for c in slot.values()
        }
        return [column for column in self.contract.as_written if column.name not in beyond]

    @cached_property
    def _listed(self) -> list[Column]:
        """The columns as they are told of: those of members once."""
        later = {c.name for n, slot in self.contract.slots.items() if n > 1 for c in slot.values()}
        return [column for column in self.contract.as_written if column.name not in later]

    def _title(self, column: Column) -> str:
        members = self.contract.layout.members
        return f"{column.title}至{members.slots}" if members and self._of_members(column) else column.title

    def _required(self, column: Column) -> str:
        if not column.required:
            return ""
        return "第1人" if self._of_members(column) else "是"

    def _of_members(self, column: Column) -> bool:
        """Whether it stands in the form once for each member."""
        return column.name in {c.name for c in self.contract.slots.get(1, {}).values()}

    def _choices(self, column: Column) -> tuple[str, ...]:
        if column.type == "boolean":
            return ("是", "否")
        if column.type not in ("code", "codes"):
            return ()
        offered = self.policy.codes[column.code_list or column.name].vocabulary(self._day)
        modes = self.policy.modes(column, self._day) if column.role == "change" and self.may else {}
        return tuple(label for code, label in offered.items() if modes.get(code) in (None, *self.may))

    def _options(self, column: Column, width: int) -> str:
        choices = self._choices(column) if column.type != "boolean" else ()
        told = "、".join(choices)
        return told if display_width(told) <= width else f"共{len(choices)}项，见下拉列表"

    def _filling(self, column: Column) -> str:
        """How to fill a column in, in a few words."""
        said = self._said("filling", _filled_as(column))
        low, high = (None if bound is None else f"{bound:.12g}" for bound in (column.minimum, column.maximum))
        if low and high:
            return f"{said}，{low}至{high}"
        return f"{said}，不小于{low}" if low else f"{said}，不大于{high}" if high else said

    def _issues(self, *, whole: bool) -> list[str]:
        """Titles of the issues that may happen here: of those that refuse the whole file, or of the others."""
        rows = {row["code"]: row for row in self.policy.table("row_issue")}
        happening = (rows[code] for code, happens in _ISSUES.items() if happens(self))
        return [row["title"] for row in happening if (row["severity"] == Effect.REFUSE) == whole]

    def _said(self, listed: str, code: str) -> str:
        return self.policy.codes[listed].label_of(code, self._day)

    def _template(self, file: str) -> Path:
        return self.policy.include / "templates" / file

    @property
    def _day(self) -> date:
        return self.period.last_day

    @property
    def _made_at(self) -> datetime:
        return datetime.combine(self.period.first_day, time(), ZoneInfo(self.policy.profile.time_zone))

    @property
    def _standing(self) -> dict[str, Any]:
        return {TERM: self.policy.terms(self._day), PUBLISHED: self.policy.calendar.published_years}


def _filled_as(column: Column) -> str:
    """Code of the list ``filling``."""
    if column.identifier == "id_number":
        return "certificate" if column.id_form == "certificate" else "id_number"
    if column.identifier in ("name", "phone"):
        return column.identifier
    if column.role in ("household_key", "line_number"):
        return column.role
    return "region" if (column.role or "").startswith("region_") else column.type
