"""A WHERE clause put together from constant fragments; every value is a bind parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amends_store.read import Executor


class Conditions:
    """Conditions that all hold. In a fragment each `{}` stands for the next of its values."""

    def __init__(self) -> None:
        self._fragments: list[str] = []
        self.values: list[Any] = []

    def add(self, fragment: str, *values: Any) -> None:
        """One more condition. `fragment` is a constant of the code, never anything that was sent to us."""
        self._fragments.append(fragment.format(*(self.bind(value) for value in values)))

    def any_of(self, column: str, values: Sequence[Any]) -> None:
        """The column has one of the values; no condition when there are none."""
        # A single value as an equation: then an index on (column, order) still gives the order.
        if len(values) == 1:
            self.add(f"{column} = {{}}", values[0])
        elif values:
            self.add(f"{column} = ANY({{}})", list(values))

    def one_of(self, column: str, values: Sequence[Any]) -> None:
        """As `any_of`, but nothing has one of no values."""
        if not values:
            self.add("FALSE")
        self.any_of(column, values)

    def bind(self, value: Any) -> str:
        """The placeholder of one more value."""
        self.values.append(value)
        return f"${len(self.values)}"

    def __str__(self) -> str:
        return " AND ".join(self._fragments)


async def fetch_planned(conn: Executor, query: str, values: Sequence[Any]) -> list[Any]:
    """The rows of a query that is planned for just these values. `conn` is a connection.

    The best plan for one search is the worst for another, so none is kept for all.
    """
    prepared = await conn.prepare(query)
    rows: list[Any] = await prepared.fetch(*values)
    return rows
