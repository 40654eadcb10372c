"""The list of certificates against the register's codes, and new certificates that mean a risk."""

from __future__ import annotations

from collections.abc import Iterator

from bidui.synth.expect.line import Line
from bidui.synth.expect.view import View, finding, signal
from bidui.synth.statements import CertificateRow

_SYSTEMS = ("register", "certificate")
_ABOUT = "disability"


def lines(view: View) -> Iterator[Line]:
    """What is to be found."""
    for number, members in view.register.rows.items():
        valid = [c for c in view.certificate.get(number) if c.status == view.words.valid]
        codes = {m.disability for m in members}
        if valid and "" in codes:
            yield finding("disability_not_flagged", number, _ABOUT, *_SYSTEMS)
        if not valid and codes != {""}:
            absence = finding("disability_flag_stale", number, _ABOUT, *_SYSTEMS)
            yield view.or_unknown(absence, members[0], view.certificate)
        if any(code and code != c.code for code in codes for c in valid):
            yield finding("disability_differs", number, _ABOUT, *_SYSTEMS)
        for c in valid:
            if _is_heavy(view, c) and 0 <= view.days_to_end(c.issued_on) < view.boundaries.certificate_new_days:
                yield signal("newly_disabled", number, "certificate", c.issued_on.isoformat(), members[0].household)


def _is_heavy(view: View, c: CertificateRow) -> bool:
    return c.level in view.words.severe or (c.category in view.words.mind and c.level in view.words.lighter)
