"""A rule reads what is given for its use, and nothing else (QA-16, HY-13)."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import text

from bidui.policy.rule import Read, Rule
from bidui.rules.running import RunResult
from bidui.store.database import Role
from tests.sql.play import Play

PERIOD = "2026-11"
OTHER_USE = "reporting"
OUTSIDE = "purpose outside agreement"


def given_for(play: Play, dataset: str, *uses: str) -> None:
    """Whoever gives a dataset does so for these uses only."""
    agreements = dict(play.policy.agreements)
    for made in play.policy.givers(dataset):
        provides = tuple(
            p.model_copy(update={"uses": uses}) if p.dataset == dataset else p for p in made.provides
        )  # fmt: skip
        agreements[made.party] = made.model_copy(update={"provides": provides})
    play.policy = replace(play.policy, agreements=agreements)


def run(play: Play, rule: Rule) -> tuple[RunResult, dict[str, str], list[str]]:
    """The run, why it is frozen, and the aliases of which it read anything."""
    with play.store.begin(Role.COMPARE) as connection:
        result, bound = play.run(connection, rule, PERIOD)
        read = connection.execute(
            text("SELECT DISTINCT alias FROM core.run_input WHERE run_id = :id"), {"id": result.run_id}
        )
        return result, bound.frozen, sorted(alias.split("/")[0] for alias in read.scalars())


def test_what_is_given_for_another_use_is_not_read(laid_out: Play, rule: Rule) -> None:
    listed = laid_out.datasets(rule)[rule.system_b or ""]
    before, _, _ = run(laid_out, rule)
    given_for(laid_out, listed, OTHER_USE)
    result, frozen, read = run(laid_out, rule)
    assert (before.status, before.rows) == ("ran", 1)
    assert (result.status, result.rows, frozen) == ("frozen", 0, {listed: OUTSIDE})
    assert read == [rule.system_a]
    assert result.run_id != before.run_id


def test_what_is_given_for_several_uses_is_read_for_each(laid_out: Play, rule: Rule) -> None:
    given_for(laid_out, laid_out.datasets(rule)[rule.system_b or ""], OTHER_USE, rule.use or "")
    result, frozen, _ = run(laid_out, rule)
    assert (result.status, frozen) == ("ran", {})


def test_a_derived_dataset_is_given_for_what_it_is_made_of(laid_out: Play, rule: Rule) -> None:
    derived = laid_out.policy.derived(laid_out.datasets(rule)[rule.system_a or ""])
    assert derived is not None
    (base,) = [read.dataset for read in derived.reads.values() if read.dataset]
    given_for(laid_out, base, OTHER_USE)
    result, frozen, read = run(laid_out, rule)
    assert (result.status, frozen, read) == ("frozen", {base: OUTSIDE}, [rule.system_b])


def test_a_rule_that_takes_a_role_once_for_each_is_frozen_for_the_one_outside(play: Play) -> None:
    rule = play.policy.rules["name_conflict"]
    outside, *others = play.policy.in_role("named")
    given_for(play, outside, OTHER_USE)
    with play.store.begin(Role.COMPARE) as connection:
        binder = play.binder(connection)
        bound = [binder.bind(rule, one) for one in binder.instances(rule)]
    reasons = {one.datasets["named"]: one.frozen.get(one.datasets["named"]) for one in bound}
    assert reasons == {outside: OUTSIDE, **dict.fromkeys(others, "no submission in force")}


def test_of_a_role_taken_together_the_rest_is_read(play: Play, rule: Rule) -> None:
    first, *others = play.policy.in_role("named")
    reads = {"named": Read(role="named", together=True, columns=("name_id",))}
    all_of_them = rule.model_copy(update={"reads": reads, "sql": "SELECT * FROM named"})
    given_for(play, first, OTHER_USE)
    with play.store.begin(Role.COMPARE) as connection:
        bound = play.binder(connection).bind(all_of_them, {})
    assert sorted(bound.inputs) == [f"named/{dataset}" for dataset in others]
    assert first not in bound.frozen
    for dataset in others:
        given_for(play, dataset, OTHER_USE)
    with play.store.begin(Role.COMPARE) as connection:
        bound = play.binder(connection).bind(all_of_them, {})
    assert bound.inputs == {}
    assert bound.frozen == dict.fromkeys([first, *others], OUTSIDE)
