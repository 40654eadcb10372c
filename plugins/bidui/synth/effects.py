"""What a system's ``says`` means for one person, as an effect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from bidui.synth.dice import Dice
from bidui.synth.id_number import slip
from bidui.synth.kinds import Said, System
from bidui.synth.naming import Namer
from bidui.synth.places import Regions
from bidui.synth.settings import Settings
from bidui.synth.source import SynthError
from bidui.synth.statements import Effect
from bidui.synth.world import Household, Person

_DATED: dict[System, str] = {"roster": "stop_date", "certificate": "cancelled_on"}
_OTHER = "other"


@dataclass(frozen=True)
class Teller:
    """Turns ``says`` into effects."""

    settings: Settings
    namer: Namer
    places: Regions

    def effect(
        self,
        said: Said,
        system: System,
        person: Person,
        on: date | None,
        year: int,
        start: int,
        until: int | None,
        dice: Dice,
        second: Household | None = None,
    ) -> Effect:
        """What ``said`` means for one person; ``on`` is the event's date, ``second`` the other household, if any."""
        words = ("state", "stop_reason", "aid", "status")
        change: dict[str, Any] = {k: v for k in words if (v := getattr(said, k)) is not None}
        if said.absent:
            change["absent"] = True
        if said.dated:
            change[_DATED[system]] = on
        if said.insured_year is not None:
            change["insured_year"] = year + said.insured_year
        if said.name:
            change["name"] = self.namer.slip(person.name, said.name, dice)
        if said.id_no:
            change["id_no"] = slip(person.id_no, said.id_no, dice)
        if said.village:
            change["village"] = self._other_village(person.village, dice)
        if said.dibao is not None:
            change["dibao"] = None if said.dibao == "empty" else said.dibao
        if said.disability:
            change["disability"] = self._code(said.disability, person, dice)
        return Effect(system, person.key, start, until, change, self._also(said, second))

    def _code(self, how: str, person: Person, dice: Dice) -> str:
        """The register's code against a certificate, or without one."""
        ours, held = self.settings.certificates, person.certificate
        if how == "blank":
            return ""
        if how == "some":
            return f"{dice.weighted(ours.categories)}_{dice.weighted(ours.levels)}"
        if held is None:
            raise SynthError("no_certificate", said=how)
        if how == "other_level":
            return f"{held.category}_{dice.pick([level for level in ours.levels if level != held.level])}"
        return f"{dice.pick([c for c in ours.categories if c != held.category])}_{held.level}"

    def _also(self, said: Said, second: Household | None) -> dict[str, Any] | None:
        words = self.settings.statement
        if said.also == "second_household" and second:
            return {"household": second.number, "village": second.village, "relation": _OTHER}
        if said.also == "second_benefit" and second and (paid := second.members[0].benefit):
            shared = {k: getattr(paid, k) for k in ("number", "village", "aid_type", "amount", "started_on")}
            return shared | {"relation": _OTHER}
        if said.also == "other_scheme":
            return {
                "scheme": words.other_scheme,
                "state": words.insured,
                "stop_reason": "",
                "stop_date": None,
                "aid": words.unaided,
            }
        return None

    def _other_village(self, village: str, dice: Dice) -> str:
        own = self.places.known[village].name
        return dice.pick([v.code for v in self.places.villages if v.name != own])
