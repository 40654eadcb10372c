"""Citizen ID numbers (公民身份号码, GB 11643): read after repairing what can be repaired without loss.

Full width, spaces, a lower-case x, an apostrophe, the 15-digit form of 1989 and the disability certificate's
number (GB/T 26341: ID number, category, level, and two more characters when re-issued) all lead to the one
18-character number. A number that a spreadsheet has rounded has lost its last digits: it is never repaired.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from bidui.domain import id_column
from bidui.domain.id_column import CHECK_CHARACTERS, WEIGHTS
from bidui.domain.words import INVISIBLE, NO_VALUE, tidy

Sex = Literal["male", "female"]

_EIGHTEEN = re.compile(r"[1-9][0-9]{16}[0-9X]")
_FIFTEEN = re.compile(r"[1-9][0-9]{14}")
_DISABILITY = re.compile(r"([1-9][0-9]{16}[0-9X])([1-7][1-4](?:[0-9A-Z]{2})?)")
_NUMERIC = re.compile(r"[0-9]+X?")
_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?E\+?[0-9]{2}")
_FLOATED = re.compile(r"[0-9]{16,}\.0*")
_DECIMAL = re.compile(r"([0-9]{15})\.0+")
_FORMULA = re.compile(r'="(.*)"')
_NO_NUMBER = "999999"
_APOSTROPHES = "'`\u2018\u2019\u02bc"
_CENTURIES = ("18", "19", "20")


@dataclass(frozen=True)
class IdReading:
    """What one written ID number says. Its repr shows no digit."""

    number: str | None
    """The 18 characters, X upper; None when unresolved."""
    form: str
    """How it was written: ``18``, ``15``, ``20``, ``22``, another length, ``scientific``, ``text``, empty."""
    birth: date | None = None
    sex: Sex | None = None
    repairs: tuple[str, ...] = ()
    problem: str | None = None
    """Why there is no number: id_ + missing, rounded, placeholder, form, impossible_date, check_digit."""
    digits: str | None = None
    """The characters after repair, also when the number is unresolved: what `near` compares."""
    suffix: str | None = None
    """What follows the ID number in a disability certificate's: category, level, and whatever was re-issued."""

    def __repr__(self) -> str:
        """Without any digit."""
        return f"IdReading(form={self.form!r}, repairs={self.repairs!r}, problem={self.problem!r})"


def check_character(first17: str) -> str:
    """The 18th character that belongs to 17 digits (ISO 7064 MOD 11-2)."""
    return CHECK_CHARACTERS[sum(w * int(d) for w, d in zip(WEIGHTS, first17, strict=True)) % 11]


def read(text: str) -> IdReading:
    """Read one ID number; never raises."""
    written, repairs = _cleaned(text)
    if written.lower() in NO_VALUE:
        return IdReading(None, "", problem="id_missing")
    if _SCIENTIFIC.fullmatch(written) or _FLOATED.fullmatch(written):
        return IdReading(None, "scientific", repairs=repairs, problem="id_rounded")
    if decimal := _DECIMAL.fullmatch(written):
        written, repairs = decimal[1], (*repairs, "id_decimal")
    form = str(len(written)) if _NUMERIC.fullmatch(written) or _DISABILITY.fullmatch(written) else "text"
    if written.startswith(_NO_NUMBER) or (len(set(written)) == 1 and form != "text"):
        return IdReading(None, form, repairs=repairs, problem="id_placeholder")
    if disability := _DISABILITY.fullmatch(written):
        return replace(_judged(disability[1], form, (*repairs, "id_disability_prefix")), suffix=disability[2])
    if _FIFTEEN.fullmatch(written):
        return _judged_fifteen(written, repairs)
    if _EIGHTEEN.fullmatch(written):
        return _judged(written, form, repairs)
    digits = None if form == "text" else written
    return IdReading(None, form, repairs=repairs, problem="id_form", digits=digits)


def _cleaned(text: str) -> tuple[str, tuple[str, ...]]:
    """``text`` in half width, upper case, without spaces and apostrophes, and what was mended."""
    repairs = []
    written = tidy(text)
    if written != text.strip():
        repairs.append("id_fullwidth")
    bare = written.strip(_APOSTROPHES)
    if formula := _FORMULA.fullmatch(bare):
        bare = formula[1]
    if bare != written:
        repairs.append("id_apostrophe")
    dense = INVISIBLE.sub("", bare)
    if dense != bare:
        repairs.append("id_spaces")
    upper = dense.upper()
    if upper != dense and (upper.endswith("X") or _DISABILITY.fullmatch(upper)):
        repairs.append("id_lowercase_x")
    return upper, tuple(repairs)


def _judged_fifteen(written: str, repairs: tuple[str, ...]) -> IdReading:
    """The form of 1989 has no century and no check digit; all its holders were born in the 1900s."""
    full = f"{written[:6]}19{written[6:]}"
    return _judged(full + check_character(full), "15", (*repairs, "id_15_to_18"))


def _judged(number: str, form: str, repairs: tuple[str, ...]) -> IdReading:
    """Birth date and check digit of 18 characters of the right form."""
    birth = _birth(number)
    sex: Sex = "male" if int(number[16]) % 2 else "female"
    rounded = form == "18" and number.endswith("000")
    problem = None
    if birth is None:
        problem = "id_impossible_date"
    elif number[17] != check_character(number[:17]):
        problem = "id_rounded" if rounded else "id_check_digit"
    if problem == "id_rounded":
        return IdReading(None, form, repairs=repairs, problem=problem)
    resolved = None if problem else number
    return IdReading(resolved, form, birth, sex if birth else None, repairs, problem, number)


def _birth(number: str) -> date | None:
    if number[6:8] not in _CENTURIES:
        return None
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def near(a: str, b: str) -> str | None:
    """Why two numbers may be one, mistyped: ``one_digit`` differs, or two neighbours are ``swapped``.

    None otherwise, also for equal ones.
    """
    if len(a) != len(b) or a == b:
        return None
    places = [i for i, (x, y) in enumerate(zip(a, b, strict=True)) if x != y]
    first, last = places[0], places[-1]
    if first == last:
        return "one_digit"
    crossed = a[first] == b[last] and a[last] == b[first]
    return "swapped" if len(places) == 2 and last == first + 1 and crossed else None


_FIELDS = ("number", "form", "birth", "sex", "repairs", "problem", "digits", "suffix")


def read_many(written: pd.Series) -> pd.DataFrame:
    """`read` for a whole column, with the same index; what is missing is None (birth: NaT).

    The column decides what one cell cannot: 18 characters that end in 000 may pass the check digit by chance.
    Where at least as many such numbers fail it, the column was rounded, and those that pass are rounded too.
    """
    places, distinct = pd.factorize(written.fillna("").astype(object).to_numpy())
    table = {field: np.full(len(distinct), None, dtype=object) for field in _FIELDS}
    table["birth"] = np.full(len(distinct), np.datetime64("NaT", "s"))
    plain = np.array([id_column.is_plain(text) for text in distinct], dtype=bool)
    for field, values in id_column.judge(distinct[plain]).items():
        table[field][plain] = values
    table["form"][plain] = "18"
    table["repairs"] = np.frompyfunc(lambda _: (), 1, 1)(table["repairs"])
    others = np.flatnonzero(~plain)
    for at, text in zip(others, distinct[others], strict=True):
        reading = read(text)
        for field in _FIELDS:
            table[field][at] = getattr(reading, field)
    columns = {
        field: pd.Series(values[places], index=written.index, dtype=values.dtype)
        for field, values in table.items()
    }  # fmt: skip
    return _with_rounded(pd.DataFrame(columns))


def _with_rounded(readings: pd.DataFrame) -> pd.DataFrame:
    """Where a column was rounded, a number in 000 that passes its check digit does so by chance."""
    eighteen = readings["form"] == "18"
    certain = int((eighteen & (readings["problem"] == "id_rounded")).sum())
    lucky = eighteen & readings["number"].str.endswith("000").eq(True) if certain else eighteen & False
    if 0 < int(lucky.sum()) <= certain:
        readings.loc[lucky, ["number", "sex", "digits"]] = None
        readings.loc[lucky, "birth"] = pd.NaT
        readings.loc[lucky, "problem"] = "id_rounded"
    return readings
