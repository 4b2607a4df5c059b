"""Pure functions from points and triangles to Plotly scenes: one start view, so that faces compare."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import Image

from dashboard.charts.figures import bare_figure

MAX_POINTS = 25_000  # scatter3d: 2.2 s to the first picture in software rendering; more is slow to turn
MAX_TRIANGLES = 100_000  # mesh3d stays smooth up to about here

# Mesh frame: x right, y up, z towards the viewer. A quarter turn shows relief that a frontal view hides.
CAMERA: dict[str, Any] = {
    "up": {"x": 0, "y": 1, "z": 0},
    "center": {"x": 0, "y": 0, "z": 0},
    "eye": {"x": -0.58, "y": 0.18, "z": 1.55},
    "projection": {"type": "perspective"},
}
LIGHTING: dict[str, float] = {"ambient": 1, "diffuse": 0, "specular": 0, "fresnel": 0}  # colours as they are given


def cloud(
    points_mm: NDArray[np.float32], colours: NDArray[np.uint8], *, limit: int = MAX_POINTS, seed: int = 0
) -> go.Figure:
    """Coloured point cloud.

    points_mm : (n, 3) float32, mesh frame; colours : (n, 3) uint8 RGB. More than `limit` points are thinned at random.
    """
    if len(points_mm) > limit:
        kept = np.sort(np.random.default_rng(seed).choice(len(points_mm), limit, replace=False))
        points_mm, colours = points_mm[kept], colours[kept]
    # A palette and one byte per point: a list of 25,000 colour words would outweigh the points themselves.
    index, palette = _palette(colours)
    trace = go.Scatter3d(
        x=points_mm[:, 0].astype(np.float32),
        y=points_mm[:, 1].astype(np.float32),
        z=points_mm[:, 2].astype(np.float32),
        mode="markers",
        marker={
            "size": 2,
            "opacity": 1,
            "color": index,
            "cmin": 0,
            "cmax": len(palette) - 1,
            "line": {"width": 0},
            "colorscale": [[i / (len(palette) - 1), colour] for i, colour in enumerate(palette)],
        },
        hoverinfo="skip",
    )
    return bare_figure(trace, scene=_scene())


def mesh(vertices_mm: NDArray[np.float32], triangles: NDArray[np.int32], colours: NDArray[np.uint8]) -> go.Figure:
    """Surface in colours that hold its light and shade: those of plaster, or the photo's.

    vertices_mm : (n, 3) float32, mesh frame; triangles : (m, 3) int32; colours : (n, 3) uint8.

    Raises
    ------
    ValueError
        More than `MAX_TRIANGLES`: the page would crawl; the GLB shows such a mesh in full.
    """
    if len(triangles) > MAX_TRIANGLES:
        raise ValueError(
            f"A mesh of {len(triangles):,} triangles is over the {MAX_TRIANGLES:,} that this view can turn."
        )
    trace = go.Mesh3d(
        x=vertices_mm[:, 0].astype(np.float32),
        y=vertices_mm[:, 1].astype(np.float32),
        z=vertices_mm[:, 2].astype(np.float32),
        i=triangles[:, 0].astype(np.int32),
        j=triangles[:, 1].astype(np.int32),
        k=triangles[:, 2].astype(np.int32),
        hoverinfo="skip",
        lighting=LIGHTING,
        vertexcolor=colours.astype(np.uint8),
    )
    return bare_figure(trace, scene=_scene())


def _scene() -> dict[str, Any]:
    hidden = {"visible": False, "showspikes": False}
    return {
        "xaxis": hidden,
        "yaxis": hidden,
        "zaxis": hidden,
        "aspectmode": "data",
        "bgcolor": "rgba(0,0,0,0)",
        "camera": CAMERA,
        "dragmode": "orbit",
    }


def _palette(colours: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], list[str]]:
    """(n, 3) colours -> (n,) index and at least two, at most 256 colour words."""
    picture = Image.fromarray(np.ascontiguousarray(colours[None], dtype=np.uint8)).quantize(256)
    table = picture.getpalette() or []
    index = np.asarray(picture, dtype=np.uint8)[0]
    words = [f"rgb({r}, {g}, {b})" for r, g, b in zip(table[0::3], table[1::3], table[2::3], strict=True)]
    used = int(index.max(initial=0)) + 1
    words = words[: max(used, 2)]
    return index, words if len(words) > 1 else words * 2
