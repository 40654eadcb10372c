"""What is held against the policy beyond loading it: suites and templates, each with the dataset that it is for."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bidui.pipeline.check import faults
from bidui.policy.policy_set import PolicySet


def test_the_shipped_policy_is_sound_although_not_every_dataset_has_a_suite(policy: PolicySet) -> None:
    suites = {path.stem for path in policy.include.glob("expectations/*.yaml")}
    assert set(policy.contracts) - suites
    assert faults(policy) == []


@pytest.fixture
def copy(policy: PolicySet, tmp_path: Path) -> PolicySet:
    """The policy with files of its own, to be spoilt after loading."""
    return replace(policy, include=shutil.copytree(policy.include, tmp_path / "include"))


def told(policy: PolicySet) -> list[str]:
    return [str(fault) for fault in faults(policy)]


def test_a_suite_of_no_dataset_is_told_with_the_one_that_was_meant(copy: PolicySet) -> None:
    suites = copy.include / "expectations"
    (suites / "disabled.certificate.yaml").rename(suites / "disabled.certificates.yaml")
    assert told(copy) == [
        "expectations/disabled.certificates.yaml:1: this suite judges nothing, for no dataset is called"
        " disabled.certificates; did you mean disabled.certificate?"
    ]


def test_the_catalogues_templates_are_looked_at_although_no_recipe_names_them(copy: PolicySet) -> None:
    templates = copy.include / "templates"
    (templates / "catalogue_items.yaml").unlink()
    text = (templates / "catalogue.yaml").read_text(encoding="utf-8")
    (templates / "catalogue.yaml").write_text(text.replace("title: 政务", "titel: 政务", 1), encoding="utf-8")
    said = told(copy)
    assert "templates/catalogue_items.yaml: the file is missing" in said
    assert [one for one in said if one.startswith("templates/catalogue.yaml:2: titel: ")]
