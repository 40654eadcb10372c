"""What loads and yet cannot be meant: figures without a source, codes of no list, SQL that reads past its header.

Each fault says what to do. Loading finds what would stop a month (`bidui.policy.references`); this is what
``policy check`` asks besides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bidui.policy.policy_set import PolicySet
from bidui.policy.rule import Rule
from bidui.policy.source import Fault, nearest, place_of
from bidui.policy.working_calendar import FILE as HOLIDAYS

Found = Iterator[Fault]

_HANDED_IN = frozenset({"hub", "period", "first_day", "last_day", "as_of", "runs", "months"})
"""Parameters that the binder hands to every rule."""
_TOLD = frozenset({
    "recipient", "recipient_region", "arrival", "round", "today", "about", "approval_role", "words", "expected", "zone",
    "parts", "window_opens", "window_closes", "office_level", "finest_level",
})  # fmt: skip
"""Parameters that a report is handed besides, with ``due_<deadline>`` for each deadline."""
_TEXT = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
_PARAMETER = re.compile(r"(?<![:\w\\]):([a-z_]\w*)(?!:)")


def faults(policy: PolicySet) -> list[Fault]:
    """Every such fault."""
    checks = (
        _figures, _approvers, _terms_of_cases, _outcomes, _severities, _sql, _unreceived, _regions, _twice, _holidays,
    )  # fmt: skip
    return [fault for check in checks for fault in check(policy)]


def _codes(policy: PolicySet, name: str) -> tuple[str, ...]:
    """The codes of a list; none when the list is not there, which is told elsewhere."""
    return policy.codes[name].codes if name in policy.codes else ()


def _profiles(policy: PolicySet) -> list[str]:
    """The profile's files, its own first."""
    own = f"profiles/{policy.profile.id}.yaml"
    others = sorted(f"profiles/{path.name}" for path in (policy.include / "profiles").glob("*.yaml"))
    return [own, *(file for file in others if file != own)]


def _stated(policy: PolicySet, word: str) -> tuple[str, int | None]:
    """Where the profile, or the one below it, states ``word``."""
    return place_of(policy.include, word, *_profiles(policy))


def _figures(policy: PolicySet) -> Found:
    """A figure is dated and has a clause, or says where else it is from."""
    hub = policy.profile
    for what, figures in (("threshold", hub.thresholds), ("deadline", hub.deadlines)):
        for name, figure in figures.items():
            if not (figure.clauses or figure.source.strip()):
                said = f"{what} {name} has no clause and no source; add clauses: [...] or source: ..."
                yield Fault(*_stated(policy, name), said)
            if not figure.values:
                yield Fault(*_stated(policy, name), f"{what} {name} has no value; add values: {{2021-01-01: ...}}")
    if not hub.window.clauses:
        yield Fault(*_stated(policy, "window"), "the window has no clause; add clauses: [...]")


def _approvers(policy: PolicySet) -> Found:
    for role in policy.profile.approvers:
        yield from _no_code(policy, "approvers", role, "approval_role", *_profiles(policy))


def _terms_of_cases(policy: PolicySet) -> Found:
    """Deadlines that cases are opened with: one for each level of a lead, and one for corrections."""
    known = policy.profile.deadlines
    for name in ("correction", *(f"visit_{level}" for level in _codes(policy, "level"))):
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
    """What is delivered, somebody may receive; who approves is asked without an agreement saying so."""
    received = {recipe for made in policy.agreements.values() for recipe in made.receives}
    for recipe in policy.recipes.values():
        if recipe.to != "approver" and recipe.id not in received:
            said = f"nobody receives {recipe.id}; add it to receives of an agreement, or take it out of deliveries"
            yield Fault(recipe.file, 1, said)
        made = policy.agreements.get(recipe.party or "")
        if made and recipe.id in received and recipe.id not in made.receives:
            said = f"party: {made.party} does not receive {recipe.id}; add it to receives of its agreement"
            yield Fault(*place_of(policy.include, made.party, recipe.file), said)


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
