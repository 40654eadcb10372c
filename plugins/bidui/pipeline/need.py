"""Answering registered needs (QA-01, QA-19, QA-20): recorded once, answered in time, served within the term.

What the catalogue withholds is refused at once, with the law that it cites. An answer is final: whoever wants something
else asks anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text

from bidui.delivery.mail import looks_personal
from bidui.domain.keys import digest
from bidui.domain.period import Period
from bidui.domain.working_days import Due
from bidui.pipeline import need_form, registered, unseal
from bidui.pipeline.arrive import period_at
from bidui.pipeline.office import Office
from bidui.pipeline.prepare import Subject, prepare
from bidui.pipeline.recipients import ASKER, Recipient, holders
from bidui.pipeline.registered import Need, NeedRefused
from bidui.pipeline.send import Sent, send
from bidui.policy import permission
from bidui.policy.contract import Contract
from bidui.policy.policy_set import PolicySet
from bidui.policy.recipe import Recipe
from bidui.store import ledger, tables
from bidui.store.database import Role
from bidui.store.failpoints import reached

GRANTED, REFUSED = "granted", "refused"
_BY_CATALOGUE = "withheld"
"""Reason (dictionary ``need_refusal``) of what the catalogue itself refuses."""


@dataclass(frozen=True)
class Listed:
    """A need as it stands on a day."""

    need: Need
    due: Due
    overdue: bool


def record(office: Office, form: str | bytes, as_of: datetime) -> Need:
    """Record a need from its form (`need_form`), once for the same content; what is withheld is answered with it.

    Raises NeedRefused when the form cannot be understood.
    """
    asked = need_form.as_data(need_form.read(office.policy, form, office.today(as_of)))
    content = {name: value for name, value in asked.items() if name != "requested_on"}
    need_id = digest("need", office.policy.hub, {name: str(value) for name, value in content.items()})
    with office.database.begin(Role.DELIVER) as connection:
        row = {"need_id": need_id, "hub": office.policy.hub, **asked, "recorded_as_of": as_of}
        ledger.record_new(connection, tables.need, row)
        sharing = office.policy.contracts[asked["dataset"]].sharing
        if sharing.class_ == "withheld":
            answer = _answer(need_id, REFUSED, office.today(as_of), as_of, reason=_BY_CATALOGUE, said=sharing.basis)
            ledger.record_new(connection, tables.need_answer, answer)
    reached("need.recorded")
    return _answered(office, need_id, as_of)


def grant(office: Office, number: str, by: str, as_of: datetime, fields: tuple[str, ...] = ()) -> Need:
    """Grant a need, all its items or (``fields``) some of them, by a contact who may; the agency is told by mail.

    Granting the same again changes nothing. Raises NeedRefused.
    """
    policy, need = office.policy, _open(office, number, by, as_of)
    recipe, given = _giving(policy, need)
    named = registered.items(policy, given, need.mode)
    titles = tuple(dict.fromkeys(named.get(item, item) for item in fields)) or need.fields
    if permission.closed(policy, need.use, need.dataset):
        raise NeedRefused(policy, "need_use_outside", policy.codes["use"].label_of(need.use, office.today(as_of)))
    served = registered.columns(registered.workbook_of(policy, recipe))
    if beyond := [title for title in titles if title not in need.fields or title not in served]:
        raise NeedRefused(policy, "need_field_outside", "、".join(beyond))
    return _decide(office, need, _answer(need.need_id, GRANTED, office.today(as_of), as_of, fields=titles, by=by))


def refuse(office: Office, number: str, by: str, as_of: datetime, reason: str, said: str) -> Need:
    """Refuse a need with a reason (code or word of dictionary ``need_refusal``) and what is said to it; told by mail.

    Raises NeedRefused when there is no such reason, nothing is said, or it was answered otherwise.
    """
    policy, need, words = office.policy, _open(office, number, by, as_of), office.policy.codes["need_refusal"]
    reasons = {name: code for code, label in words.vocabulary(office.today(as_of)).items() for name in (code, label)}
    if reason not in reasons or not said.strip() or looks_personal(said):
        raise NeedRefused(policy, "need_reason_missing", "、".join(words.vocabulary(office.today(as_of)).values()))
    answer = _answer(
        need.need_id, REFUSED, office.today(as_of), as_of, reason=reasons[reason], said=said.strip(), by=by
    )
    return _decide(office, need, answer)


def serve(
    office: Office, number: str, as_of: datetime, period: str | None = None, fields: tuple[str, ...] = ()
) -> Sent:
    """Send what was granted (``fields``: less of it), as the register of ``period`` has it; once for each period.

    The period is the month whose files came last unless one is named. Raises NeedRefused: not granted, not in the
    term, an item that was not granted, withheld since, or nothing there.
    """
    policy, today = office.policy, office.today(as_of)
    with office.database.begin(Role.DELIVER) as connection:
        need = registered.find(connection, policy, number)
    if need.decision != GRANTED:
        raise NeedRefused(policy, "need_not_granted")
    if not need.term_from <= today <= need.term_to:
        raise NeedRefused(policy, "need_out_of_term", f"{need.term_from} 至 {need.term_to}")
    recipe, given = _giving(policy, need)
    named = registered.items(policy, given, need.mode)
    titles = tuple(dict.fromkeys(named.get(item, item) for item in fields)) or need.granted
    template = registered.workbook_of(policy, recipe)
    served = registered.columns(template)
    if beyond := [title for title in titles if title not in need.granted or title not in served]:
        raise NeedRefused(policy, "need_field_not_granted", "、".join(beyond))
    key = "/".join((need.need_id, *(titles if fields else ())))
    asked = Subject(period or str(period_at(office, as_of)), key, about=need.need_id,
                    columns=registered.keys(template, titles))  # fmt: skip
    made = prepare(office, recipe.id, _asker(need), asked, as_of)
    if made is None:
        raise NeedRefused(policy, "need_nothing", asked.period)
    return send(office, made.delivery_id, as_of)


def listed(office: Office, as_of: datetime) -> list[Listed]:
    """Every need as it stands, oldest first; what waits longer than the clock is overdue."""
    with office.database.begin(Role.DELIVER) as connection:
        needs, today = registered.known(connection, office.policy.hub), office.today(as_of)
    terms = [registered.due(office.policy, need) for need in needs]
    return [
        Listed(need, term, need.decision is None and term.day < today)
        for need, term in zip(needs, terms, strict=True)
    ]  # fmt: skip


def password(office: Office, number: str, period: str) -> str:
    """The password of what was served on a need for a period; told by another road.

    Raises NeedRefused: not granted, or nothing was served for that period.
    """
    with office.database.begin(Role.DELIVER) as connection:
        need = registered.find(connection, office.policy, number)
        recipes = [recipe.id for recipe in office.policy.recipes.values() if recipe.when == "need"]
        served = connection.execute(_SERVED, {"recipient": _asker(need).key, "recipes": recipes}).scalars().all()
    if need.decision != GRANTED:
        raise NeedRefused(office.policy, "need_not_granted")
    if period not in served:
        raise NeedRefused(office.policy, "need_nothing", f"{period}（已提供的期别：{'、'.join(served) or '还没有'}）")
    return unseal.password(office, ASKER, need.need_id, period)


_SERVED = text("""
    SELECT DISTINCT period FROM out.delivery WHERE recipient = :recipient AND recipe = ANY(:recipes) ORDER BY period
""")


def tell(office: Office, as_of: datetime) -> int:
    """Mail every answer that was not mailed yet, as after a crash between deciding and telling; counts mails."""
    recipe = registered.recipe_of(office.policy, "answer")
    if recipe is None:
        return 0
    with office.database.begin(Role.DELIVER) as connection:
        untold = connection.execute(_UNTOLD, {"hub": office.policy.hub, "recipe": recipe.id}).scalars().all()
        needs = [registered.find(connection, office.policy, need) for need in untold]
    return sum(_told(office, recipe, need, as_of).accepted for need in needs)


_UNTOLD = text("""
    SELECT n.need_id FROM core.need n JOIN core.need_answer a USING (need_id) WHERE n.hub = :hub
      AND NOT EXISTS (SELECT FROM out.delivery d WHERE (d.recipe, d.subject_key) = (:recipe, n.need_id))
    ORDER BY a.recorded_as_of, n.need_id
""")


def _open(office: Office, number: str, by: str, as_of: datetime) -> Need:
    """The need of that number, for a contact who may answer it."""
    with office.database.begin(Role.DELIVER) as connection:
        need = registered.find(connection, office.policy, number)
    if by not in holders(office, registered.ANSWERS, office.today(as_of)):
        raise NeedRefused(office.policy, "need_answered_by_nobody", by)
    return need


def _giving(policy: PolicySet, need: Need) -> tuple[Recipe, Contract]:
    """By which recipe a need is served, and the contract of what it asks for; NeedRefused when it cannot be."""
    recipe, given = registered.recipe_of(policy, "need", need.mode), policy.ever.get(need.dataset)
    if given and given.sharing.class_ == "withheld":
        raise NeedRefused(policy, "need_withheld", given.sharing.basis)
    if recipe is None or given is None or given.id not in registered.sources(policy, recipe):
        raise NeedRefused(policy, "need_not_ours", given.title if given else need.dataset)
    return recipe, given


def _decide(office: Office, need: Need, answer: dict[str, Any]) -> Need:
    """Record the answer, unless it is there; NeedRefused when another one is."""
    with office.database.begin(Role.DELIVER) as connection:
        ledger.record_new(connection, tables.need_answer, answer)
        now = registered.find(connection, office.policy, need.need_id)
    if (now.decision, now.reason, now.granted) != (answer["decision"], answer["reason"], tuple(answer["fields"])):
        raise NeedRefused(office.policy, "need_answered", f"{now.answered_on}")
    reached("need.answered")
    return _answered(office, need.need_id, answer["recorded_as_of"])


def _answered(office: Office, need_id: str, as_of: datetime) -> Need:
    """The need as it stands, once its agency was told of an answer."""
    with office.database.begin(Role.DELIVER) as connection:
        need = registered.find(connection, office.policy, need_id)
    recipe = registered.recipe_of(office.policy, "answer")
    if need.decision and recipe:
        _told(office, recipe, need, as_of)
    return need


def _told(office: Office, recipe: Recipe, need: Need, as_of: datetime) -> Sent:
    assert need.answered_on is not None
    about = Subject(str(Period.month_of(need.answered_on)), need.need_id, about=need.need_id)
    made = prepare(office, recipe.id, _asker(need), about, as_of)
    assert made is not None
    return send(office, made.delivery_id, as_of)


def _asker(need: Need) -> Recipient:
    return Recipient(ASKER, contact=need.need_id)


def _answer(
    need_id: str, decision: str, day: date, as_of: datetime, *, reason: str | None = None, said: str | None = None,
    fields: tuple[str, ...] = (), by: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    return {
        "need_id": need_id, "decision": decision, "reason": reason, "said": said, "fields": list(fields),
        "decided_by": by, "answered_on": day, "recorded_as_of": as_of,
    }  # fmt: skip
