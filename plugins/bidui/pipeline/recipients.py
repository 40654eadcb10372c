"""Who is to be sent what: the recipients of a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from bidui.domain.period import Period
from bidui.pipeline.office import Office
from bidui.policy.agreement import Agreement, Contact
from bidui.policy.recipe import Recipe


@dataclass(frozen=True)
class Recipient:
    """One party, or one region's office of it."""

    party: str
    region: str | None = None

    @property
    def key(self) -> str:
        """How deliveries name it."""
        return f"{self.party}:{self.region}" if self.region else self.party

    @classmethod
    def of(cls, key: str) -> Recipient:
        """The recipient of that key."""
        party, _, region = key.partition(":")
        return cls(party, region or None)


def recipients(
    office: Office, connection: Connection, recipe: Recipe, period: str, arrival: str | None, day: date
) -> list[Recipient]:
    """Every recipient of a recipe in order of key, of those whose agreement lets them have it."""
    found: list[Recipient] = []
    match recipe.to:
        case "sender":
            row = connection.execute(
                text("SELECT party, contact FROM core.arrival WHERE arrival_id = :id"), {"id": arrival}
            ).one()
            agreement = office.policy.agreements.get(row.party)
            contact = next((c for c in agreement.contacts if c.id == row.contact), None) if agreement else None
            found = [Recipient(row.party, contact.region if contact else None)]
        case "party":
            found = [Recipient(recipe.party or "")]
        case "region":
            agreement = next(
                a for a in office.policy.agreements.values() if a.kind == "regions" and a.level == recipe.level
            )
            last = Period.parse(period).last_day
            found = [
                Recipient(agreement.party, region.code) for region in office.policy.regions_of(recipe.level or "", last)
            ]
        case "owner":
            owners = connection.execute(
                text('SELECT DISTINCT owner_party FROM core."case" WHERE hub = :hub AND kind = :kind ORDER BY 1'),
                {"hub": office.policy.hub, "kind": "finding"},
            ).scalars()
            found = [Recipient(party) for party in owners]
    return [r for r in found if recipe.id in (made.receives if (made := office.policy.agreements.get(r.party)) else ())]


def contacts(office: Office, recipient: Recipient, as_of: datetime) -> tuple[Contact, ...]:
    """The designated contacts of a recipient on that day."""
    made = office.policy.agreements[recipient.party]
    return made.contacts_for(recipient.region, office.today(as_of))


def title(office: Office, recipient: Recipient) -> str:
    """What the recipient is called on paper."""
    made: Agreement = office.policy.agreements[recipient.party]
    region = next((r.name for r in office.policy.regions if r.code == recipient.region), "")
    return f"{region}{made.title}" if region else made.title
