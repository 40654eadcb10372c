"""Every mistake in the policy is told with its file, its line and, for a misspelt word, what was probably meant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bidui.policy.contract import Contract
from bidui.policy.loading import load
from bidui.policy.policy_set import PolicySet

Spoil = Callable[[str, str, str], int]
Complaints = Callable[..., list[str]]


@pytest.fixture(scope="module")
def contract(policy: PolicySet) -> Contract:
    """The register's, which has code lists and a business key."""
    return next(c for c in policy.contracts.values() if "export" in c.roles)


MISTAKES = [
    # what is wrong, file ({contract}: a contract's), what stands there, what is written instead,
    # what is said
    ("unknown property of a contract", "{contract}", "property: cadence", "property: cadance",
     "unknown customProperty cadance; did you mean cadence?"),
    ("unknown property of a column", "{contract}", "property: codeList", "property: codelist",
     "unknown customProperty codelist; did you mean codeList?"),
    ("unknown key in a property of a contract", "{contract}", "maximumChange", "maximalChange",
     "complete_if.maximalChange"),
    ("rows that a contract asks for", "{contract}", "completeIf, value: {", "completeIf, value: {minimumRows: 5, ",
     "completeIf: minimumRows differs by hub; say it in its profile, under least_rows"),
    ("column of members that is not there", "catalogue/civil/dibao.yaml", "number: member_no", "number: member_on",
     "layout.members: member_on: no such column"),
    ("members without a household's key", "catalogue/civil/dibao.yaml", "value: household_key", "value: row_key",
     "layout.members: the business key needs the household key and the subject"),
    ("unknown key of a layout's members", "catalogue/civil/dibao.yaml", "slots: 8", "slot: 8", "layout.members.slot"),
    ("form of an ID number", "catalogue/disabled/certificate.yaml", "idForm, value: certificate", "idForm, value: card",
     "id_form: Input should be 'citizen' or 'certificate'"),
    ("code list in the words of a finding", "dictionary/finding_kind.csv", "{aid_category:*}", "{aid_kategory:*}",
     "a value is told by: aid_kategory does not exist; did you mean aid_category?"),
    ("role that no column has", "{contract}", "property: role, value: subject}", "property: role, value: subjekt}",
     "role: Input should be 'subject'"),
    ("misspelt standard key of a column", "{contract}", "businessName: 省", "bussinessName: 省",
     "bussinessName is no key of the standard; did you mean businessName?"),
    ("misspelt standard key of the contract", "{contract}", "\nversion:", "\nversoin:",
     "versoin is no key of the standard; did you mean version?"),
    ("type that the standard has not", "{contract}", "logicalType: date", "logicalType: day", "'day' is not one of"),
    ("type that we do not use", "{contract}", "logicalType: date", "logicalType: timestamp",
     "logicalType timestamp is not used here"),
    ("code list that is not there", "{contract}", "value: labour_skill", "value: labor_skill",
     "code list: labor_skill does not exist; did you mean labour_skill?"),
    ("parts that are not of regions", "catalogue/town/verification.yaml", "property: by, value: region",
     "property: by, value: town", "by: Input should be 'region' or 'party'"),
    ("level that the hub has not", "agreements/town.yaml", "level: town", "level: twon",
     "level: twon does not exist; did you mean town?"),
    ("parts of one who is no region", "agreements/disabled.yaml", "dataset: disabled.certificate",
     "dataset: town.verification",
     "provides town.verification, of which each region gives its part: the agreement must be of kind regions"),
    ("parts of parties given by regions", "agreements/town.yaml", "dataset: town.change_request",
     "dataset: hub.contact_list",
     "provides hub.contact_list, of which each party gives its part: the agreement must not be of kind regions"),
    ("two who give one dataset", "agreements/disabled.yaml", "dataset: disabled.certificate",
     "dataset: insurance_med.high_selfpay",
     "provides insurance_med.high_selfpay, which insurance_med gives already: one file would replace the other"),
    ("region's part that no region gives", "profiles/demo.yaml", "by_region: [civil.dibao]",
     "by_region: [civil.dibao, disabled.certificate]",
     "by_region: disabled.certificate is provided under no agreement of regions of this profile"),
    ("what comes by region and is not exchanged", "profiles/demo.yaml", "by_region: [civil.dibao]",
     "by_region: [civil.dibao, town.self_report]",
     "by_region: town.self_report is provided under no agreement of regions of this profile"),
    ("unsealed and not given", "profiles/demo.yaml", "unsealed: [disabled", "unsealed: [disabled.certificat, disabled",
     "unsealed: disabled.certificat does not exist; did you mean disabled.certificate?"),
    ("nobody who visits", "profiles/demo.yaml", "disabled, town, bureau", "disabled, bureau",
     "agreements: none of kind regions gives a dataset in the role outcome: nobody is asked to visit"),
    ("contacts in an agreement", "agreements/hub.yaml", "receives:", "contacts: []\nreceives:",
     "contacts stand in contacts/<profile>.csv"),
    ("contact of nobody", "contacts/demo.csv", "civil,civil-1", "cyvil,civil-1",
     "party: cyvil does not exist; did you mean civil?"),
    ("contact of a region that is not there", "contacts/demo.csv", "990821101", "990821199",
     "town: region: 990821199 does not exist"),
    ("contact who is there twice", "contacts/demo.csv", "civil,civil-1", "civil,disabled-1",
     "contact disabled-1 is defined twice"),
    ("contact without an address", "contacts/demo.csv", "dibao@minzheng.example", "", "required: email"),
    ("day of a contact that is none", "contacts/demo.csv", "2026-01-01", "2026-01-32",
     "valid_from and valid_to are days, YYYY-MM-DD"),
    ("dataset that nobody gives here", "profiles/demo.yaml", "insurance_med, civil,", "civil,",
     "datasets: insurance_med.enrolment_roster is provided under no agreement of this profile"),
    ("rows of a dataset that is not there", "profiles/demo.yaml", "  hub.alleviated_person:", "  hub.aleviated_person:",
     "least_rows: hub.aleviated_person does not exist; did you mean hub.alleviated_person?"),
    ("rows of a dataset that nobody gives here", "profiles/demo.yaml", "  hub.alleviated_person:", "  hub.help_force:",
     "least_rows: hub.help_force is provided under no agreement of this profile"),
    ("no rows at all", "profiles/demo.yaml", "{2026-01-01: 10000}", "{2026-01-01: 0}",
     "Input should be greater than or equal to 1"),
    ("name of a party that is not there", "profiles/demo.yaml", "numbering:", "titles: {civl: 民政局}\nnumbering:",
     "titles: civl does not exist; did you mean civil?"),
    ("dataset that a rule reads", "sql/settle/verification.sql", "dataset: town.verification",
     "dataset: town.verifications",
     "reads returned: dataset: town.verifications does not exist; did you mean town.verification?"),
    ("role that a rule reads", "sql/compare/duplicate.sql", "{role: register}", "{role: regster}",
     "reads register: role: regster does not exist; did you mean register?"),
    ("column that a rule needs", "sql/screen/lost_supporter.sql", "columns: [stop_reason", "columns: [stop_raeson",
     "reads roster: column: stop_raeson does not exist; did you mean stop_reason?"),
    ("view that a rule reads", "sql/lead/household.sql", "{view: signal}", "{view: signals}",
     "reads.signal.view: Input should be"),
    ("two sources of one alias", "sql/compare/duplicate.sql", "{role: register}", "{role: register, view: case}",
     "name exactly one of dataset, role, view"),
    ("alias that is not read", "sql/compare/coverage_there.sql", "absent_from: roster", "absent_from: rooster",
     "absent_from: rooster is no alias in reads"),
    ("threshold that the profile has not", "sql/screen/uninsured.sql", "[newborn_days]", "[newborn_day]",
     "parameters: threshold: newborn_day does not exist; did you mean newborn_days?"),
    ("kind of finding", "sql/compare/duplicate.sql", "finds: duplicate", "finds: duplicated",
     "finds: duplicated does not exist; did you mean duplicate?"),
    ("columns that no dataset has together", "sql/compare/name_conflict.sql", "role: named",
     "role: named, columns: [scheme, aid_type]",
     "no dataset in the role named has all of scheme, aid_type"),
    ("something that a rule must say", "sql/compare/duplicate.sql", "-- owner: register\n", "",
     "a compare rule needs owner"),
    ("unknown key of a rule", "sql/compare/duplicate.sql", "severity:", "severty:",
     "severty: Extra inputs are not permitted; did you mean severity?"),
    ("header that is not YAML", "sql/compare/duplicate.sql", "reads:", "reads: [", "not YAML"),
    ("header that says a thing twice", "sql/compare/duplicate.sql", "-- owner:", "-- id: again\n-- owner:",
     "not YAML"),
    ("unknown key of an agreement", "agreements/hub.yaml", "purpose:", "purposes:",
     "purposes: Extra inputs are not permitted; did you mean purpose?"),
    ("dataset of an agreement", "agreements/town.yaml", "dataset: town.verification", "dataset: town.verificaton",
     "provides: town.verificaton does not exist; did you mean town.verification?"),
    ("agreed column that is not there", "agreements/disabled.yaml", "    words: [持证残疾人]\n",
     "    words: [持证残疾人]\n    fields: [name, certificate_no, status, issued_on, catgory]\n",
     "disabled.certificate: fields: catgory does not exist; did you mean category?"),
    ("required column that is not agreed", "agreements/disabled.yaml", "  - dataset: disabled.certificate\n",
     "  - dataset: disabled.certificate\n    fields: [name, certificate_no, issued_on]\n",
     "disabled.certificate: fields: status is required, of the business key, or says of whom a row speaks; add it"),
    ("change of no known permission", "dictionary/change_item.csv", "|帮扶责任人调整,2021-01-01,,modification",
     "|帮扶责任人调整,2021-01-01,,modificaton",
     "helper: mode: modificaton; known: query, statistics, entry, modification, membership; did you mean"
     " modification?"),
    ("change without a permission", "dictionary/change_item.csv", "整户减少,整户删除|整户销户,2021-01-01,,membership",
     "整户减少,整户删除|整户销户,2021-01-01,,", "household_removed: mode: not stated; known: query"),
    ("change that is free text", "catalogue/town/change_request.yaml", ", {property: codeList, value: change_item}", "",
     "role change needs a code list"),
    ("recipe of an agreement", "agreements/town.yaml", "town_visits", "town_visit",
     "receives: town_visit does not exist; did you mean town_visits?"),
    ("unknown key of a recipe", "deliveries/receipt.yaml", "mail:", "mails:",
     "mails: Extra inputs are not permitted; did you mean mail?"),
    ("rule of a profile", "profiles/base.yaml", "[coverage_there,", "[coverage_ther,",
     "rules: coverage_ther does not exist; did you mean coverage_there?"),
    ("expected dataset of a profile", "profiles/demo.yaml", "expected: [hub.alleviated_person",
     "expected: [hub.alleviated_persons",
     "expected: hub.alleviated_persons does not exist; did you mean hub.alleviated_person?"),
    ("agreement of a profile", "profiles/demo.yaml", "town, bureau", "twon, bureau",
     "agreements: twon does not exist; did you mean town?"),
    ("unknown key of a profile", "profiles/demo.yaml", "numbering:", "numberings:",
     "numberings: Extra inputs are not permitted; did you mean numbering?"),
    ("unknown key of the base", "profiles/base.yaml", "rolls_to_working_day", "roll_to_working_day",
     "window.roll_to_working_day: Extra inputs are not permitted; did you mean rolls_to_working_day?"),
    ("unknown key deep in a profile", "profiles/demo.yaml", "phone:", "telephone:",
     "desk.telephone: Extra inputs are not permitted; did you mean phone?"),
    ("day of a code list that is none", "dictionary/sex.csv", "2021-01-01", "2021-13-01",
     "valid_from and valid_to are days, YYYY-MM-DD"),
    ("word with two meanings", "dictionary/sex.csv", "女", "男", "already means male at that time"),
    ("day of a region that is none", "dictionary/regions.csv", "2021-01-01", "2021-02-30",
     "valid_from and valid_to are days, YYYY-MM-DD"),
    ("column of the regions", "dictionary/regions.csv", "parent", "parents", "column missing: parent"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "old", "new", "says"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES]
)
def test_a_mistake_is_told_with_file_and_line(
    spoil: Spoil, complaints: Complaints, contract: Contract, file: str, old: str, new: str, says: str
) -> None:
    file = file.format(contract=contract.file)
    line = spoil(file, old, new)
    said = [one for one in complaints() if says in one]
    assert said, complaints()
    places = {one.split(": ", 1)[0] for one in said}
    assert all(place.startswith(f"{file}:") for place in places), places
    nowhere = ("needs", "is no alias", "no such column", "not YAML")  # what a file lacks has no line in it
    if not any(about in says for about in nowhere):
        nearby = range(line - 1, line + 2)
        assert any(int(place.rpartition(":")[2]) in nearby for place in places), (places, line)


def test_a_missing_code_list_is_told_where_it_is_asked_for(
    include: Path, complaints: Complaints, contract: Contract
) -> None:
    asked = next(column.code_list for column in contract.columns if column.code_list)
    (include / "dictionary" / f"{asked}.csv").unlink()
    assert any(
        f"code list: {asked} does not exist" in one for one in complaints() if one.startswith(f"{contract.file}:")
    )


@pytest.mark.parametrize("list_name", ["finding_kind", "regions", "holidays"])
def test_a_missing_dictionary_that_code_asks_for(include: Path, complaints: Complaints, list_name: str) -> None:
    (include / "dictionary" / f"{list_name}.csv").unlink()
    assert f"dictionary/{list_name}.csv: the file is missing" in complaints()


@pytest.mark.parametrize("kind", ["catalogue", "agreements", "sql/compare", "deliveries"])
def test_an_id_that_is_defined_twice(include: Path, complaints: Complaints, kind: str) -> None:
    first = next(iter(sorted(path for path in (include / kind).rglob("*") if path.is_file())))
    first.with_name(f"zz_again{first.suffix}").write_bytes(first.read_bytes())
    said = [one for one in complaints() if "is defined twice" in one]
    assert len(said) == 1
    assert f"zz_again{first.suffix}:" in said[0]


def test_a_column_that_is_defined_twice(spoil: Spoil, complaints: Complaints, contract: Contract) -> None:
    one, two = contract.columns[:2]
    spoil(contract.file, f"- name: {two.name}\n", f"- name: {one.name}\n")
    assert any(f"column {one.name} is defined twice" in said for said in complaints())


def test_a_profile_that_is_missing(complaints: Complaints) -> None:
    assert complaints("demoo") == ["profiles/demoo.yaml: no such profile; did you mean demo?"]


def test_a_profile_over_one_that_is_missing(spoil: Spoil, complaints: Complaints) -> None:
    spoil("profiles/demo.yaml", "extends: base", "extends: bases")
    assert complaints() == ["profiles/demo.yaml:2: extends a file that is not there: bases; did you mean base?"]


def test_all_mistakes_are_told_at_once(spoil: Spoil, complaints: Complaints, contract: Contract) -> None:
    spoil(contract.file, "property: cadence", "property: cadance")
    spoil("sql/compare/duplicate.sql", "reads:", "reads: [")
    spoil("agreements/hub.yaml", "purpose:", "purposes:")
    spoil("dictionary/sex.csv", "2021-01-01", "2021-13-01")
    files = {one.split(":", 1)[0] for one in complaints()}
    assert files >= {contract.file, "sql/compare/duplicate.sql", "agreements/hub.yaml", "dictionary/sex.csv"}


def test_the_copy_itself_is_sound(include: Path) -> None:
    assert load(include, "demo").hub == "demo"
