"""Checking the policy beyond what loading it checks: what the features know of their own files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from jinja2 import Environment

from bidui.delivery.template import DocumentTemplate, TemplateError, WorkbookTemplate, load_document, load_workbook
from bidui.pipeline import agreement_page, catalogue, contact_list, forms
from bidui.policy import lint, unread
from bidui.policy.loading import load
from bidui.policy.policy_set import PolicySet
from bidui.policy.source import Fault, PolicyError, nearest, place_of
from bidui.quality import suite


def check(include: Path, profile: str) -> tuple[PolicySet | None, list[Fault]]:
    """The policy of a profile, and all that is wrong with it, in the order of files and lines.

    Also where some files cannot be read, all others are looked through; None when not even the profile can be read.
    """
    policy, found = None, list[Fault]()
    try:
        policy = load(include, profile)
    except PolicyError as error:
        policy, found = error.partial, [*error.faults]
    if policy:
        try:
            found += unread.real(faults(policy), [fault.file for fault in found])
        except PolicyError as error:  # of a dictionary that everything else is held against
            found += error.faults
    return policy, sorted(set(found), key=lambda fault: (fault.file, fault.line or 0, fault.message))


def faults(policy: PolicySet) -> list[Fault]:
    """What the features, and a second look at the policy, find wrong; an empty list when there is nothing."""
    own = [*_of_suites(policy), *_suites_of_nothing(policy), *_of_templates(policy)]
    return [*own, *_of_exports(policy), *lint.faults(policy)]


def _of_suites(policy: PolicySet) -> list[Fault]:
    found: list[Fault] = []
    issues = {row["code"] for row in policy.table("row_issue")}
    for contract in policy.ever.values():
        try:
            loaded = suite.of_dataset(contract.id, policy.include)
        except PolicyError as error:
            found += error.faults
            continue
        said = {
            "take it out of the suite": suite.restated(loaded, contract),
            "name columns of the contract": suite.unknown_columns(loaded, *policy.stated(contract.id)),
            "add it to dictionary/row_issue.csv": suite.undeclared_issues(loaded, issues),
        }
        for advice, lines in said.items():
            told = [line.removeprefix(f"{loaded.file}: ") for line in lines]
            found += [
                Fault(*place_of(policy.include, line.split()[0], loaded.file), f"{line}; {advice}") for line in told
            ]
    return found


def _suites_of_nothing(policy: PolicySet) -> list[Fault]:
    """Suites that no dataset is judged by, because none is called so."""
    said = "this suite judges nothing, for no dataset is called {}{}"
    return [
        Fault(str(path.relative_to(policy.include)), 1, said.format(path.stem, nearest(path.stem, policy.ever)))
        for path in sorted(policy.include.glob("expectations/*.yaml"))
        if path.stem not in policy.ever
    ]


def _of_templates(policy: PolicySet) -> list[Fault]:
    """Templates that recipes use: they load, and ask for words and code lists that there are."""
    found: list[Fault] = []
    for recipe in policy.recipes.values():
        for name in filter(None, (recipe.mail, recipe.document)):
            found += _of_template(policy, f"templates/{name}.md", load_document)
        if recipe.workbook:
            found += _of_template(policy, f"templates/{recipe.workbook.template}.yaml", load_workbook)
    return found


def _of_exports(policy: PolicySet) -> Iterator[Fault]:
    """Templates that no recipe names: of agreements, workbooks to export, and the forms that parties are sent."""
    books = (*catalogue.TEMPLATES, contact_list.TEMPLATE)
    files = [f"templates/{agreement_page.TEMPLATE}.md", *(f"templates/{name}.yaml" for name in books)]
    if any(recipe.forms for recipe in policy.recipes.values()):
        files += [f"templates/{forms.FORM}.yaml", f"templates/{forms.GUIDE}.md"]
    for file in files:
        if (policy.include / file).exists():
            yield from _of_template(policy, file, load_workbook if file.endswith(".yaml") else load_document)
        else:
            yield Fault(file, None, "the file is missing")


def _of_template(
    policy: PolicySet, file: str, load: Callable[[Path], DocumentTemplate | WorkbookTemplate]
) -> Iterator[Fault]:
    try:
        template = load(policy.include / file)
    except TemplateError as error:
        yield from (_told(policy, file, line) for line in str(error).splitlines())
        return
    except FileNotFoundError:  # told by the reference to it
        return
    yield from _strays(policy, file, template)
    terms = policy.codes["term"].codes if "term" in policy.codes else ()
    for term in sorted(template.terms - set(terms)):
        yield Fault(
            *place_of(policy.include, f"term.{term}", file), f"term.{term} does not exist{nearest(term, terms)}"
        )
    if not isinstance(template, WorkbookTemplate):
        return
    for column in (column for sheet in template.sheets for column in sheet.columns):
        for name in {column.choices, column.reveal.partition(":")[2]} - {None, "", *policy.codes}:
            said = f"column {column.key}: code list: {name} does not exist{nearest(str(name), policy.codes)}"
            yield Fault(*place_of(policy.include, column.key, file), said)
    if template.returns and template.returns not in policy.ever:
        said = f"returns: {template.returns} does not exist{nearest(template.returns, policy.ever)}"
        yield Fault(*place_of(policy.include, template.returns, file), said)


def _strays(policy: PolicySet, file: str, template: DocumentTemplate | WorkbookTemplate) -> Iterator[Fault]:
    """Braces that neither begin nor end anything: they go out as they stand, and what they should hold with them."""
    lines, lexer = (policy.include / file).read_text(encoding="utf-8").splitlines(), Environment(autoescape=True)
    tokens = (token for text in template.lines for token in lexer.lex(text))
    for said in (said for _, kind, said in tokens if kind == "data"):
        for stray in _BRACES.finditer(said):
            around = said[: stray.start()].rpartition("\n")[2] + said[stray.start() :].partition("\n")[0]
            line = next((at for at, text in enumerate(lines, start=1) if around in text), None)
            said_of_it = "stands alone and goes out as text; write both ends, {{ … }} or {% … %}"
            yield Fault(file, line, f"{stray[0]} {said_of_it}")


_BRACES = re.compile(r"\{\{|\}\}|\{%|%\}")


def _told(policy: PolicySet, file: str, line: str) -> Fault:
    """What a template that does not load says, with its place as faults have it."""
    said = _PLACED.fullmatch(line)
    if said is None:
        return Fault(file, None, line)
    if said["line"]:
        return Fault(file, int(said["line"]), said["message"])
    word = said["message"].removeprefix("values: ").split()[0]
    return Fault(*place_of(policy.include, word, file), said["message"])


_PLACED = re.compile(r"[^:]+:(?:(?P<line>\d+):)? (?P<message>.*)")
