"""Chance that repeats: every use has a named stream, so that a change in one does not shift the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, TypeVar
from zlib import crc32

import numpy as np

Thing = TypeVar("Thing")
_BATCH = 4096


class Dice:
    """Draws from one stream, named by ``seed`` and ``name``."""

    def __init__(self, seed: int, name: str) -> None:
        self._generator = np.random.default_rng([seed, crc32(name.encode())])
        self._batch: list[float] = []

    def fraction(self) -> float:
        """A number from 0 up to, and without, 1."""
        if not self._batch:
            self._batch = self._generator.random(_BATCH).tolist()
        return self._batch.pop()

    def below(self, n: int) -> int:
        """A whole number from 0 to n − 1."""
        return int(self.fraction() * n)

    def between(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        return low + self.below(high - low + 1)

    def chance(self, share: float) -> bool:
        """Whether something of probability ``share`` happens."""
        return self.fraction() < share

    def pick(self, things: Sequence[Thing]) -> Thing:
        """One of ``things``."""
        return things[self.below(len(things))]

    def weighted(self, shares: Mapping[Any, float]) -> Any:
        """One key of ``shares``, as likely as its value says."""
        mark = self.fraction() * sum(shares.values())
        for key, reached in zip(shares, accumulate(shares.values()), strict=True):
            if mark < reached:
                return key
        return next(reversed(list(shares)))

    def shuffled(self, things: Sequence[Thing]) -> list[Thing]:
        """All ``things`` in another order."""
        return [things[i] for i in self._generator.permutation(len(things))]
