"""What is true of people beyond who they are: benefits, certificates, what they had to pay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bidui.synth.world import Person


@dataclass(slots=True)
class Benefit:
    """One household's benefit; its people need not be all of a household of the register.

    ``since`` is the index of the period from which it is paid (0: from the start); ``amount`` is yuan a month.
    """

    number: str
    village: str
    aid_type: str
    amount: int
    started_on: date
    since: int = 0
    members: list[Person] = field(default_factory=list, repr=False)


@dataclass(frozen=True, slots=True)
class Certificate:
    """One person's certificate, there from the period with index ``since``."""

    category: str
    level: str
    issued_on: date
    since: int = 0

    @property
    def code(self) -> str:
        """Category and level, as the register writes them."""
        return f"{self.category}_{self.level}"

    def digits(self, categories: Sequence[str]) -> str:
        """The 19th and 20th of its number; ``categories`` in the order of the former."""
        return f"{categories.index(self.category) + 1}{self.level}"


@dataclass(frozen=True, slots=True)
class Settlement:
    """One bill, in yuan, as it was settled; ``index`` is the period whose file holds it.

    A part that was not paid is None. ``total`` may miss the sum of the parts: it is what the system states.
    """

    number: str
    person: int
    index: int
    visit_type: str
    settled_on: date
    total: Decimal
    basic_paid: Decimal
    serious_paid: Decimal | None
    aid_paid: Decimal | None
    own_paid: Decimal
    own_compliant: Decimal
