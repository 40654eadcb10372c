"""Faults that only follow from files that could not be read: told apart, so that one check shows all real mistakes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from bidui.policy.source import Fault

_MISSED = re.compile(r"(?:^|[ :])(?P<what>[\w ]+): (?P<name>[\w.:-]+) does not exist")
_NO_CODE = re.compile(r" is no code of (\w+)| is not in dictionary/(\w+)\.csv")
_MADE_OF = {"role": "catalogue", "column": "catalogue", "region": "regions", "approvers": "contacts"}
"""What is missed → the folder, or the file, that holds such things; everything else has a file of its own name."""
_EXCHANGED = {"catalogue", "agreements"}
_TOGETHER = {
    "no dataset in the role": _EXCHANGED, "is provided under no agreement": _EXCHANGED, "judges nothing": _EXCHANGED,
    "nobody receives": _EXCHANGED, "nobody stays on record": {"contacts"},
}  # fmt: skip
"""What is said when nothing fits → of what folders."""


def real(faults: Iterable[Fault], unread: Iterable[str]) -> list[Fault]:
    """The faults that do not merely follow from ``unread`` files; these are told again once the files can be read."""
    files = [Path(file) for file in unread]
    names, folders = {file.stem for file in files}, {file.parts[0] for file in files}
    return [fault for fault in faults if not _follows(fault, names, folders)]


def _follows(fault: Fault, names: set[str], folders: set[str]) -> bool:
    if missed := _MISSED.search(fault.message):
        what = missed["what"].split()[-1]
        return re.split(r"[.:]", missed["name"])[-1] in names | folders or _MADE_OF.get(what) in folders | names
    if code := _NO_CODE.search(fault.message):
        return (code[1] or code[2]) in names
    return any(words in fault.message and folders & held for words, held in _TOGETHER.items())
