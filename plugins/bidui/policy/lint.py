"""What loads and yet cannot be meant: figures without a source, codes of no list, SQL that reads past its header.

Each fault says what to do. Loading finds what would stop a month (`bidui.policy.references`); this is what
``policy check`` asks besides.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from difflib import get_close_matches
from itertools import combinations

from bidui.policy import contacts, permission
from bidui.policy.agreement import Agreement, Contact
from bidui.policy.policy_set import PolicySet
from bidui.policy.references import profiles
from bidui.policy.rule import Rule
from bidui.policy.source import Fault, nearest, place_of, read_yaml
from bidui.policy.working_calendar import FILE as HOLIDAYS

Found = Iterator[Fault]

_HANDED_IN = frozenset({"hub", "period", "first_day", "last_day", "as_of", "runs", "months"})
"""Parameters that the binder hands to every rule."""
_TOLD = frozenset({
    "recipient", "recipient_region", "arrival", "round", "today", "about", "approval_role", "words", "expected", "zone",
    "parts", "answer_dues", "window_opens", "window_closes", "office_level", "finest_level",
})  # fmt: skip
"""Parameters that a report is handed besides, with ``due_<deadline>`` for each deadline."""
_CLASSES = "classification"
_NEARLY = 0.85
"""How alike two names are of which one is a slip of the pen."""
_LAST_DAY = 31
_TEXT = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
_PARAMETER = re.compile(r"(?<![:\w\\]):([a-z_]\w*)(?!:)")


def faults(policy: PolicySet) -> list[Fault]:
    """Every such fault."""
    checks = (
        _figures, _beginnings, _kinds, _misspelt, _window, _classifications, _approvers, _terms_of_cases, _outcomes,
        _severities, _sql, _unreceived, _contacts, _addresses, _unsealed, _regions, _twice, _holidays,
        permission.faults,
    )  # fmt: skip
    return [fault for check in checks for fault in check(policy)]


def _codes(policy: PolicySet, name: str) -> tuple[str, ...]:
    """The codes of a list; none when the list is not there, which is told elsewhere."""
    return policy.codes[name].codes if name in policy.codes else ()


def _stated(policy: PolicySet, word: str) -> tuple[str, int | None]:
    """Where the profile, or the one below it, states ``word``."""
    return place_of(policy.include, word, *profiles(policy))


def _of(policy: PolicySet, group: str, name: str, said: str) -> Fault:
    """A fault of a figure, where the profile or the one below it states it."""
    files = [read_yaml(policy.include / file, policy.include) for file in profiles(policy)]
    stating = max(files, key=lambda file: file.reach([group, name]))
    return stating.fault(f"{group}: {name} {said}", [group, name])


def _figures(policy: PolicySet) -> Found:
    """A figure is dated and has a clause, or says where else it is from."""
    hub = policy.profile
    groups = (("thresholds", hub.thresholds), ("deadlines", hub.deadlines), ("least_rows", hub.least_rows))
    for group, figures in groups:
        for name, figure in figures.items():
            if not (figure.clauses or figure.source.strip()):
                yield _of(policy, group, name, "has no clause and no source; add clauses: [...] or source: ...")
            if not figure.values:
                yield _of(policy, group, name, "has no value; add values: {2021-01-01: ...}")


def _beginnings(policy: PolicySet) -> Found:
    """A figure has a value as soon as anything is exchanged; a file may be whole without one of its own."""
    hub, begun = policy.profile, min((made.valid_from for made in policy.agreements.values()), default=date.max)
    for group, figures in (("thresholds", hub.thresholds), ("deadlines", hub.deadlines)):
        for name, figure in figures.items():
            if figure.values and min(figure.values) > begun:
                said = f"has no value before {min(figure.values)}, but agreements are in force from {begun}; "
                said += "state the value of that time, too: a profile's values replace those of the base"
                yield _of(policy, group, name, said)


def _kinds(policy: PolicySet) -> Found:
    """A threshold is a number, unless it lists codes."""
    for name, figure in policy.profile.thresholds.items():
        for value in figure.values.values():
            if figure.of is None and not isinstance(value, int | float):
                yield _of(policy, "thresholds", name, f"is {value}, which is no number; write it in digits")


def _misspelt(policy: PolicySet) -> Found:
    """A figure that no SQL reads and that is called nearly as one above it, which goes on unchanged."""
    read = {name for rule in policy.rules.values() for name in _PARAMETER.findall(_TEXT.sub(" ", rule.sql))}
    hub = policy.profile
    for group, figures, prefix in (("thresholds", hub.thresholds, ""), ("deadlines", hub.deadlines, "due_")):
        names = list(figures)
        for at, name in enumerate(names):
            close = get_close_matches(name, names[:at], 1, _NEARLY)
            if close and f"{prefix}{name}" not in read:
                yield _of(policy, group, name, f"is read by nothing; did you mean {close[0]}?")


def _window(policy: PolicySet) -> Found:
    """Parties are called upon before the window opens, and it opens before it closes; 31 is a month's last day."""
    window = policy.profile.window
    if not window.clauses:
        yield Fault(*_stated(policy, "window"), "the window has no clause; add clauses: [...]")
    if not 1 <= window.calls_day <= window.opens_day <= window.closes_day <= _LAST_DAY:
        said = f"calls_day {window.calls_day}, opens_day {window.opens_day}, closes_day {window.closes_day}"
        yield Fault(*_stated(policy, "window"), f"window: {said}; write days from 1 to {_LAST_DAY}, in this order")


def _classifications(policy: PolicySet) -> Found:
    """How sensitive a column is, in a word of its list."""
    known = [entry.label for entry in policy.codes[_CLASSES].entries] if _CLASSES in policy.codes else []
    for contract in policy.contracts.values():
        for column in contract.columns if known else ():
            if column.classification not in known:
                said = f"column {column.name}: classification: {column.classification} is none of {'、'.join(known)}"
                yield Fault(*place_of(policy.include, column.classification, contract.file), said)


def _approvers(policy: PolicySet) -> Found:
    for role in policy.profile.approvers:
        yield from _no_code(policy, "approvers", role, "approval_role", *profiles(policy))


def _terms_of_cases(policy: PolicySet) -> Found:
    """Deadlines that code asks for: those of cases, by the level of a lead and for corrections, and that of needs."""
    known = policy.profile.deadlines
    for name in ("correction", "need_answer", *(f"visit_{level}" for level in _codes(policy, "level"))):
        if name not in known:
            close = next((given for given in known if nearest(given, [name])), "deadlines")
            yield Fault(*_stated(policy, close), f"deadlines: {name} is missing; add it{nearest(name, known)}")


def _outcomes(policy: PolicySet) -> Found:
    for recipe in policy.recipes.values():
        for code in recipe.only_if:
            yield from _no_code(policy, "only_if", code, "intake_outcome", recipe.file)


def _severities(policy: PolicySet) -> Found:
    for rule in policy.rules.values():
        if rule.severity:
            yield from _no_code(policy, "severity", rule.severity, "level", rule.file)


def _no_code(policy: PolicySet, what: str, code: str, name: str, *files: str) -> Found:
    known = _codes(policy, name)
    if known and code not in known:
        said = f"{what}: {code} is no code of {name}{nearest(code, known)}"
        yield Fault(*place_of(policy.include, code, *files), said)


def _sql(policy: PolicySet) -> Found:
    """A rule's header and its SQL name the same aliases and the same parameters."""
    told = _TOLD | {f"due_{name}" for name in policy.profile.deadlines}
    for rule in policy.rules.values():
        sql = _TEXT.sub(" ", rule.sql)
        asked = set(_PARAMETER.findall(sql))
        for name in rule.parameters:
            if name not in asked:
                yield _in(policy, rule, name, f"parameter {name} is not used; take it out of the header")
        known = {*rule.parameters, *_HANDED_IN, *(told if rule.stage == "report" else ())}
        for name in sorted(asked - known):
            close = nearest(name, known) or "; name it under parameters"
            yield _in(policy, rule, f":{name}", f"the header does not name the parameter :{name}{close}")
        for alias in rule.reads:
            if not re.search(rf"\b{re.escape(alias)}\b", sql):
                yield _in(policy, rule, alias, f"reads {alias}: nothing in the SQL uses it; take it out of the header")


def _in(policy: PolicySet, rule: Rule, word: str, said: str) -> Fault:
    return Fault(*place_of(policy.include, word, rule.file), said)


def _unreceived(policy: PolicySet) -> Found:
    """What is delivered, somebody may receive; who approves, or asked, has it without an agreement saying so."""
    received = {recipe for made in policy.agreements.values() for recipe in made.receives}
    for recipe in policy.recipes.values():
        if recipe.to not in ("approver", "asker") and recipe.id not in received:
            said = f"nobody receives {recipe.id}; add it to receives of an agreement, or take it out of deliveries"
            yield Fault(recipe.file, 1, said)
        made = policy.agreements.get(recipe.party or "")
        if made and recipe.id in received and recipe.id not in made.receives:
            said = f"party: {made.party} does not receive {recipe.id}; add it to receives of its agreement"
            yield Fault(*place_of(policy.include, made.party, recipe.file), said)


def _contacts(policy: PolicySet) -> Found:
    """Of each party whose agreement goes on, somebody stays on record, with a leader and an office (QA-17, HY-01)."""
    file = contacts.file_of(policy.hub)
    for made in policy.agreements.values():
        if made.valid_to or not made.provides:
            continue
        staying = [contact for contact in made.contacts if contact.valid_to is None]
        for contact in staying:
            if missing := [name for name in ("leader", "office") if not getattr(contact, name)]:
                said = f"contact {contact.id} has no {' and no '.join(missing)}; ask {made.party} who it is"
                yield Fault(*place_of(policy.include, contact.id, file), said)
        regions = [region for region in policy.regions if region.level == made.level]
        there = {contact.region for contact in staying} - {None}
        if there - {region.code for region in regions}:  # told by the reference to a region that is not there
            continue
        missing = [made.party] if not staying else []
        if made.kind == "regions":
            missing = [f"{made.party}, region {r.code}" for r in regions if r.valid_to is None and r.code not in there]
        for who in missing:
            yield Fault(file, 1, f"{who}: nobody stays on record; add a line, or ask for its list of contacts")


def _unsealed(policy: PolicySet) -> Found:
    """What is agreed is sealed in every hub (QA-07)."""
    for made in policy.agreements.values():
        for given in made.provides:
            if "plain" in given.sealing and given.dataset not in policy.profile.unsealed:
                said = f"sealing: {given.dataset} comes plain in every hub; "
                said += "seal it, or list it in unsealed of a profile"
                yield Fault(*place_of(policy.include, "plain", f"agreements/{made.party}.yaml"), said)


def _addresses(policy: PolicySet) -> Found:
    """A mail address says who sends: at any time, the contacts of one party have it."""
    known = defaultdict[str, list[tuple[Agreement, Contact]]](list)
    for made in policy.agreements.values():
        for contact in made.contacts:
            known[contact.email.lower()].append((made, contact))
    for one, other in (pair for held in known.values() for pair in combinations(held, 2)):
        begun = max(stated.valid_from for stated in (*one, *other))
        if one[0].party != other[0].party and all(stated.in_force(begun) for stated in (*one, *other)):
            places = [place_of(policy.include, c.id, contacts.file_of(policy.hub)) for _, c in (one, other)]
            said = f"contacts {one[1].id} of {one[0].party} and {other[1].id} of {other[0].party} have one mail address"
            said += " at the same time; give each its own, or end one of the lines with valid_to"
            yield Fault(*max(places, key=lambda found: found[1] or 0), said)


def _regions(policy: PolicySet) -> Found:
    """A region is of a level of the hub and lies in a region."""
    codes = {region.code for region in policy.regions}
    levels = policy.profile.levels
    for region in policy.regions:
        place = place_of(policy.include, region.code, "dictionary/regions.csv")
        if region.level not in levels:
            yield Fault(
                *place, f"{region.code}: level {region.level} is none of this hub's{nearest(region.level, levels)}"
            )
        if region.parent and region.parent not in codes:
            yield Fault(*place, f"{region.code}: parent {region.parent} does not exist{nearest(region.parent, codes)}")
    if policy.profile.region not in codes:
        said = f"region: {policy.profile.region} is not in dictionary/regions.csv; add its row, with hub {policy.hub}"
        yield Fault(*_stated(policy, policy.profile.region), said)


def _twice(policy: PolicySet) -> Found:
    """The codes of row issues are undated: each stands once."""
    lines: dict[str, int] = {}
    rows = policy.table("row_issue") if (policy.include / "dictionary" / "row_issue.csv").exists() else []
    for line, row in enumerate(rows, start=2):
        above = lines.setdefault(row["code"], line)
        if above != line:
            yield Fault("dictionary/row_issue.csv", line, f"{row['code']} stands in line {above} already; keep one")


def _holidays(policy: PolicySet) -> Found:
    """Days off stand in the order of the calendar, and no year is left out between two."""
    if not policy.calendar.published_years:  # told when it was read
        return
    days = [row["date"] for row in policy.table(HOLIDAYS.stem)]
    for line, (above, day) in enumerate(zip(days, days[1:], strict=False), start=3):
        if day <= above:
            yield Fault(str(HOLIDAYS), line, f"{day} stands below {above}; put the days in order, each once")
    published = sorted(policy.calendar.published_years)
    for before, after in zip(published, published[1:], strict=False):
        for year in range(before + 1, after):
            first = next(line for line, day in enumerate(days, start=2) if day.startswith(str(after)))
            yield Fault(str(HOLIDAYS), first, f"{year} is missing between {before} and {after}; add its arrangement")
