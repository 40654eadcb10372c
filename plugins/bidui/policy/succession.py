"""Successors of parties (职能承接): after a reform, another party carries on what one had (docs/adr/0021).

``succeeds`` of an agreement says whom, and from which day. Nothing is rewritten: the ledger keeps the names under which
it was written, and whoever reads it asks who acts for a party on a day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

from bidui.policy.agreement import Agreement
from bidui.policy.source import Fault, nearest, place_of

Agreements = Mapping[str, Agreement]
"""Party → agreement, of one hub."""


def party_on(agreements: Agreements, party: str, day: date) -> str:
    """Who acts for ``party`` on ``day``: itself, its successor, or the last of several."""
    seen: set[str] = set()
    while party not in seen:  # a circle is a fault of the policy; the question still has an answer
        seen.add(party)
        heirs = (new.party for new in agreements.values() if party in new.succeeds and new.succeeds[party] <= day)
        party = next(heirs, party)
    return party


def name_on(agreements: Agreements, party: str, day: date) -> str:
    """What a party is called on ``day``, under whichever name it is asked for; its id when no agreement names it.

    Before the day of its succession, a party that was not there yet is called what it then was.
    """
    made = agreements.get(party_on(agreements, party, day))
    if made is None:
        return party
    before = [old for old, since in made.succeeds.items() if old in agreements and day < since]
    if not before or made.in_force(day):
        return made.title
    return "、".join(name_on(agreements, old, day) for old in before)


def with_contacts(agreements: Agreements) -> dict[str, Agreement]:
    """The same agreements, in which the contacts of whoever was succeeded act for the successor from that day on."""
    found = dict(agreements)
    for day, old in sorted((day, old) for new in found.values() for old, day in new.succeeds.items() if old in found):
        new, until, left = party_on(found, old, day), day - timedelta(days=1), found[old].contacts
        carried = [c for c in left if c.valid_to is None or c.valid_to >= day]
        found[old] = found[old].model_copy(update={"contacts": tuple(
            c if c not in carried else c.model_copy(update={"valid_to": until}) for c in left if c.valid_from < day
        )})  # fmt: skip
        found[new] = found[new].model_copy(update={"contacts": (
            *found[new].contacts, *(c.model_copy(update={"valid_from": max(day, c.valid_from)}) for c in carried),
        )})  # fmt: skip
    return found


def faults(include: Path, agreements: Agreements) -> Iterator[Fault]:
    """What is wrong with successions.

    Whoever is succeeded is a party whose agreement has ended by that day, and has one successor, who is not itself.
    """
    known = [path.stem for path in (include / "agreements").glob("*.yaml")]
    heirs: dict[str, str] = {}
    for made in agreements.values():
        for old, day in made.succeeds.items():
            gone = agreements.get(old)
            if old not in known:
                said = f"{old} does not exist{nearest(old, known)}"
            elif gone and (gone.valid_to is None or gone.valid_to >= day):
                said = f"{old} is in force after {day}; end its agreement, with a valid_to before that day"
            elif old in heirs:
                said = f"{old} is succeeded by {heirs[old]} already"
            elif _returns(agreements, made.party):
                said = f"{old}: the successors go round in a circle; take one of them out"
            else:
                heirs[old] = made.party
                continue
            file = f"agreements/{made.party}.yaml"
            yield Fault(*place_of(include, old, file), f"succeeds: {said}")


def _returns(agreements: Agreements, party: str) -> bool:
    """Whether the way from successor to successor comes back to ``party``."""
    seen, asked = set[str](), [party]
    while asked:
        here = asked.pop()
        for new in (made.party for made in agreements.values() if here in made.succeeds):
            if new == party:
                return True
            asked += [new] if new not in seen else []
            seen.add(new)
    return False
