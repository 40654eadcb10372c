"""A dataset's rows under several versions of its contract: one shape for a rule, whatever the version was (HY-03).

Compatible versions share a table that has grown columns; a breaking one has a table of its own. A rule sees every
column that any version states; where the version that a row came in under has it not, it is NULL.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from bidui.policy.changes import ordered
from bidui.policy.contract import Contract
from bidui.policy.physical import definition


def columns(versions: Iterable[Contract]) -> dict[str, str]:
    """Column → SQL type over all versions; of one whose type has changed, that of the first named."""
    found: dict[str, str] = {}
    for contract in versions:
        for name, kind in definition(contract).items():
            found.setdefault(name, kind.split(" NOT ")[0])
    return found


def tables(contract: Contract, versions: Sequence[Contract], received: Iterable[str]) -> dict[str, dict[str, str]]:
    """Table → its columns, of all tables in which rows of the versions ``received`` stand; without any, the contract's.

    ``versions`` are those that rows may have come in under, oldest first.
    """
    under: list[Contract] = []
    for version in sorted(set(received), key=ordered):
        same = [v for v in versions if v.major == ordered(version)[0]]
        under += [v for v in same if v.version == version] or same[-1:]
    under = under or [contract]
    return {c.table: columns(v for v in under if v.table == c.table) for c in under}


def shown(wanted: Mapping[str, str], there: Mapping[str, str]) -> Iterator[str]:
    """What to select out of a table ``d`` that has the columns ``there``."""
    for name, kind in wanted.items():
        has = there.get(name)
        if has == kind:
            yield f'd."{name}"'
        elif (has, kind) == ("bigint", "numeric") or (kind == "text" and has not in (None, "text[]")):
            yield f'CAST(d."{name}" AS {kind}) AS "{name}"'
        else:
            yield f'CAST(NULL AS {kind}) AS "{name}"'
