"""Numbers -> drawings as inline SVG. Text and lines take their colour from the style sheet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import scipy
from numpy.typing import NDArray

from core.comparison.pairs import PairTable
from core.files.colours import SEQUENTIAL, Stops, coloured
from core.measure.table import RMS

# Eight hues that stay apart for colour-blind eyes (after Okabe and Ito), toned for paper.
SERIES = ("#be5834", "#3a7ca5", "#7a8b3c", "#ca9428", "#886096", "#268c80", "#c46e8c", "#7d766e")
LEFT, RIGHT, TOP, BOTTOM = 58, 10, 10, 40
CELL, TREE = 56, 90


@dataclass(frozen=True)
class Curve:
    """A line of a chart, in the colour of a face. x, y : (n,), NaN where it breaks."""

    x: NDArray[np.floating]
    y: NDArray[np.floating]
    colour: str


def chart(
    curves: Sequence[Curve],
    x_name: str,
    y_name: str,
    *,
    width: int = 640,
    height: int = 260,
    even: bool = False,
    from_zero: bool = False,
) -> str:
    """Lines over two axes with round numbers. even : one mm is as long across as up. from_zero : y starts at 0."""
    x, y = (np.concatenate([getattr(curve, axis) for curve in curves]) for axis in ("x", "y"))
    x0, x1, y0, y1 = (float(f(v)) for v in (x, y) for f in (np.nanmin, np.nanmax))
    y0 = 0.0 if from_zero else y0
    x1, y1 = max(x1, x0 + 1e-9), max(y1, y0 + 1e-9)
    inner_w, inner_h = width - LEFT - RIGHT, height - TOP - BOTTOM
    across, up = inner_w / (x1 - x0), inner_h / (y1 - y0)
    if even:
        across = up = min(across, up)
        width = round((x1 - x0) * across) + LEFT + RIGHT
        height = round((y1 - y0) * up) + TOP + BOTTOM
        inner_w, inner_h = width - LEFT - RIGHT, height - TOP - BOTTOM

    def at(px: float, py: float) -> tuple[float, float]:
        return LEFT + (px - x0) * across, TOP + inner_h - (py - y0) * up

    parts = []
    for value in ticks(x0, x1, max(2, inner_w // 90)):
        px, _ = at(value, y0)
        parts.append(f'<text x="{px:.1f}" y="{TOP + inner_h + 16}" text-anchor="middle">{label(value)}</text>')
    for value in ticks(y0, y1, max(2, inner_h // 50)):
        _, py = at(x0, value)
        parts.append(f'<path class="grid" d="M{LEFT} {py:.1f}H{LEFT + inner_w}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{py + 4:.1f}" text-anchor="end">{label(value)}</text>')
    parts += [f'<path class="curve" stroke="{curve.colour}" d="{_path(curve, at)}"/>' for curve in curves]
    parts.append(
        f'<text class="axis" x="{LEFT + inner_w / 2:.0f}" y="{height - 6}" text-anchor="middle">{escape(x_name)}</text>'
    )
    parts.append(
        f'<text class="axis" transform="translate(12 {TOP + inner_h / 2:.0f}) rotate(-90)" text-anchor="middle">'
        f"{escape(y_name)}</text>"
    )
    return _svg(width, height, parts, f"{y_name} over {x_name}")


def _path(curve: Curve, at: Callable[[float, float], tuple[float, float]]) -> str:
    steps, drawing = [], False
    for x, y in zip(curve.x, curve.y, strict=True):
        if not (np.isfinite(x) and np.isfinite(y)):
            drawing = False
            continue
        px, py = at(float(x), float(y))
        steps.append(f"{'L' if drawing else 'M'}{px:.1f} {py:.1f}")
        drawing = True
    return "".join(steps)


def ticks(low: float, high: float, count: int) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten apart) within low and high, about `count` of them."""
    rough = (high - low) / max(count, 1)
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(s * power for s in (1, 2, 5, 10) if s * power >= rough * 0.999)
    first = np.ceil(low / step - 1e-9)
    return [float(n * step) + 0.0 for n in np.arange(first, np.floor(high / step + 1e-9) + 1)]


def label(value: float) -> str:
    """A number without needless digits, with a true minus."""
    return f"{value + 0.0:.4g}".replace("-", "\u2212")


def colour_bar(key: str, stops: Stops, low: float, high: float, names: tuple[str, str]) -> str:
    """A scale in mm with its ends, and what each end means. key : tells it from others on the page."""
    width, height = 300, 46
    cuts = "".join(f'<stop offset="{place:.3f}" stop-color="rgb{colour}"/>' for place, colour in stops)
    parts = [
        f'<defs><linearGradient id="{key}">{cuts}</linearGradient></defs>',
        f'<rect x="0" y="0" width="{width}" height="10" rx="1" fill="url(#{key})"/>',
        f'<text x="0" y="26">{label(low)} mm</text>',
        f'<text x="{width}" y="26" text-anchor="end">{label(high)} mm</text>',
        f'<text class="axis" x="0" y="42">{escape(names[0])}</text>',
        f'<text class="axis" x="{width}" y="42" text-anchor="end">{escape(names[1])}</text>',
    ]
    if low < 0 < high:
        parts.append(f'<text x="{width * -low / (high - low):.0f}" y="26" text-anchor="middle">0</text>')
    return _svg(width, height, parts, f"Scale from {label(low)} to {label(high)} mm")


def pair_matrix(table: PairTable) -> str:
    """The matrix of all pairs, like beside like, with its dendrogram above."""
    count = len(table.names)
    ordered = table.rms_mm[np.ix_(table.order, table.order)]
    highest = max(float(ordered.max()), 1e-9)
    longest = max(len(name) for name in table.names)
    margin = min(190, 20 + 7 * min(longest, 24))
    parts = _tree(table, margin)
    colours = coloured(ordered, 0, highest, SEQUENTIAL)
    for row, face in enumerate(table.order):
        y = TREE + row * CELL
        name = table.names[face] if len(table.names[face]) <= 24 else table.names[face][:23] + "\u2026"
        dot = f'<circle cx="{margin - 14}" cy="{y + CELL / 2}" r="5" fill="{SERIES[face % len(SERIES)]}"/>'
        parts.append(dot + f'<text x="{margin - 26}" y="{y + CELL / 2 + 4}" text-anchor="end">{escape(name)}</text>')
        for column in range(count):
            x, value = margin + column * CELL, ordered[row, column]
            ink = "#fffaf3" if value > 0.55 * highest else "#26221d"
            shown = "\u2013" if row == column else RMS.text(value)
            parts.append(
                f'<rect x="{x + 1}" y="{y + 1}" width="{CELL - 2}" height="{CELL - 2}" rx="2" '
                f'fill="rgb{tuple(int(v) for v in colours[row, column, :3])}"/>'
                f'<text x="{x + CELL / 2}" y="{y + CELL / 2 + 4}" text-anchor="middle" style="fill:{ink}">'
                f"{shown}</text>"
            )
    return _svg(margin + count * CELL + 8, TREE + count * CELL + 4, parts, "RMS difference of each pair, in mm")


def _tree(table: PairTable, margin: int) -> list[str]:
    drawn = scipy.cluster.hierarchy.dendrogram(table.linkage, no_plot=True)
    assert drawn["leaves"] == table.order.tolist()
    highest = max(float(table.linkage[:, 2].max()), 1e-9)
    paths = []
    for places, heights in zip(drawn["icoord"], drawn["dcoord"], strict=True):
        # scipy puts leaves at 5, 15, 25 ...
        points = [
            (margin + (place - 5) / 10 * CELL + CELL / 2, TREE - 8 - (TREE - 16) * height / highest)
            for place, height in zip(places, heights, strict=True)
        ]
        steps = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        paths.append(f'<path class="tree" d="M{steps}"/>')
    return paths


def _svg(width: float, height: float, parts: Sequence[str], name: str) -> str:
    return (
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" style="max-width:{width:.0f}px" role="img" '
        f'aria-label="{escape(name)}">{"".join(parts)}</svg>'
    )
