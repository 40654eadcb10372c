"""What each object of the policy came to, counted in the ledger: the results that clause coverage asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import Connection, text

from bidui.pipeline.clauses import carriers, templates_of
from bidui.policy.policy_set import PolicySet
from bidui.store.database import Database, Role

_COUNTED = {
    "found": """
        SELECT rule, count(*) FROM core.run JOIN (SELECT run_id FROM core.finding_seen
            UNION ALL SELECT run_id FROM core.signal_seen) seen USING (run_id) WHERE hub = :hub GROUP BY 1
    """,
    "read": """
        SELECT system, sum(rows) FROM core.run, unnest(systems) AS system
        WHERE hub = :hub AND status = 'ran' GROUP BY 1
    """,
    "answered": """
        SELECT s.dataset, count(*) FROM core.case_event e JOIN core.submission s USING (submission_id)
        WHERE s.hub = :hub GROUP BY 1
    """,
    "led": "SELECT level, count(*) FROM core.lead WHERE hub = :hub GROUP BY 1",
    "mended": """SELECT 'correction', count(*) FROM core."case" WHERE hub = :hub AND kind = 'finding'""",
    "submitted": "SELECT dataset, count(*) FROM core.submission WHERE hub = :hub GROUP BY 1",
    "nil": "SELECT 'nil_report', count(*) FROM core.submission WHERE hub = :hub AND kind = 'nil'",
    "taken": """
        SELECT a.party, count(*) FROM core.intake i JOIN core.arrival a USING (arrival_id)
        WHERE a.hub = :hub AND i.outcome <> 'refused' GROUP BY 1
    """,
    "sent": """
        SELECT d.recipe, count(DISTINCT d.delivery_id) FROM out.delivery d JOIN out.message USING (delivery_id)
        JOIN out.sending s USING (message_id) WHERE d.hub = :hub AND s.outcome = 'accepted' GROUP BY 1
    """,
    "got": """
        SELECT split_part(split_part(d.recipient, '/', 1), ':', 1), count(DISTINCT d.delivery_id)
        FROM out.delivery d JOIN out.message USING (delivery_id) JOIN out.sending s USING (message_id)
        WHERE d.hub = :hub AND s.outcome = 'accepted' GROUP BY 1
    """,
    "asked": """
        SELECT n.dataset, count(*) FROM core.need n JOIN core.need_answer USING (need_id) WHERE n.hub = :hub GROUP BY 1
    """,
    "told": """
        SELECT code, count(*) FROM (
            SELECT i.code, i.arrival_id FROM core.row_issue i
            UNION ALL SELECT reason, arrival_id FROM core.intake WHERE reason IS NOT NULL
        ) told JOIN core.arrival a USING (arrival_id) WHERE a.hub = :hub GROUP BY 1
    """,
}


def results(database: Database, policy: PolicySet) -> dict[str, int]:
    """Object (``kind:id``) → how many results the ledger has of it; objects that came to nothing are left out.

    Of a rule what it found, merged or settled; of a recipe and its templates what was sent; of a dataset its
    submissions, or, where it is withheld, the needs refused; of a party what it gave and got; of an issue how often it
    was told; of a figure of the profile what the rules that use it came to, or the cases that it gave their last day.
    """
    with database.begin(Role.COMPARE) as connection:
        known = {name: _counter(connection, query, policy.hub) for name, query in _COUNTED.items()}
    counted = Counter(dict(_of_ledger(policy, known)))
    for name in policy.profile.thresholds:
        using = [rule.id for rule in policy.rules.values() if name in rule.parameters]
        counted[f"threshold:{name}"] = sum(counted[f"rule:{rule}"] for rule in using)
    return {c.object: counted[c.object] for c in carriers(policy) if counted[c.object]}


def _counter(connection: Connection, query: str, hub: str) -> Counter[str]:
    return Counter({row[0]: int(row[1]) for row in connection.execute(text(query), {"hub": hub})})


def _of_ledger(policy: PolicySet, known: dict[str, Counter[str]]) -> Iterator[tuple[str, int]]:
    sent, led = known["sent"], known["led"]
    for kind, name in (("recipe", "sent"), ("contract", "submitted"), ("issue", "told"), ("rule", "found")):
        yield from ((f"{kind}:{key}", number) for key, number in known[name].items())
    for party in policy.agreements:
        yield f"agreement:{party}", known["taken"][party] + known["got"][party]
    for rule in policy.rules.values():
        if number := _of_other_rule(policy, rule.id, known):
            yield f"rule:{rule.id}", number
    for template in {name for recipe in policy.recipes for name in templates_of(policy, recipe)}:
        yield f"template:{template}", sum(sent[r] for r in policy.recipes if template in templates_of(policy, r))
    yield from ((f"deadline:visit_{level}", number) for level, number in led.items())
    yield "deadline:correction", known["mended"]["correction"]
    yield "deadline:need_answer", known["asked"].total()
    withheld = [contract.id for contract in policy.contracts.values() if contract.sharing.class_ == "withheld"]
    yield from ((f"contract:{dataset}", known["asked"][dataset]) for dataset in withheld)
    for made in policy.releases.known:
        yield f"release:{made.number}", sum(known["submitted"][dataset] for dataset in made.contracts)
    yield "window:month", known["submitted"].total()
    yield "dictionary:nil_report", known["nil"]["nil_report"]
    yield from ((f"dictionary:{name}", known["submitted"].total()) for name in ("system_family", "information_class"))
    yield f"contacts:{policy.hub}", known["taken"].total()


def _of_other_rule(policy: PolicySet, name: str, known: dict[str, Counter[str]]) -> int:
    """Results of a rule that neither finds nor signals."""
    rule = policy.rules[name]
    match rule.stage:
        case "lead":
            return known["led"].total()
        case "derive":
            return known["read"][rule.produces or ""]
        case "settle":
            return sum(known["answered"][read.dataset] for read in rule.reads.values() if read.dataset)
        case "report":
            return sum(known["sent"][id_] for id_, recipe in policy.recipes.items() if name in recipe.reports)
    return 0
