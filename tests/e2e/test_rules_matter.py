"""Take one rule away, with its mention, and compare again: the demo's verification names exactly what is missing."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bidui.pipeline import conclude
from bidui.pipeline.office import Office as Hub
from bidui.policy.loading import load
from demo.office import REPOSITORY
from demo.services.process import LOOPBACK
from demo.verify import lines
from demo.verify.scene import Scene
from tests.e2e.conftest import seeds
from tests.e2e.county import County, copy_database

pytestmark = pytest.mark.slow

RULES = sorted(f"{file.parent.name}/{file.stem}" for stage in ("compare", "screen")
               for file in (REPOSITORY / "include" / "sql" / stage).glob("*.sql"))  # fmt: skip


@pytest.fixture(scope="module")
def county(played, pytestconfig) -> County:
    return played(seeds(pytestconfig)[0]).county


@pytest.fixture
def scene(county, postgres) -> Callable[[Path, str], Scene]:
    """Compares a period of a copy of the county again, under another policy; what verification then reads."""
    name = "without_a_rule"

    def compared(include: Path, period: str) -> Scene:
        county.hub.database.close()
        copy_database(postgres, county.hub.database_address.partition("/")[2], name)
        hub = Hub(county.hub.home, include, county.hub.profile, f"{LOOPBACK}:{postgres.port}/{name}", LOOPBACK)
        with closing(hub.database):
            conclude.close(hub, period, county.room.now)
        return Scene(hub.home, county.hub.include, hub.profile, postgres.dsn(name), county.synth)

    yield compared
    postgres.drop_database(name)


def without(include: Path, rule: str, target: Path) -> Path:
    """A copy of the policy without one rule: its file and its mention in the profile."""
    shutil.copytree(include, target)
    (target / "sql" / f"{rule}.sql").unlink()
    base = target / "profiles" / "base.yaml"
    stated = base.read_text(encoding="utf-8")
    mentioned = re.search(r"(?ms)^rules: \[(.*?)\]", stated)
    assert mentioned
    kept = [name for name in re.split(r",\s*", mentioned[1].strip()) if name != Path(rule).name]
    base.write_text(stated.replace(mentioned[0], f"rules: [{', '.join(kept)}]"), encoding="utf-8")
    assert Path(rule).name not in load(target, "demo").rules
    return target


@pytest.mark.parametrize("rule", RULES)
def test_without_a_rule_its_kind_is_missing_and_nothing_else(county, scene, rule, tmp_path):
    stage, _, name = rule.partition("/")
    kind = county.scene.rules[name].get("finds") or name
    told = {check.name for check in lines.checks(county.scene)}
    mine = sorted(key for key in told if re.match(rf"\S+ (unknown )?{kind} ", key))
    period = max(key.partition(" ")[0] for key in mine if f" {kind} " in key and " unknown " not in key)
    found = scene(without(county.hub.include, rule, tmp_path / "include"), period)
    differs = {check.name: check for check in lines.checks(found) if not check.ok}
    assert sorted(differs) == [key for key in mine if key.startswith(period)]
    for check in differs.values():
        assert check.seen["missing"] == check.expected["lines"] > 0
        assert check.seen["extra"] == 0


def test_the_same_policy_compared_again_misses_nothing(county, scene):
    """What is found missing above is the rule's doing, not that of comparing again."""
    for period in county.play.periods:
        assert [c.name for c in lines.checks(scene(county.hub.include, period)) if not c.ok] == []
