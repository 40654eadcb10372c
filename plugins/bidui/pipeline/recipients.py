"""Who is to be sent what: the recipients of a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from bidui.domain.period import Period
from bidui.pipeline.office import Office
from bidui.policy.agreement import Agreement, Contact
from bidui.policy.policy_set import PolicySet
from bidui.policy.recipe import Recipe

CIRCLE = "*"
"""Recipient of what all who may have it get alike: prepared and approved once, addressed to each contact."""


@dataclass(frozen=True)
class Recipient:
    """One party, or one region's office of it; or the `CIRCLE`."""

    party: str
    region: str | None = None
    contact: str | None = None
    """The one contact of the party who is meant, as when somebody is asked for an approval."""

    @property
    def key(self) -> str:
        """How deliveries name it."""
        return f"{self.party}{f':{self.region}' if self.region else ''}{f'/{self.contact}' if self.contact else ''}"

    @classmethod
    def of(cls, key: str) -> Recipient:
        """The recipient of that key."""
        office, _, contact = key.partition("/")
        party, _, region = office.partition(":")
        return cls(party, region or None, contact or None)


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
            regions = [a for a in office.policy.agreements.values() if a.kind == "regions"]
            found = [r for agreement in regions for r in _offices(office, agreement, Period.parse(period))]
        case "provider":
            giving = [a for a in office.policy.agreements.values() if a.provides and a.in_force(day)]
            found = [r for agreement in giving for r in _offices(office, agreement, Period.parse(period))]
        case "circle":
            return [Recipient(CIRCLE)] if _circle(office, recipe.id, day) else []
        case "owner":
            owners = connection.execute(
                text('SELECT DISTINCT owner_party FROM core."case" WHERE hub = :hub AND kind = :kind ORDER BY 1'),
                {"hub": office.policy.hub, "kind": "finding"},
            ).scalars()
            found = [Recipient(party) for party in owners]
    return [r for r in found if recipe.id in (made.receives if (made := office.policy.agreements.get(r.party)) else ())]


def _offices(office: Office, agreement: Agreement, period: Period) -> list[Recipient]:
    """The party as such, or each office of one that is regions."""
    if agreement.kind != "regions":
        return [Recipient(agreement.party)]
    regions = office.policy.regions_of(agreement.level or "", period.last_day)
    return [Recipient(agreement.party, region.code) for region in regions]


def _circle(office: Office, recipe: str, day: date) -> list[Agreement]:
    return [a for a in office.policy.agreements.values() if recipe in a.receives and a.in_force(day)]


def contacts(office: Office, recipe: str, recipient: Recipient, as_of: datetime) -> tuple[Contact, ...]:
    """The designated contacts of a recipient on that day; of the circle, every contact of those who may have it."""
    day = office.today(as_of)
    if recipient.party == CIRCLE:
        return tuple(c for made in _circle(office, recipe, day) for c in made.contacts if c.in_force(day))
    made = office.policy.agreements[recipient.party]
    if recipient.contact:
        return tuple(c for c in made.contacts if c.id == recipient.contact and c.in_force(day))
    return made.contacts_for(recipient.region, day)


def title(office: Office, recipient: Recipient, day: date) -> str:
    """What the recipient is called on paper on ``day``; empty for the circle, which the recipe's own texts name."""
    return named(office.policy, recipient, day)


def named(policy: PolicySet, recipient: Recipient, day: date) -> str:
    """The same, by the policy alone."""
    if recipient.party == CIRCLE:
        return ""
    made: Agreement = policy.agreements[recipient.party]
    region = policy.region_names(day).get(recipient.region or "", "")
    return f"{region}{made.title}" if region else made.title
