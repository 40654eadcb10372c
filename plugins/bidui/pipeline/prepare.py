"""Preparing a delivery: its rows, its documents and its mails, in one transaction; nothing is sent yet."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, text

from bidui.delivery import official_form, workbook
from bidui.delivery.document import TERM
from bidui.delivery.filling import FilledDocument, fill_document, fill_workbook
from bidui.delivery.revealing import Lookups, reveal
from bidui.delivery.template import SheetTemplate, WorkbookTemplate, load_document, load_workbook, narrowed
from bidui.delivery.wording import PUBLISHED
from bidui.domain.keys import digest
from bidui.domain.period import Period
from bidui.identity import reading
from bidui.intake.locked import seal_of
from bidui.pipeline import registered, withhold
from bidui.pipeline.arrive import scopes_of, window_of
from bidui.pipeline.conclude import due_on
from bidui.pipeline.forms import forms
from bidui.pipeline.office import Office
from bidui.pipeline.recipients import ASKER, Recipient, contacts, title
from bidui.policy import permission
from bidui.policy.agreement import Contact
from bidui.policy.policy_set import PolicySet
from bidui.policy.recipe import Recipe
from bidui.policy.rule import Rule
from bidui.rules.binding import Binder
from bidui.store import ledger, tables
from bidui.store.database import Role
from bidui.store.failpoints import reached

MAIL_BODY = "mail.md"
"""Name under which the mail's text is kept beside the attachments."""

_LOOKUPS = Lookups(reading.names_of_terms, reading.numbers_of_persons, reading.numbers_of_households)


@dataclass(frozen=True)
class Prepared:
    """A delivery that is ready: ids and counts only."""

    delivery_id: str
    recipe: str
    recipient: str
    rows: int
    approvals: tuple[str, ...]
    new: bool


@dataclass(frozen=True)
class Subject:
    """What a delivery is about: a period, and in it one arrival or one round."""

    period: str
    key: str
    """Arrival id, or ``round-<n>``, or a day."""
    round: int = 0
    arrival: str | None = None
    about: str | None = None
    """The delivery that waits for a decision, when this one asks for it; or the need that it is about."""
    role: str | None = None
    """The approval role that is asked."""
    columns: tuple[str, ...] | None = None
    """The columns of the workbook that were granted, where no agreement says it."""


def prepare(office: Office, recipe_id: str, recipient: Recipient, subject: Subject, as_of: datetime) -> Prepared | None:
    """Prepare one delivery, once; None when there is nothing to deliver.

    What was rejected is made anew under an id of its own, as of its rejection at the earliest (docs/adr/0013).
    """
    recipe = office.policy.recipes[recipe_id]
    names = (office.policy.hub, recipe.id, recipient.key, subject.period)
    with office.database.begin(Role.DELIVER) as connection:
        ledger.lock(connection, "delivery", *names)
        rejections, rejected_at = connection.execute(_REJECTIONS, dict(zip(_NAMES, names, strict=True))).one()
        delivery_id = digest("delivery", *names, subject.key, *([rejections] if rejections else []))
        as_of = max(as_of, rejected_at) if rejections else as_of
        known = connection.execute(
            text("SELECT rows FROM out.delivery WHERE delivery_id = :id"), {"id": delivery_id}
        ).scalar()
        if known is not None:
            return Prepared(delivery_id, recipe.id, recipient.key, known, recipe.approvals, new=False)
        maker = _Maker(office, connection, recipe, recipient, subject, delivery_id, as_of)
        return maker.make()


_NAMES = ("hub", "recipe", "recipient", "period")
_REJECTIONS = text("""
    SELECT count(*), max(a.recorded_as_of) FROM out.delivery d JOIN out.approval a USING (delivery_id)
    WHERE (d.hub, d.recipe, d.recipient, d.period) = (:hub, :recipe, :recipient, :period) AND a.decision = 'rejected'
""")


MADE_ANEW = """EXISTS (
    SELECT FROM out.delivery n WHERE n.recorded_as_of > d.recorded_as_of
      AND (n.hub, n.recipe, n.recipient, n.period) = (d.hub, d.recipe, d.recipient, d.period))"""
"""In SQL: whether the delivery ``d`` was made anew since, by a later round or after a rejection."""


def content_hash(connection: Connection, delivery_id: str) -> str:
    """The hash of all that a delivery would send: its documents and the text of its mail."""
    rows = connection.execute(
        text("SELECT name, content_hash FROM out.document WHERE delivery_id = :id"), {"id": delivery_id}
    )
    return _hash_of({row.name: row.content_hash for row in rows})


def _hash_of(kept: Mapping[str, str]) -> str:
    return digest(sorted(kept.items()))


class _Maker:
    """Makes one delivery within one transaction."""

    def __init__(
        self,
        office: Office,
        connection: Connection,
        recipe: Recipe,
        recipient: Recipient,
        subject: Subject,
        delivery_id: str,
        as_of: datetime,
    ) -> None:
        self.office, self.connection, self.recipe, self.recipient = office, connection, recipe, recipient
        self.subject, self.delivery_id, self.as_of = subject, delivery_id, as_of
        self.period = Period.parse(subject.period)
        self.day = office.today(as_of)
        self.spoken_of = self.period.last_day
        """The day whose words a document uses: an old month keeps its old ones, whenever it is made."""
        self.number = f"{subject.period}-{delivery_id[:8].upper()}"

    def make(self) -> Prepared | None:
        values = self._values()
        if values is None:
            return None
        rows: dict[str, list[dict[str, Any]]] = {}
        template = None
        if book := self.recipe.workbook:
            template = load_workbook(self.office.include / "templates" / f"{book.template}.yaml")
            rows = {sheet.key: self._rows(sheet, book.sheets[sheet.key]) for sheet in template.sheets}
            agreement = self.office.policy.agreements.get(self.recipient.party)
            seen = agreement.receives.get(self.recipe.id) if agreement else self.subject.columns
            template = narrowed(template, seen)
        counted = len(rows[self.recipe.workbook.counted]) if self.recipe.workbook else 0
        if self.recipe.workbook and not counted and not self.recipe.optional_workbook:
            return None
        documents: dict[str, tuple[bytes, str]] = {}
        sent: list[dict[str, Any]] = []
        if template and counted:
            values["entries"] = self._entries(template)
            name, data, sent = self._workbook(template, values, rows)
            documents[name] = (data, self.recipe.workbook.sealing if self.recipe.workbook else "plain")
        values |= {"file_name": next(iter(documents), None), "issue_file": next(iter(documents), None)}
        blank = self._forms()
        documents |= {name: (data, "plain") for name, data in blank.items()}
        values["forms"] = list(blank)
        if self.recipe.document:
            body = self._document(self.recipe.document, values)
            made = official_form.to_docx(
                body.markdown, made_at=self.as_of, header=body.header, footer=body.footer, compact=body.compact
            )
            documents[f"{body.subject}.docx"] = (made, "plain")
        mail = self._document(self.recipe.mail, values)
        enclosed = self._enclosed()
        documents |= {name: (data, "plain") for name, data in enclosed.items() if name != MAIL_BODY}
        letter = b"\n".join(filter(None, (mail.markdown.encode(), enclosed.get(MAIL_BODY))))
        documents[MAIL_BODY] = (letter, "plain")
        self._record(counted, documents, sent, mail.subject)
        return Prepared(self.delivery_id, self.recipe.id, self.recipient.key, counted, self.recipe.approvals, new=True)

    def _forms(self) -> dict[str, bytes]:
        """Blank workbooks and filling guides of what the recipient gives, if the recipe sends them along."""
        if not self.recipe.forms:
            return {}
        named = title(self.office, self.recipient, self.spoken_of)
        role = self.recipe.forms if isinstance(self.recipe.forms, str) else None
        return forms(self.office.policy, self.recipient.party, named, self.period, role)

    def _enclosed(self) -> dict[str, bytes]:
        """What goes along of the delivery that this one asks about: what is not sealed for somebody else."""
        found = self.connection.execute(
            text("SELECT name, content_hash FROM out.document WHERE delivery_id = :about AND sealing = 'plain'"),
            {"about": self.subject.about},
        )
        return {row.name: self.office.vault.get(row.content_hash) for row in found}

    def _values(self) -> dict[str, Any] | None:
        """What the templates may ask for: facts of the hub, the recipe's texts, its figures; None if one is empty."""
        desk, policy = self.office.policy.profile.desk, self.office.policy
        names = policy.region_names(self.spoken_of)
        values: dict[str, Any] = {
            "hub": desk.title, "county": names.get(policy.profile.region, ""),
            "party": title(self.office, self.recipient, self.spoken_of),
            "town": names.get(self.recipient.region or "", ""),
            "period": self.subject.period, "delivery_no": self.number, "round": self.subject.round,
            "made_on": self.day, "as_of": self.as_of.astimezone(self.office.zone), "return_to": desk.email,
            "contact": {"office": desk.office, "phone": desk.phone, "email": desk.email}, **self.recipe.texts,
        }  # fmt: skip
        for report in self.recipe.figures:
            found = self._report(report)
            if not found:
                return None
            if len(found) > 1:
                raise ValueError(f"report {report} gives {len(found)} rows; figures need at most one")
            values |= found[0]
        return values

    @cached_property
    def _facts(self) -> dict[str, Any]:
        """The parameters that every report is handed."""
        policy, profile = self.office.policy, self.office.policy.profile
        return {
            "recipient": self.recipient.party, "recipient_region": self.recipient.region,
            "arrival": self.subject.arrival, "round": self.subject.round, "today": self.day,
            "about": self.subject.about, "approval_role": self.subject.role,
            "words": json.dumps(words(self.office, self.spoken_of, self.day), ensure_ascii=False),
            "expected": list(scopes_of(self.office, self.period.each_month()[-1])), "zone": profile.time_zone,
            "parts": json.dumps(self._due), "answer_dues": json.dumps(self._answer_dues),
            "office_level": policy.visiting.level, "finest_level": policy.profile.levels[-1],
            "window_opens": self._window[0], "window_closes": self._window[1],
            **{f"due_{name}": due_on(self.office, name, self.as_of).day for name in profile.deadlines},
        }  # fmt: skip

    @property
    def _answer_dues(self) -> dict[str, str]:
        """Until when needs are to be answered, for those who answer them."""
        return registered.dues(self.connection, self.office.policy) if self.recipe.to == "answerer" else {}

    @property
    def _due(self) -> list[dict[str, str | None]]:
        """What was due in the period and, for comparison, in the one before: a dataset, or a region's part, a month."""
        return [
            {"dataset": dataset, "period": str(month), "scope": scope}
            for period in (self.period, self.period.shift(-1)) for month in period.each_month()
            for dataset, scopes in scopes_of(self.office, month).items() for scope in (scopes or (None,))
        ]  # fmt: skip

    @cached_property
    def _window(self) -> tuple[date, date]:
        """First and last day of the exchange window of the period's last month."""
        return window_of(self.office, self.period.each_month()[-1])

    @cached_property
    def _binder(self) -> Binder:
        return Binder(self.connection, self.office.policy, self.period, self.as_of)

    @cached_property
    def _runs(self) -> list[str]:
        months = [str(month) for month in self.period.each_month()]
        return ledger.runs_in_force(self.connection, self.office.policy.hub, months, self.as_of)

    def _report(self, report_id: str) -> list[dict[str, Any]]:
        rule: Rule = self.office.policy.rules[report_id].model_copy(update={"use": self.recipe.use})
        found: list[dict[str, Any]] = []
        for datasets in self._binder.instances(rule):
            bound = self._binder.bind(rule, datasets, runs=self._runs, parameters=self._facts)
            found += bound.rows(self.connection)
        return found

    def _rows(self, sheet: SheetTemplate, report: str) -> list[dict[str, Any]]:
        """The rows of one sheet, as far as the recipient's agreement lets it see them; the rest is put on record."""
        found = self._report(report)
        kept = withhold.own_rows(self.office.policy, self.recipe, self.recipient, sheet, found)
        if cut := len(found) - len(kept):
            withhold.record(
                self.connection, self.office.policy, self.recipe, self.recipient, self.subject.period,
                self.subject.key, self.as_of, permission.REGION, sheet=sheet.key, rows=cut,
            )  # fmt: skip
        return kept

    def _entries(self, template: WorkbookTemplate) -> list[dict[str, Any]]:
        """The words that may be entered, by column: a workbook opened on a telephone shows no drop-down lists."""
        return [
            {"title": c.title, "labels": list(self.office.policy.codes[c.choices].vocabulary(self.spoken_of).values())}
            for sheet in template.sheets for c in sheet.columns if c.choices
        ]  # fmt: skip

    def _document(self, template: str, values: Mapping[str, Any]) -> FilledDocument:
        loaded = load_document(self.office.include / "templates" / f"{template}.md")
        return fill_document(loaded, {name: values[name] for name in loaded.values if name in values}, self._standing)

    @cached_property
    def _standing(self) -> dict[str, Any]:
        """What every template may use."""
        policy = self.office.policy
        return {TERM: policy.terms(self.spoken_of), PUBLISHED: policy.calendar.published_years}

    def _workbook(
        self, template: WorkbookTemplate, values: Mapping[str, Any], rows: Mapping[str, list[dict[str, Any]]]
    ) -> tuple[str, bytes, list[dict[str, Any]]]:
        desk = self.office.policy.profile.desk
        own = {**values, "contact": f"{desk.office} {desk.phone}", "due": values.get("due") or "无"}
        shown = {
            s.key: reveal(self.connection, self.office.policy, s, rows[s.key], _LOOKUPS, self.spoken_of)
            for s in template.sheets
        }
        choices = {
            name: tuple(listed.vocabulary(self.spoken_of).values()) for name, listed in self.office.policy.codes.items()
        }
        filled = fill_workbook(
            template, {n: own[n] for n in template.values if n in own}, shown, choices, self._standing
        )
        marks = {
            "delivery": self.delivery_id,
            "number": self.number,
            "period": self.subject.period,
            "returns": template.returns or "",
        }
        data = workbook.write(filled.sheets, made_at=self.as_of, marks=marks)
        sent = [
            {"sheet": sheet.key, "ordinal": at, "row_key": str(row[sheet.columns[0].key]), "returns": template.returns,
             "locked": {
                 c.title: seal_of(str(row[sheet.columns[0].key]), c.title, _as_written(row[c.key]))
                 for c in sheet.columns if c.locked
             }}
            for sheet in template.sheets for at, row in enumerate(shown[sheet.key], 1)
        ] if template.returns else []  # fmt: skip
        return filled.file_name, data, sent

    def _record(
        self, counted: int, documents: Mapping[str, tuple[bytes, str]], sent: list[dict[str, Any]], subject_line: str
    ) -> None:
        kept = {name: self.office.vault.put(data) for name, (data, _) in documents.items()}
        reached("prepare.kept")
        ledger.record(self.connection, tables.delivery, {
            "delivery_id": self.delivery_id, "delivery_no": self.number, "hub": self.office.policy.hub,
            "recipe": self.recipe.id, "recipe_hash": self.recipe.hash, "policy_hash": self.office.policy.hash,
            "recipient": self.recipient.key, "subject_key": self.subject.key, "period": self.subject.period,
            "rows": counted, "rows_digest": _hash_of(kept), "approvals": list(self.recipe.approvals),
            "recorded_as_of": self.as_of,
        })  # fmt: skip
        ledger.record(self.connection, tables.delivery_row, *({"delivery_id": self.delivery_id, **row} for row in sent))
        ledger.record(self.connection, tables.document, *(
            {"delivery_id": self.delivery_id, "name": name, "content_hash": kept[name], "sealing": sealing,
             "bytes": len(data)}
            for name, (data, sealing) in documents.items()
        ))  # fmt: skip
        domain = self.office.policy.profile.desk.email.partition("@")[2]
        ledger.record(self.connection, tables.message, *(
            {"message_id": f"<{self.delivery_id[:32]}.{contact.id}@{domain}>", "delivery_id": self.delivery_id,
             "contact": contact.id, "subject": subject_line, "recorded_as_of": self.as_of}
            for contact in self._addressed()
        ))  # fmt: skip

    def _addressed(self) -> tuple[Contact, ...]:
        """Whom the mails go to."""
        if self.recipient.party == ASKER:
            asked = registered.find(self.connection, self.office.policy, self.recipient.contact or "")
            return (asked.contact,)
        return contacts(self.office, self.recipe, self.recipient, self.as_of)


def words(office: Office, day: date, today: date | None = None) -> list[dict[str, Any]]:
    """The policy's words on a day, for reports: of codes, issues, datasets, parties, rules and columns.

    Of a dataset, the party is who answers for it ``today``, under the name that it had on ``day``.
    """
    policy = office.policy.at(Period.month_of(day))
    found: list[dict[str, Any]] = [
        {"list": name, "code": code, "label": said.label, "advice": said.about.get("advice"), "about": said.about}
        for name, listed in policy.codes.items() for code in listed.codes for said in (listed.entry_of(code, day),)
    ]  # fmt: skip
    found += [
        {"list": "row_issue", "code": r["code"], "label": r["title"], "advice": r["advice"],
         "about": {"settled": r["settled"] == "yes"}}
        for r in policy.table("row_issue")
    ]  # fmt: skip
    found += [
        {"list": "needs", "code": rule.id, "label": rule.title, "advice": dataset}
        for rule in policy.rules.values() if rule.absent_from for dataset in _datasets(policy, rule)
    ]  # fmt: skip
    found += [
        {"list": "provision", "code": p.dataset, "label": a.party, "advice": form}
        for a in policy.agreements.values() for p in a.provides for form in p.sealing
    ]  # fmt: skip
    found += [
        {
            "list": "dataset",
            "code": c.id,
            "label": c.title_on(day),
            "advice": policy.party_on(c.party, today or day),
            "about": {
                "by": policy.parted_by(c),
                "parts": policy.parts_of(c.id, day),
                "roles": c.roles,
                "months": c.validity_months,
                "delivery": c.delivery,
            },
        }
        for c in policy.ever.values()
    ]
    found += [
        {"list": "dataset", "code": r.produces, "label": r.title, "advice": None, "about": {"made_of": read.dataset}}
        for r in policy.of_stage("derive") for read in r.reads.values() if read.dataset
    ]  # fmt: skip
    found += [{"list": "recipe", "code": r.id, "label": r.title, "advice": None} for r in policy.recipes.values()]
    found += [
        {"list": "party", "code": a.party, "label": policy.name_on(a.party, day), "advice": a.kind}
        for a in policy.agreements.values()
    ]
    found += [{"list": "rule", "code": r.id, "label": r.title, "advice": r.stage} for r in policy.rules.values()]
    found += [
        {"list": f"column:{c.id}", "code": k.name, "label": k.title, "advice": None}
        for c in policy.ever.values()
        for k in c.as_written
    ]
    return found


def _datasets(policy: PolicySet, rule: Rule) -> list[str]:
    """The datasets whose absence freezes the rule."""
    found = []
    for dataset in policy.bound_to(rule.reads[rule.absent_from or ""]):
        derived = policy.derived(dataset)
        found += [r.dataset for r in derived.reads.values() if r.dataset] if derived else [dataset]
    return found


def _as_written(value: Any) -> str:
    return "" if value is None else str(value)
