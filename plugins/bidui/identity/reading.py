"""Text for tokens, for those who render what leaves the hub; nothing else ever turns a token back into text."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, text


def names_of_terms(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    """Term id → text."""
    return _map(connection, "SELECT term_id, text FROM identity.term WHERE term_id = ANY(:ids)", ids)


def numbers_of_persons(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    """Person id → ID number."""
    return _map(connection, "SELECT person_id, id_number FROM identity.person WHERE person_id = ANY(:ids)", ids)


def numbers_of_households(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    """Household id → household number."""
    return _map(connection, "SELECT household_id, number FROM identity.household WHERE household_id = ANY(:ids)", ids)


def _map(connection: Connection, query: str, ids: Iterable[int]) -> dict[int, str]:
    wanted = sorted({int(i) for i in ids})
    return {int(key): value for key, value in connection.execute(text(query), {"ids": wanted})} if wanted else {}
