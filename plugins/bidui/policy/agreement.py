"""Agreements (共享协议): what one party and the hub may exchange, by which road, and through whom.

``agreements/<party>.yaml`` is one text for all hubs. What differs by hub, its profile says: the party's name there, the
datasets that are exchanged, and, in its list of contacts (`bidui.policy.contacts`), who exchanges them.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Literal

from bidui.policy.contract import Frozen
from bidui.policy.source import PolicyError, Source

Sealing = Literal["machine", "password_workbook", "aes_zip", "plain"]


class Contact(Frozen):
    """A designated contact (专责业务人员), on record with the hub (QA-14)."""

    id: str
    name: str
    post: str = ""
    email: str
    phone: str = ""
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
    """Forms that are accepted; ``plain`` is flagged and counted."""
    words: tuple[str, ...] = ()
    """Words in a mail's attachment name that mean this dataset."""


class Agreement(Frozen):
    """One party's agreement."""

    party: str
    title: str
    kind: Literal["hub", "agency", "regions", "bureau"]
    level: str | None = None
    """Region level, for kind ``regions``: one agreement for all regions of it."""
    clauses: tuple[str, ...]
    purpose: str
    legal_basis: str
    valid_from: date
    valid_to: date | None = None
    provides: tuple[Provision, ...] = ()
    receives: tuple[str, ...] = ()
    """Recipes whose deliveries the party may be sent."""
    contacts: tuple[Contact, ...] = ()
    """Of the hub whose policy this is."""

    def in_force(self, day: date) -> bool:
        """Whether the agreement holds on ``day``."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def provision(self, dataset: str) -> Provision | None:
        """What the agreement says about ``dataset``."""
        return next((p for p in self.provides if p.dataset == dataset), None)

    def contacts_for(self, region: str | None, day: date) -> tuple[Contact, ...]:
        """Contacts in force on ``day`` for a region (for the party as a whole: ``None``)."""
        return tuple(c for c in self.contacts if c.in_force(day) and c.region == region)

    def here(self, title: str | None, datasets: Collection[str] | None, contacts: tuple[Contact, ...]) -> Agreement:
        """As one hub has it: its name there, of its datasets those exchanged there (None: all), and who does it."""
        given = tuple(p for p in self.provides if datasets is None or p.dataset in datasets)
        return self.model_copy(update={"title": title or self.title, "provides": given, "contacts": contacts})


def read(source: Source) -> Agreement:
    """The agreement of one file; PolicyError when it states contacts, which differ by hub."""
    if isinstance(source.data, dict) and "contacts" in source.data:
        raise PolicyError([source.fault("contacts stand in contacts/<profile>.csv", ["contacts"])])
    return source.as_model(Agreement)
