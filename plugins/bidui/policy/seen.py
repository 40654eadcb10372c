"""What of a workbook a party sees: the columns that its agreement names, and rows of its own region (SQ-09)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bidui.policy import permission
from bidui.policy.agreement import Agreement
from bidui.policy.policy_set import PolicySet
from bidui.policy.recipe import Recipe
from bidui.policy.source import Fault, PolicyError, Source, nearest, read_yaml


def faults(policy: PolicySet) -> Iterator[Fault]:
    """Columns that no workbook has, or that it cannot come back without; sheets that do not say where a row lies."""
    for made in policy.agreements.values():
        for recipe in (policy.recipes[name] for name in made.receives if name in policy.recipes):
            seen, book = made.receives[recipe.id], _template(policy, recipe)
            if seen is not None:
                yield from _of_columns(policy, made, recipe, seen, book)
            if book and permission.confined(made, recipe):
                yield from _of_places(made, recipe, book)


def _template(policy: PolicySet, recipe: Recipe) -> Source | None:
    """The recipe's workbook; None without one, or for one whose faults are told elsewhere."""
    path = policy.include / "templates" / f"{recipe.workbook.template if recipe.workbook else ''}.yaml"
    try:
        source = read_yaml(path, policy.include) if path.exists() else None
    except PolicyError:
        return None
    return source if source and _sheets(source) else None


def _sheets(book: Source) -> dict[int, list[dict[str, Any]]]:
    """Ordinal of a sheet → its columns; what is no sheet, or no column, is told when the template is checked."""
    stated = book.data.get("sheets") if isinstance(book.data, dict) else None
    columns = {
        ordinal: [column for column in sheet.get("columns") or () if isinstance(column, dict) and "key" in column]
        for ordinal, sheet in enumerate(stated if isinstance(stated, list) else ()) if isinstance(sheet, dict)
    }  # fmt: skip
    return {ordinal: found for ordinal, found in columns.items() if found}


def _of_columns(
    policy: PolicySet, made: Agreement, recipe: Recipe, seen: tuple[str, ...], book: Source | None
) -> Iterator[Fault]:
    source = read_yaml(policy.include / f"agreements/{made.party}.yaml", policy.include)
    listed = source.data["receives"]
    named = [isinstance(item, dict) and recipe.id in item for item in listed] if isinstance(listed, list) else []
    at = [named.index(True)] if any(named) else []
    stated = ["receives", *at, recipe.id]
    if recipe.workbook is None or recipe.to == "circle":
        said = "goes to all alike" if recipe.workbook else "has no workbook"
        yield source.fault(f"receives: {recipe.id} {said}; name no columns", stated)
    if book is None:
        return
    known = [column["key"] for columns in _sheets(book).values() for column in columns]
    for ordinal, column in enumerate(seen):
        if column not in known:
            said = f"receives: {recipe.id}: column {column} does not exist{nearest(column, known)}"
            yield source.fault(said, [*stated, ordinal])
    for column in sorted(_needed(policy, book) - set(seen)):
        yield source.fault(f"receives: {recipe.id}: rows are known by column {column}; add it", stated)


def _needed(policy: PolicySet, book: Source) -> set[str]:
    """The columns by which rows are known: the first of each sheet, and what a returned workbook must hold."""
    contract = policy.ever.get(book.data.get("returns") or "")
    asked = [column for column in contract.columns if column.required] if contract else []
    titles = {word for column in asked for word in (column.title, *column.aliases)}
    sheets = _sheets(book).values()
    return {columns[0]["key"] for columns in sheets} | {
        column["key"] for columns in sheets for column in columns if column.get("title") in titles
    }


def _of_places(made: Agreement, recipe: Recipe, book: Source) -> Iterator[Fault]:
    for ordinal, columns in _sheets(book).items():
        if not any(column.get("reveal") == "region" for column in columns):
            sheet = book.data["sheets"][ordinal].get("key")
            said = f"no column with reveal: region, and {made.party} may see its own region only ({recipe.id}); add one"
            yield book.fault(f"sheet {sheet}: {said}", ["sheets", ordinal])
