"""Candidates: persons whom an unresolved or quarantined row may mean (design, decisions 7 and 8).

A candidate is never a link: it makes the person *unknown*, never *absent*, in the dataset of that row. A likely match
needs the same name in the same village and, besides, a near ID number (one digit, two neighbours swapped) or the
same birth date.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from sqlalchemy import Connection, text

from bidui.domain.id_number import near
from bidui.store.copying import copy_frame

_OWN = text("""
    INSERT INTO identity.candidate (submission_id, row_no, person_id, reason)
    SELECT u.submission_id, u.row_no, u.person_id, 'row set aside'
    FROM identity.unsettled_row u WHERE u.submission_id = ANY(:submissions) AND u.person_id IS NOT NULL
    ON CONFLICT DO NOTHING
""")

_NAMESAKES = text("""
    SELECT DISTINCT u.submission_id, u.row_no, i.text AS id_text, p.person_id, p.id_number
    FROM identity.unsettled_row u
    JOIN identity.term n ON n.term_id = u.name_id
    JOIN identity.term m ON m.kind = n.kind AND m.canonical = n.canonical
    JOIN identity.sighting s ON s.name_id = m.term_id AND s.region = u.region
    JOIN identity.person p ON p.person_id = s.person_id
    LEFT JOIN identity.term i ON i.term_id = u.id_term
    WHERE u.submission_id = ANY(:submissions) AND u.person_id IS NULL
""")

_BIRTH = slice(6, 14)
"""Where an 18-character number states the birth date."""


def find(connection: Connection, submissions: Sequence[int]) -> int:
    """Write the candidates of the unsettled rows of these submissions; returns how many are new.

    It is run when a package settles and again before a month is compared, because the persons whom a row may mean can
    arrive after the row.
    """
    own = connection.execute(_OWN, {"submissions": list(submissions)}).rowcount
    rows = connection.execute(_NAMESAKES, {"submissions": list(submissions)}).all()
    likely = [
        (row.submission_id, row.row_no, row.person_id, reason)
        for row in rows if (reason := _reason(row.id_text or "", row.id_number))
    ]  # fmt: skip
    if not likely:
        return own
    columns = ["submission_id", "row_no", "person_id", "reason"]
    connection.execute(text("CREATE TEMP TABLE IF NOT EXISTS likely (LIKE identity.candidate) ON COMMIT DROP"))
    connection.execute(text("TRUNCATE likely"))
    copy_frame(connection, "likely", pd.DataFrame(likely, columns=columns))
    new = connection.execute(
        text("INSERT INTO identity.candidate SELECT * FROM likely ON CONFLICT DO NOTHING")
    ).rowcount
    return own + new


def _reason(written: str, number: str) -> str | None:
    if why := near(written, number):
        return f"same name and village, {why}"
    if len(written) == len(number) and written[_BIRTH] == number[_BIRTH]:
        return "same name, village and birth date"
    return None
