"""The figure on which a person shows where a face is."""

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

import core
from dashboard.charts.figures import ACCENT, bare_figure

if TYPE_CHECKING:
    from core.files.facts import WrittenFacts

Box = tuple[float, float, float]  # x and y of the middle, side; photo pixels
FIRST_SHARE = 0.4  # of the photo's shorter side


def turned_box(box: Box, width: int, height: int, turn_deg: int) -> Box:
    """A box of a photo -> of the photo turned clockwise by 0, 90, 180 or 270 degrees."""
    x, y, side = box
    places = {0: (x, y), 90: (height - 1 - y, x), 180: (width - 1 - x, height - 1 - y), 270: (y, width - 1 - x)}
    return (*places[turn_deg], side)


def first_turn(facts: "WrittenFacts | None") -> int:
    """Degrees clockwise by which the photo is turned at first: so that the face that the facts are of is upright."""
    return 0 if not facts or not facts.face else -90 * round(facts.face.roll_deg / 90) % 360


def first_box(width: int, height: int, facts: "WrittenFacts | None") -> Box:
    """The box that stands there at first: as it was drawn for that face, or round it; else in the middle."""
    if facts and facts.options.box:
        return facts.options.box
    if not facts or not facts.face:
        return width // 2, height // 2, round(FIRST_SHARE * min(width, height))
    side_px, to_photo = facts.crop.side_px, facts.crop.to_photo
    x, y = to_photo @ [(side_px - 1) / 2, (side_px - 1) / 2, 1]
    side = side_px * np.hypot(to_photo[0, 0], to_photo[1, 0]) * core.face.IPD_SHARE / core.face.BOX_IPD_SHARE
    return round(np.clip(x, 0, width - 1)), round(np.clip(y, 0, height - 1)), round(side)


def marked_photo(src: str, width: int, height: int, box: Box) -> go.Figure:
    """Return the photo at that address with a square that can be dragged, or drawn anew."""
    x, y, side = box
    image = {
        "source": src, "xref": "x", "yref": "y", "x": -0.5, "y": -0.5, "sizex": width, "sizey": height,
        "layer": "below",
    }  # fmt: skip
    square = {
        "type": "rect", "x0": x - side / 2, "x1": x + side / 2, "y0": y - side / 2, "y1": y + side / 2,
        "editable": True, "line": {"color": ACCENT, "width": 3},
    }  # fmt: skip
    # A figure without a trace has no axes to draw on.
    corners = go.Scatter(x=[-0.5, width - 0.5], y=[-0.5, height - 0.5], mode="markers", opacity=0, hoverinfo="skip")
    hidden = {"visible": False, "fixedrange": True}
    return bare_figure(
        corners,
        images=[image],
        shapes=[square],
        xaxis={**hidden, "range": [-0.5, width - 0.5], "constrain": "domain"},
        yaxis={**hidden, "range": [height - 0.5, -0.5], "scaleanchor": "x", "constrain": "domain"},
        dragmode="drawrect",
        newshape={"line": {"color": ACCENT, "width": 3}},
    )
