"""Names of synthetic people, the slips that change them, and truth's own view of when two are the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from bidui.synth.dice import Dice
from bidui.synth.settings import Names

_WIDE_SPACE = "\u3000"


@dataclass(frozen=True)
class Sameness:
    """When two names are the same: spaces, the kind of middle dot and declared variants do not count."""

    dots: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]

    def fold(self, name: str) -> str:
        """The form in which same names are equal."""
        for dot in self.dots[1:]:
            name = name.replace(dot, self.dots[0])
        return "".join(self._roots.get(c, c) for c in name if not c.isspace())

    def has_variant(self, name: str) -> bool:
        """Whether some character of ``name`` has a declared variant."""
        return any(c in name for pair in self.pairs for c in pair)

    @cached_property
    def _roots(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for a, b in self.pairs:
            root, gone = found.get(a, a), found.get(b, b)
            found = {c: root if r == gone else r for c, r in found.items()} | {a: root, b: root}
        return found


class Namer:
    """Makes names, and spoils them."""

    def __init__(self, names: Names, sameness: Sameness) -> None:
        self._names = names
        self._sameness = sameness
        given = names.given
        self._given = {"male": given.male + given.either, "female": given.female + given.either}
        self._variant = "".join(b for _, b in sameness.pairs if b not in names.surnames.common)
        self._slips: dict[str, Callable[[str, Dice], str]] = {
            "misspelt": self._misspelt,
            "dropped": lambda name, dice: name[:-1],
            "inner_space": lambda name, dice: f"{name[0]} {name[1:]}",
            "outer_space": lambda name, dice: dice.pick((f" {name}", f"{name} ", f" {name} ")),
            "wide_space": lambda name, dice: f"{name[0]}{_WIDE_SPACE}{name[1:]}",
            "other_dot": lambda name, dice: name.replace(names.dots[0], dice.pick(names.dots[1:])),
            "variant": self._varied,
        }

    def surname(self, dice: Dice) -> str:
        """A family's name."""
        surnames = self._names.surnames
        if dice.chance(surnames.compound_share):
            return dice.pick(surnames.compound)
        return dice.pick(surnames.seldom if dice.chance(surnames.seldom_share) else surnames.common)

    def name(self, surname: str, sex: str, dice: Dice) -> str:
        """A full name with ``surname``."""
        given = self._names.given
        first = dice.pick(self._given[sex])
        if dice.chance(given.rare_share):
            first = dice.pick(given.rare)
        elif self._variant and dice.chance(given.variant_share):
            first = dice.pick(self._variant)
        second = "" if dice.chance(given.single_share) else dice.pick(self._given[sex])
        return surname + first + second

    def dotted(self, sex: str, dice: Dice) -> str:
        """A name of two parts with a middle dot."""
        dotted = self._names.dotted
        return dice.pick(dotted.male if sex == "male" else dotted.female) + dotted.dot + dice.pick(dotted.last)

    def slip(self, name: str, kind: str, dice: Dice) -> str:
        """``name`` as the other system writes it."""
        return self._slips[kind](name, dice)

    def _misspelt(self, name: str, dice: Dice) -> str:
        known = [i for i in range(1, len(name)) if name[i] in self._names.misspelt]
        for _ in range(100):
            at = dice.pick(known) if known and dice.chance(0.8) else dice.between(1, len(name) - 1)
            others = self._names.misspelt.get(name[at], "") if at in known else self._given["male"]
            wrong = name[:at] + dice.pick(others) + name[at + 1 :]
            if self._sameness.fold(wrong) != self._sameness.fold(name):
                return wrong
        return name + self._given["male"][0]

    def _varied(self, name: str, dice: Dice) -> str:
        pairs = [p for p in self._both_ways() if p[0] in name]
        a, b = dice.pick(pairs)
        return name.replace(a, b, 1)

    def _both_ways(self) -> Iterable[tuple[str, str]]:
        for a, b in self._sameness.pairs:
            yield a, b
            yield b, a
