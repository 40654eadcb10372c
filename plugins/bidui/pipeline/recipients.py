"""Who is to be sent what: the recipients of a recipe, and what their agreements say to that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from bidui.domain.period import Period
from bidui.pipeline.office import Office
from bidui.pipeline.registered import ANSWERS
from bidui.policy import permission
from bidui.policy.agreement import Agreement, Contact
from bidui.policy.policy_set import PolicySet
from bidui.policy.recipe import Recipe

CIRCLE = "*"
"""Recipient of what all who may have it get alike: prepared and approved once, addressed to each contact."""
ASKER = "*asker"
"""Party of whoever registered a need: an agency that may have no agreement; the need stands in the contact's place."""


@dataclass(frozen=True)
class Recipient:
    """One party, or one region's office of it; or the `CIRCLE`, or the `ASKER` of a need."""

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
    """Every recipient of a recipe in order of key, of those whose agreement lists it; `refusal` says who may not."""
    found: list[Recipient] = []
    match recipe.to:
        case "sender":
            row = connection.execute(
                text("SELECT party, contact FROM core.arrival WHERE arrival_id = :id"), {"id": arrival}
            ).one()
            party = office.policy.party_on(row.party, day)
            agreement = office.policy.agreements.get(party)
            contact = next((c for c in agreement.contacts if c.id == row.contact), None) if agreement else None
            found = [Recipient(party, contact.region if contact else None)]
        case "party":
            found = [Recipient(office.policy.party_on(recipe.party or "", day))]
        case "region":
            every = office.policy.agreements.values()
            regions = [a for a in every if a.kind == "regions" and office.policy.party_on(a.party, day) == a.party]
            found = [r for agreement in regions for r in _offices(office, agreement, Period.parse(period))]
        case "provider":
            giving = [a for a in office.policy.agreements.values() if a.provides and a.in_force(day)]
            found = [r for agreement in giving for r in _offices(office, agreement, Period.parse(period))]
        case "circle":
            return [Recipient(CIRCLE)] if _circle(office, recipe, day) else []
        case "answerer":
            found = list(holders(office, ANSWERS, day).values())
        case "owner":
            owners = connection.execute(
                text('SELECT DISTINCT owner_party FROM core."case" WHERE hub = :hub AND kind = :kind ORDER BY 1'),
                {"hub": office.policy.hub, "kind": "finding"},
            ).scalars()
            found = [Recipient(p) for p in dict.fromkeys(office.policy.party_on(party, day) for party in owners)]
    return [r for r in found if recipe.id in (made.receives if (made := office.policy.agreements.get(r.party)) else ())]


def holders(office: Office, role: str, day: date) -> dict[str, Recipient]:
    """Contact → where to reach them, of those who hold an approval role and are in force on that day."""
    held = office.policy.profile.approvers.get(role, ())
    return {
        contact.id: Recipient(made.party, contact=contact.id)
        for made in office.policy.agreements.values() for contact in made.contacts
        if contact.id in held and contact.in_force(day)
    }  # fmt: skip


def _offices(office: Office, agreement: Agreement, period: Period) -> list[Recipient]:
    """The party as such, or each office of one that is regions."""
    if agreement.kind != "regions":
        return [Recipient(agreement.party)]
    regions = office.policy.regions_of(agreement.level or "", period.last_day)
    return [Recipient(agreement.party, region.code) for region in regions]


def refusal(policy: PolicySet, recipe: Recipe, recipient: Recipient, day: date) -> permission.Withheld | None:
    """Why the recipient may not be sent the recipe; None: it may. In the circle are only those who may."""
    made = policy.agreements.get(recipient.party)
    return permission.withheld(made, recipe, recipient.region, day) if made else None


def _circle(office: Office, recipe: Recipe, day: date) -> list[Agreement]:
    """Whose agreements, in force, list the recipe and let them see all that it shows."""
    listed = [a for a in office.policy.agreements.values() if recipe.id in a.receives and a.in_force(day)]
    return [a for a in listed if not permission.withheld(a, recipe, None, day)]


def contacts(office: Office, recipe: Recipe, recipient: Recipient, as_of: datetime) -> tuple[Contact, ...]:
    """The designated contacts of a recipient on that day; of the circle, every contact of those who may have it."""
    day = office.today(as_of)
    if recipient.party == CIRCLE:
        return tuple(c for made in _circle(office, recipe, day) for c in made.contacts if c.in_force(day))
    made = office.policy.agreements[recipient.party]
    if recipient.contact:
        return tuple(c for c in made.contacts if c.id == recipient.contact and c.in_force(day))
    return made.contacts_for(recipient.region, day)


def title(office: Office, recipient: Recipient, day: date) -> str:
    """What the recipient is called on paper on ``day``; empty for the circle and for who asked, whom texts name."""
    return named(office.policy, recipient, day)


def named(policy: PolicySet, recipient: Recipient, day: date) -> str:
    """The same, by the policy alone."""
    if recipient.party in (CIRCLE, ASKER):
        return ""
    region = policy.region_names(day).get(recipient.region or "", "")
    office = policy.agreements[recipient.party].office_of(region) if region else None
    return f"{region}{office or policy.name_on(recipient.party, day)}"
