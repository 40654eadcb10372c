"""How a system's statement about somebody differs from the plain one, and for how long."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from bidui.synth.kinds import System


@dataclass(frozen=True)
class Effect:
    """From period ``start`` up to, and without, ``until``, one system says ``change`` about one person.

    ``change`` holds fields of the row that read differently, or ``absent: True``; ``also`` the fields by
    which a second row differs from the first.
    """

    system: System
    person: int
    start: int
    until: int | None
    change: dict[str, Any] = field(repr=False)
    also: dict[str, Any] | None = field(default=None, repr=False)

    def holds(self, index: int) -> bool:
        """Whether the effect holds in the period numbered ``index`` from 0."""
        return self.start <= index and (self.until is None or index < self.until)


@dataclass(frozen=True)
class Changes:
    """The effects on one system in one period, by person: changed fields, and second rows."""

    fields: dict[int, dict[str, Any]] = field(default_factory=dict, repr=False)
    also: dict[int, list[dict[str, Any]]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, effects: Iterable[Effect], system: System, index: int) -> Changes:
        """Those of ``effects`` that hold; where two speak of one field, the later planted one does."""
        found = cls()
        for effect in effects:
            if effect.system == system and effect.holds(index):
                if effect.change:
                    found.fields.setdefault(effect.person, {}).update(effect.change)
                if effect.also:
                    found.also.setdefault(effect.person, []).append(effect.also)
        return found

    def absent(self, person: int) -> bool:
        """Whether the system does not speak of the person."""
        return bool(self.fields.get(person, {}).get("absent"))
