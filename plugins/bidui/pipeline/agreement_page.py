"""An agreement as the document that both sides sign (QA-01, SQ-08): who gives what on which terms, who may do what.

It is the policy of a day in the form of a Word file; same policy, party and day, same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

from bidui.delivery import official_form
from bidui.delivery.document import TERM
from bidui.delivery.filling import FilledDocument, fill_document
from bidui.delivery.template import load_document, load_workbook, narrowed
from bidui.delivery.wording import PUBLISHED
from bidui.domain.period import Period
from bidui.pipeline.catalogue import ExportError, put
from bidui.policy.agreement import Agreement, Contact, Mode, Provision
from bidui.policy.contract import Contract
from bidui.policy.policy_set import PolicySet
from bidui.policy.recipe import Recipe

TEMPLATE = "agreement"


def printable(policy: PolicySet) -> list[str]:
    """The parties that an agreement is signed with: all but the hub itself."""
    return [made.party for made in policy.agreements.values() if made.kind != "hub"]


def document(policy: PolicySet, party: str, day: date) -> tuple[str, bytes]:
    """Name and content of the agreement with a party as it stands on ``day``."""
    filled = _Page(policy, policy.agreements[party], day).filled()
    made_at = datetime.combine(day, time(), ZoneInfo(policy.profile.time_zone))
    made = official_form.to_docx(filled.markdown, made_at=made_at, header=filled.header, footer=filled.footer)
    return f"{filled.subject}.docx", made


def write(policy: PolicySet, party: str, day: date, file: Path) -> Path:
    """Write the agreement with a party to ``file``; an equal one that is there stays.

    Raises:
        ExportError: the file cannot be written.
    """
    _, made = document(policy, party, day)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return put(file, made)
    except OSError as error:
        raise ExportError(f"协议写不进 {file}：{error.strerror or type(error).__name__}") from None


def write_all(policy: PolicySet, day: date, folder: Path) -> Iterator[Path]:
    """Write every agreement that has not ended by ``day`` to ``folder``; ExportError as for `write`."""
    for party in printable(policy):
        ended = policy.agreements[party].valid_to
        if ended is None or day <= ended:
            yield write(policy, party, day, folder / document(policy, party, day)[0])


@dataclass(frozen=True)
class _Page:
    """One agreement on one day."""

    policy: PolicySet
    made: Agreement
    day: date

    def filled(self) -> FilledDocument:
        """The text, with its tables."""
        template = load_document(self.policy.include / "templates" / f"{TEMPLATE}.md")
        standing = {TERM: self.policy.terms(self.day), PUBLISHED: self.policy.calendar.published_years}
        return fill_document(template, self._values, standing)

    @property
    def _values(self) -> dict[str, Any]:
        policy, made, hub = self.policy, self.made, self.policy.profile
        given = list(self._given)
        sealings = dict.fromkeys(form for provision, _ in given for form in provision.sealing)
        return {
            "hub": hub.desk.title, "mailbox": hub.desk.email, "party": made.title,
            "regions": list(self._regions.values()), "purpose": made.purpose, "basis": made.legal_basis,
            "uses": [self._said("use", use) for use in made.uses], "permissions": list(self._permissions),
            "gives": [self._gives(*pair) for pair in given], "gets": list(self._gets), "method": made.method,
            "channels": [self._said("channel", channel) for channel in made.channels],
            "sealings": [
                {"label": said.label, "how": said.about.get("how", "")}
                for form in sealings for said in (policy.codes["sealing"].entry_of(form, self.day),)
            ],
            "opens_day": hub.window.opens_day, "closes_day": hub.window.closes_day, "correction": self._correction,
            "retention": made.retention_months, "begins": made.valid_from, "ends": made.valid_to,
            "copies": max(len(self._regions), 1) + 1,
            "succeeds": [{"party": policy.name_of(old), "since": since} for old, since in made.succeeds.items()],
            "contacts": list(self._contacts),
        }  # fmt: skip

    @property
    def _regions(self) -> dict[str, str]:
        """Code → name of the regions that it is signed with, for one that is with regions."""
        level = self.made.level if self.made.kind == "regions" else None
        return {region.code: region.name for region in self.policy.regions_of(level, self.day)} if level else {}

    @property
    def _permissions(self) -> Iterator[dict[str, str | None]]:
        for mode in get_args(Mode):
            reach = self.made.may.get(mode)
            yield {
                "label": self._said("access_mode", mode),
                "reach": self._said("access_reach", reach) if reach else None,
            }

    @property
    def _given(self) -> Iterator[tuple[Provision, Contract]]:
        """What the party gives, each with the contract that the day's month runs with."""
        contracts = self.policy.at(Period.month_of(self.day)).contracts
        yield from ((p, contracts[p.dataset]) for p in self.made.provides if p.dataset in contracts)

    def _gives(self, provision: Provision, contract: Contract) -> dict[str, Any]:
        hub = self.policy.profile
        due = {**dict.fromkeys(hub.window.quarterly, "quarter"), **dict.fromkeys(hub.expected, "month")}
        agreed = [c for c in contract.columns if provision.fields is None or c.name in provision.fields]
        return {
            "title": contract.title_on(self.day), "cadence": self._said("cadence", contract.cadence),
            "full": contract.delivery == "full", "due": due.get(contract.id), "source": contract.source_system,
            "calibre": provision.calibre, "fields": [column.title for column in agreed],
            "sharing": self._said("sharing_class", contract.sharing.class_),
            "level": self._said("security_level", contract.security_level),
            "standard": contract.version, "indicators": self._read_by(contract.id),
            "sealings": [self._said("sealing", form) for form in provision.sealing],
        }  # fmt: skip

    def _read_by(self, dataset: str) -> list[str]:
        """Titles of the rules that compare a dataset, or what is derived from it."""
        derived = {
            rule.produces for rule in self.policy.of_stage("derive")
            if any(read.dataset == dataset for read in rule.reads.values())
        }  # fmt: skip
        rules = [*self.policy.of_stage("compare"), *self.policy.of_stage("screen")]
        wanted = {dataset, *derived}
        return [
            rule.title for rule in rules
            if any(wanted.intersection(self.policy.bound_to(read)) for read in rule.reads.values())
        ]  # fmt: skip

    @property
    def _gets(self) -> Iterator[dict[str, Any]]:
        for name, columns in self.made.receives.items():
            if recipe := self.policy.recipes.get(name):
                yield {
                    "title": recipe.title, "mode": self._said("access_mode", recipe.mode) if recipe.mode else None,
                    "use": self._said("use", recipe.use), "fields": self._seen(recipe, columns),
                }  # fmt: skip

    def _seen(self, recipe: Recipe, columns: tuple[str, ...] | None) -> list[str]:
        """Titles of the columns of its workbook that the party may see."""
        if recipe.workbook is None:
            return []
        book = load_workbook(self.policy.include / "templates" / f"{recipe.workbook.template}.yaml")
        return list(dict.fromkeys(c.title for sheet in narrowed(book, columns).sheets for c in sheet.columns))

    @property
    def _correction(self) -> str:
        term = self.policy.profile.deadlines["correction"]
        return f"{term.on(self.day)}{ {'working': '个工作日', 'calendar': '日', 'month': '个月'}[term.calendar] }"

    @property
    def _contacts(self) -> Iterator[dict[str, Any]]:
        """The hub's contacts, then the party's: every one who is in office on the day or will be."""
        desk = self.policy.profile.desk
        own = [contact for made in self.policy.agreements.values() if made.kind == "hub" for contact in made.contacts]
        for contact in self._acting(own):
            yield {**self._contact(contact), "side": desk.title}
        for contact in self._acting(self.made.contacts):
            yield self._contact(contact)

    def _acting(self, contacts: Iterable[Contact]) -> list[Contact]:
        left = [c for c in contacts if c.valid_to is None or c.valid_to >= self.day]
        return sorted(left, key=lambda c: (c.region or "", c.valid_from))

    def _contact(self, contact: Contact) -> dict[str, Any]:
        side = self._regions.get(contact.region or "") or self.made.title
        return {
            "side": side, "leader": contact.leader, "office": contact.office, "name": contact.name,
            "phone": contact.phone, "email": contact.email, "remark": contact.remark,
            "begun": contact.valid_from, "ended": contact.valid_to,
        }  # fmt: skip

    def _said(self, listed: str, code: str) -> str:
        return self.policy.codes[listed].label_of(code, self.day)
