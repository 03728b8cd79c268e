"""The geometry of the treasurer's drawings. A template draws them: amounts in, coordinates out, as SVG writes them.

Across in percent, so that they fit any screen; down in pixels. What is below zero has no bar: the table says it.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

HEIGHT = 200  # of the tallest column
THICK, LABEL, GAP = 14, 24, 12  # of a line: each bar, what is written above, and what is left below


class Bar(NamedTuple):
    series: str
    x: str
    y: str
    width: str
    height: str


class Group(NamedTuple):
    """What is drawn for one label, written at `x`, `y`."""

    label: Any
    x: str
    y: str
    bars: list[Bar]


class Plot(NamedTuple):
    height: int
    top: Decimal
    highest: Any
    groups: list[Group]


Figures = Sequence[tuple[Any, Mapping[str, Decimal]]]


def columns(figures: Figures) -> Plot | None:
    """For each label, a column by series, side by side. None where nothing is above zero."""
    top, highest = _top(figures)
    if not top:
        return None
    step = 100 / len(figures)
    groups = []
    for index, (label, series) in enumerate(figures):
        width = step * 0.84 / len(series)
        bars = []
        for rank, (name, amount) in enumerate(series.items()):
            height = HEIGHT * float(max(amount, Decimal(0)) / top)
            x = step * (index + 0.08) + rank * width
            bars.append(Bar(name, f"{x:.3f}%", f"{HEIGHT - height:.2f}", f"{width:.3f}%", f"{height:.2f}"))
        groups.append(Group(label, f"{step * (index + 0.5):.3f}%", str(HEIGHT + 18), bars))
    return Plot(HEIGHT + LABEL, top, highest, groups)


def lines(figures: Figures) -> Plot | None:
    """For each label, a bar by series, one under the other. None where nothing is above zero."""
    top, highest = _top(figures)
    if not top:
        return None
    groups, y = [], 0
    for label, series in figures:
        bars = []
        for rank, (name, amount) in enumerate(series.items()):
            width = 100 * float(max(amount, Decimal(0)) / top)
            bars.append(Bar(name, "0%", str(y + LABEL + rank * THICK), f"{width:.3f}%", str(THICK)))
        groups.append(Group(label, "0%", str(y + LABEL - 7), bars))
        y += LABEL + THICK * len(series) + GAP
    return Plot(y, top, highest, groups)


def _top(figures: Figures) -> tuple[Decimal, Any]:
    """The highest amount, and the label it is of."""
    amounts = [(max(series.values()), label) for label, series in figures]
    return max(amounts, key=lambda one: one[0], default=(Decimal(0), None))
