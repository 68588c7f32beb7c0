"""A table of measured figures in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil
from statistics import median


@dataclass
class Table:
    """Rows by name, columns by name, an aim at the end; a cell is a list of values in one unit.

    A column of `ratios` is made of two others: the median of the one by that of the other.
    """

    columns: tuple[str, ...]
    ratios: dict[str, tuple[str, str]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    aims: dict[str, str] = field(default_factory=dict)
    cells: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def row(self, name: str, unit: str, aim: str = "") -> None:
        """Give a row its unit and what it should be."""
        self.units[name], self.aims[name] = unit, aim

    def add(self, name: str, column: str, *values: float) -> None:
        """Add values to a cell; milliseconds are given in seconds."""
        factor = 1000.0 if self.units[name] == "ms" else 1.0
        self.cells.setdefault((name, column), []).extend(value * factor for value in values)

    def lines(self) -> Iterator[str]:
        """Yield the table in Markdown."""
        yield "| measured | unit | " + " | ".join([*self.columns, *self.ratios]) + " | aim |"
        yield "|---" * (len(self.columns) + len(self.ratios) + 3) + "|"
        for name, unit in self.units.items():
            cells = [self._cell(name, column) for column in self.columns]
            cells += [self._ratio(name, *pair) for pair in self.ratios.values()]
            yield f"| {name} | {unit} | " + " | ".join([*cells, self.aims[name]]) + " |"

    def _cell(self, name: str, column: str) -> str:
        values = self.cells.get((name, column))
        if not values:
            return "-"
        digits = 0 if median(values) >= 1000 else 3 if median(values) < 1 else 1
        text = f"{median(values):.{digits}f}"
        if len(values) > 1:
            text += f" ({min(values):.{digits}f}-{max(values):.{digits}f}, n={len(values)})"
        return text

    def _ratio(self, name: str, over: str, under: str) -> str:
        above, below = self.cells.get((name, over)), self.cells.get((name, under))
        return f"{median(above) / median(below):.1f}" if above and below else "-"


def at_share(values: Sequence[float], share: float) -> float:
    """Return the value that so large a share of all values does not pass: 0.99 is the p99."""
    return sorted(values)[ceil(len(values) * share) - 1]
