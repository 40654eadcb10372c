"""Agreements (共享协议): what one party and the hub may exchange, by which road, and through whom.

``agreements/<party>.yaml`` is one text for all hubs. What differs by hub, its profile says: the party's name there, the
datasets that are exchanged, which of them come by region, which may come unsealed, and, in its list of contacts
(`bidui.policy.contacts`), who exchanges them.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import Field, field_validator

from bidui.policy.contract import Frozen
from bidui.policy.source import PolicyError, Source

Sealing = Literal["machine", "password_workbook", "aes_zip", "plain"]
Mode = Literal["query", "statistics", "entry", "modification", "membership"]
"""The five permissions (查询、统计、录入、修改、增减) of SQ-09. ``membership`` is adding and removing people and
households, and taking them into monitoring or out of it."""
Reach = Literal["own", "all"]
"""Of the party's own region, or of the hub's whole area."""


class Contact(Frozen):
    """A designated contact (专责业务人员), on record with the hub (QA-14)."""

    id: str
    name: str
    post: str = ""
    leader: str = ""
    """The party's leader who is responsible for the exchange (分管领导), with the post (QA-17)."""
    office: str = ""
    """The office in charge (责任科室)."""
    email: str
    phone: str = ""
    remark: str = ""
    region: str | None = None
    """Region whose files this contact may send, for parties that are regions."""
    valid_from: date
    valid_to: date | None = None

    def in_force(self, day: date) -> bool:
        """Whether the contact may act on ``day``."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class Provision(Frozen):
    """A dataset that the party gives."""

    dataset: str
    sealing: tuple[Sealing, ...]
    """Forms that are accepted. ``plain``, where the hub's profile lets a dataset come unsealed: flagged and counted."""
    words: tuple[str, ...] = ()
    """Words in a mail's attachment name that mean this dataset."""
    calibre: str = Field(min_length=1)
    """What is counted, of whom and up to when (口径), as both sides understand it (SQ-08)."""
    fields: tuple[str, ...] | None = None
    """The contract's columns that are agreed; what else a file holds stays at the door. ``None``: all of them."""
    uses: tuple[str, ...] | None = None
    """Those of the agreement's uses that this dataset may be put to, where it is not all of them; ``None``: all."""


class Agreement(Frozen):
    """One party's agreement."""

    party: str
    title: str
    kind: Literal["hub", "agency", "regions", "bureau"]
    level: str | None = None
    """Region level, for kind ``regions``: one agreement for all regions of it."""
    offices: dict[str, str] = {}
    """How a region's name ends → what its office is called (街道 → 办事处), for kind ``regions``; an empty ending: all
    other regions."""
    clauses: tuple[str, ...]
    purpose: str
    uses: tuple[str, ...] = Field(min_length=1)
    """Codes of the list ``use``: what the data of both sides may be used for, and nothing else (QA-16, HY-13)."""
    may: dict[Mode, Reach]
    """What the party may do with the hub's data, and of which region (SQ-09)."""
    method: str = Field(min_length=1)
    """How the data of both sides are compared (比对方法, SQ-08)."""
    channels: tuple[str, ...] = Field(min_length=1)
    """Codes of the list ``channel``: the roads on which files of the party come in (HY-10)."""
    retention_months: int = Field(ge=1)
    """How long either side keeps what it got from the other, in months."""
    legal_basis: str
    valid_from: date
    valid_to: date | None = None
    provides: tuple[Provision, ...] = ()
    receives: dict[str, tuple[str, ...] | None] = {}
    """Recipes whose deliveries the party may be sent → the columns of the workbook that it may see; ``None``: all."""
    succeeds: dict[str, date] = {}
    """Party that this one took over from → the day: its contacts, cases and ledgers go on under the new name."""
    contacts: tuple[Contact, ...] = ()
    """Of the hub whose policy this is."""

    @field_validator("receives", mode="before")
    @classmethod
    def _named_or_with_columns(cls, stated: Any) -> Any:
        """``[receipt, {town_visits: [number, village]}]``: a name alone means every column."""
        if not isinstance(stated, list):
            return stated
        return {
            name: columns
            for item in stated
            for name, columns in (item.items() if isinstance(item, dict) else [(item, None)])
        }

    def office_of(self, region: str) -> str | None:
        """What the office of a region is called, after the region's name; None where the party's title says it."""
        endings = [ending for ending in self.offices if region.endswith(ending)]
        return self.offices[max(endings, key=len)] if endings else None

    def in_force(self, day: date) -> bool:
        """Whether the agreement holds on ``day``."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def provision(self, dataset: str) -> Provision | None:
        """What the agreement says about ``dataset``."""
        return next((p for p in self.provides if p.dataset == dataset), None)

    def uses_of(self, dataset: str) -> tuple[str, ...]:
        """What ``dataset`` may be used for: what its provision says, or else the agreement."""
        provision = self.provision(dataset)
        return self.uses if provision is None or provision.uses is None else provision.uses

    def contacts_for(self, region: str | None, day: date) -> tuple[Contact, ...]:
        """Contacts in force on ``day`` for a region (for the party as a whole: ``None``)."""
        return tuple(c for c in self.contacts if c.in_force(day) and c.region == region)


def read(source: Source) -> Agreement:
    """The agreement of one file; PolicyError when it states contacts, which differ by hub."""
    if isinstance(source.data, dict) and "contacts" in source.data:
        raise PolicyError([source.fault("contacts stand in contacts/<profile>.csv", ["contacts"])])
    return source.as_model(Agreement)
