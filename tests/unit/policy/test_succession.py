"""Successors of parties: who acts for whom on which day, under which name, and what may not be said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from bidui.pipeline.check import check
from bidui.policy import contacts, succession
from bidui.policy.agreement import Agreement, Contact
from bidui.policy.loading import load

OCTOBER, NOVEMBER, DECEMBER = date(2026, 10, 31), date(2026, 11, 30), date(2026, 12, 31)
FIRST_OF_NOVEMBER, FIRST_OF_DECEMBER = date(2026, 11, 1), date(2026, 12, 1)


def agreed(party: str, begun: date, ended: date | None = None, *, contacts: str = "", **succeeds: date) -> Agreement:
    """An agreement with contacts (``id:from:to``, days may be empty) of a party named after itself."""
    acting = tuple(
        Contact(
            id=name, name=name, email=f"{name}@county.example", valid_from=date.fromisoformat(since or "2026-01-01"),
            valid_to=date.fromisoformat(until) if until else None,
        )
        for name, since, until in (stated.split(":") for stated in contacts.split())
    )  # fmt: skip
    return Agreement.model_validate({
        "party": party, "title": f"{party}局", "kind": "agency", "clauses": (), "purpose": "核对",
        "uses": ("monitoring",),
        "may": {"query": "all"}, "method": "逐人比对", "channels": ("mail",), "retention_months": 36,
        "legal_basis": "规定",
        "valid_from": begun, "valid_to": ended, "succeeds": succeeds, "contacts": acting,
    })  # fmt: skip


def hub(*made: Agreement) -> dict[str, Agreement]:
    return {one.party: one for one in made}


CHAIN = hub(
    agreed("A", date(2026, 1, 1), OCTOBER, contacts="a:: gone::2026-06-30 late:2026-11-15:"),
    agreed("B", FIRST_OF_NOVEMBER, NOVEMBER, contacts="b::", A=FIRST_OF_NOVEMBER),
    agreed("C", FIRST_OF_DECEMBER, B=FIRST_OF_DECEMBER),
)
MERGED = hub(
    agreed("A", date(2026, 1, 1), OCTOBER), agreed("B", date(2026, 1, 1), OCTOBER),
    agreed("new", FIRST_OF_NOVEMBER, A=FIRST_OF_NOVEMBER, B=FIRST_OF_NOVEMBER),
)  # fmt: skip
ABSORBED = hub(agreed("A", date(2026, 1, 1), OCTOBER), agreed("B", date(2026, 1, 1), A=FIRST_OF_NOVEMBER))


@pytest.mark.parametrize(
    ("party", "acting"),
    [("A", ["A", "B", "C"]), ("B", ["B", "B", "C"]), ("C", ["C", "C", "C"]), ("D", ["D", "D", "D"])],
)
def test_who_acts_for_a_party_changes_with_the_days(party: str, acting: list[str]) -> None:
    assert [succession.party_on(CHAIN, party, day) for day in (OCTOBER, NOVEMBER, DECEMBER)] == acting


@pytest.mark.parametrize(
    ("agreements", "party", "names"),
    [
        (CHAIN, "A", ["A局", "B局", "C局"]), (CHAIN, "C", ["A局", "B局", "C局"]),
        (MERGED, "new", ["A局、B局", "new局", "new局"]), (MERGED, "A", ["A局", "new局", "new局"]),
        (ABSORBED, "B", ["B局", "B局", "B局"]), (ABSORBED, "A", ["A局", "B局", "B局"]),
        (ABSORBED, "D", ["D", "D", "D"]),
    ],
)  # fmt: skip
def test_a_party_is_called_what_it_was_called_on_the_day(
    agreements: dict[str, Agreement], party: str, names: list[str]
) -> None:
    assert [succession.name_on(agreements, party, day) for day in (OCTOBER, NOVEMBER, DECEMBER)] == names


@pytest.mark.parametrize(
    ("day", "acting"),
    [
        (date(2026, 6, 1), {"A": ["a", "gone"], "B": ["b"]}), (OCTOBER, {"A": ["a"], "B": ["b"]}),
        (FIRST_OF_NOVEMBER, {"B": ["b", "a"]}), (NOVEMBER, {"B": ["b", "a", "late"]}),
        (FIRST_OF_DECEMBER, {"C": ["b", "a", "late"]}),
    ],
)  # fmt: skip
def test_contacts_go_on_for_the_successor_from_its_day(day: date, acting: dict[str, list[str]]) -> None:
    found = succession.with_contacts(CHAIN)
    seen = {party: [c.id for c in made.contacts if c.in_force(day)] for party, made in found.items()}
    assert {party: ids for party, ids in seen.items() if ids} == acting


# --- in a policy ---------------------------------------------------------------------------------------------------
@pytest.fixture
def succeed(include: Path, spoil: Callable[[str, str, str], int]) -> Callable[..., None]:
    """Gives the federation successors: each a copy of its agreement, with what it ``succeeds``."""

    def made(ended: str, **heirs: str) -> None:
        old = (include / "agreements" / "disabled.yaml").read_text(encoding="utf-8")
        for heir, succeeds in heirs.items():
            new = old.replace("party: disabled", f"party: {heir}").replace(
                "valid_from: 2026-01-01", "valid_from: 2026-11-01"
            )
            (include / "agreements" / f"{heir}.yaml").write_text(f"{new}succeeds: {succeeds}\n", encoding="utf-8")
        spoil("profiles/demo.yaml", " disabled, ", f" disabled, {', '.join(heirs)}, ")
        if ended:
            spoil("agreements/disabled.yaml", "valid_from: 2026-01-01", f"valid_from: 2026-01-01\nvalid_to: {ended}")

    return made


def test_a_successor_gives_what_was_given_before(include: Path, succeed: Callable[..., None]) -> None:
    succeed("2026-10-31", heir="{disabled: 2026-11-01}")
    policy = load(include, "demo")
    assert [made.party for made in policy.givers("disabled.certificate")] == ["disabled", "heir"]
    address = policy.agreements["disabled"].contacts[0].email
    for day, party in ((OCTOBER, "disabled"), (NOVEMBER, "heir")):
        known = policy.contact_of_sender(address, day)
        assert known
        assert known[0].party == party
    assert (policy.successors(OCTOBER), policy.successors(NOVEMBER)) == ({}, {"disabled": "heir"})
    assert policy.carried_by("heir", NOVEMBER) == ["heir", "disabled"]


def test_whoever_is_changed_under_the_successor_keeps_the_day_since_when(
    include: Path, succeed: Callable[..., None]
) -> None:
    succeed("2026-10-31", heir="{disabled: 2026-11-01}")
    (held,) = load(include, "demo").agreements["heir"].contacts
    assert held.valid_from == FIRST_OF_NOVEMBER
    written = contacts.amended(include, "demo", [("heir", held.model_copy(update={"phone": "0999-8250009"}))])
    (line,) = [line for line in written.splitlines() if held.id in line]
    assert line.startswith("disabled,")
    assert ",0999-8250009," in line
    assert line.endswith(",2026-01-01,")


def test_a_successor_goes_on_under_the_mail_address_of_whom_it_succeeds(
    include: Path, succeed: Callable[..., None]
) -> None:
    succeed("2026-10-31", heir="{disabled: 2026-11-01}")
    file = include / "contacts" / "demo.csv"
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    (line,) = [line for line in lines if line.startswith("disabled,")]
    own = line.replace("disabled,disabled-1", "heir,heir-1").replace("2026-01-01", "2026-11-01")
    file.write_text("".join([*lines, own]), encoding="utf-8")
    assert [str(fault) for fault in check(include, "demo")[1] if fault.file == "contacts/demo.csv"] == []


@pytest.mark.parametrize(
    ("ended", "heirs", "said"),
    [
        ("2026-10-31", {"heir": "{disabeld: 2026-11-01}"}, "succeeds: disabeld does not exist; did you mean disabled?"),
        ("", {"heir": "{disabled: 2026-11-01}"},
         "succeeds: disabled is in force after 2026-11-01; end its agreement, with a valid_to before that day"),
        ("2026-11-01", {"heir": "{disabled: 2026-11-01}"},
         "succeeds: disabled is in force after 2026-11-01; end its agreement, with a valid_to before that day"),
        ("2026-10-31", {"heir": "{disabled: 2026-11-01}", "other": "{disabled: 2026-12-01}"},
         "succeeds: disabled is succeeded by heir already"),
        ("2026-10-31", {"heir": "{disabled: 2026-11-01, heir: 2026-12-01}"},
         "succeeds: heir is in force after 2026-12-01; end its agreement, with a valid_to before that day"),
    ],
)  # fmt: skip
def test_what_may_not_be_said_of_a_succession(
    succeed: Callable[..., None], complaints: Callable[..., list[str]], ended: str, heirs: dict[str, str], said: str
) -> None:
    succeed(ended, **heirs)
    assert any(line.endswith(said) for line in complaints()), complaints()


def test_successors_that_go_round_in_a_circle_are_told(include: Path) -> None:
    round_ = hub(
        agreed("A", date(2026, 1, 1), OCTOBER, B=FIRST_OF_DECEMBER),
        agreed("B", FIRST_OF_NOVEMBER, NOVEMBER, A=FIRST_OF_NOVEMBER),
    )
    for name in round_:
        (include / "agreements" / f"{name}.yaml").touch()
    told = [str(fault) for fault in succession.faults(include, round_)]
    assert [line.partition(": ")[2] for line in told] == [
        f"succeeds: {old}: the successors go round in a circle; take one of them out" for old in ("B", "A")
    ]
