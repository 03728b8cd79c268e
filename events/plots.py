"""The geometry of the drawings of the administration. A template draws them: figures in, coordinates out, as SVG writes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar, NamedTuple

WIDTH, HEIGHT = 600, 200


class Segment(NamedTuple):
    name: str
    label: str
    size: int
    start: str
    length: str


def bar(parts: Sequence[tuple[str, str, int]]) -> list[Segment]:
    """One bar cut into `(name, label, size)`, in percent of its whole. What is empty is left out."""
    whole = sum(size for _name, _label, size in parts)
    segments, start = [], 0.0
    for name, label, size in parts:
        length = 100 * size / whole if whole else 0.0
        if size:
            segments.append(Segment(name, label, size, f"{start:.3f}%", f"{length:.3f}%"))
        start += length
    return segments


@dataclass(frozen=True)
class Curve:
    """A line that climbs and falls by steps, a step a day, under the line of a limit."""

    first: date
    last: date
    top: int
    path: str
    limit_y: str
    box: ClassVar = f"0 0 {WIDTH} {HEIGHT}"

    @classmethod
    def of(cls, days: Sequence[tuple[date, int]], *, last: date, limit: int | None) -> "Curve | None":
        """From what there was at the end of each day. None without any."""
        if not days:
            return None
        first = days[0][0] - timedelta(days=1)
        last = max(last, days[-1][0])
        top = max(*(places for _day, places in days), limit or 1, 1)
        span = (last - first).days

        def y(places: int) -> str:
            return f"{HEIGHT * (1 - places / top):.2f}"

        steps = [f"M0 {y(0)}"]
        for day, places in days:
            steps.append(f"H{WIDTH * (day - first).days / span:.2f}V{y(places)}")
        path = "".join([*steps, f"H{WIDTH}"])
        return cls(first, last, top, path, "" if limit is None else y(limit))
