"""A plaque or a coin with the head in relief, as the camera saw it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from core.errors import GeometryError
from core.geometry.reconstruction import Reconstruction
from core.mesh.triangulation import fill_outside, grid, sample
from core.options import SolidOptions
from core.options.solid import Outline
from core.solid.compress import compressed
from core.solid.lettering import lettered
from core.solid.loop import RISE_MM, looped
from core.solid.nozzle import carvable, printable, without_ripples
from core.solid.parallel_heights import MIN_PIXELS, pixel_mm
from core.solid.plaque import EDGE_STEP_PX, ROUND_STEP_PX, ellipse, print_pitch, rounded_rectangle
from core.solid.pocket import cut, place
from core.solid.shape import Solid, photo_colours
from core.solid.slab import STEP_PX, Side, slab, step_seeds

TOLERANCE_MM = 0.04  # on the print; less than half of a fine layer
PLATE_STEP_PX = 24.0
CLEAR_PX = 2.0  # the wall round the head keeps off the border by that
RIM_PERCENTILE = 2.0  # of the head's heights, taken as level with the plate: stray far pixels must not lift the head
EDGE_LAYERS = 3  # the head stands off the plate by at least so many layers, half a nozzle each, or its outline is lost
STROKE_NOZZLES = 1.5  # of letters: a slicer leaves out what is narrower than one line
RAISED_NOZZLES = 2.0  # height of letters and of a coin's rim: four usual layers
COIN_GAP_MM = 1.0  # between a coin's rim and what it goes round
# in heights of a capital: the band that letters stand in, and where their baseline is in it, from the face
BAND, BASELINE = 1.65, 0.4
ROUND_SHARE = 0.94  # of the way round that a text may fill


@dataclass(frozen=True)
class Layout:
    """Where all is on a plaque's map, whose pixels are as large as those of the crop.

    corner_px : (2,) crop pixels of the map's first pixel. shape : of the map. pitch : mm on the print of a pixel.
    rim : (n, 2) the plaque's outline. coin_rim : (n, 2) each, the upper and the lower edge of the raised rim's wall.
    line : (n, 2) what a text stands on. top : (2,) the highest point of the outline.
    """

    corner_px: NDArray[np.int64]
    shape: tuple[int, int]
    pitch: float
    rim: NDArray[np.float64]
    coin_rim: tuple[NDArray[np.float64], ...] | None
    line: NDArray[np.float64] | None
    top: NDArray[np.float64]


def make_relief(reconstruction: Reconstruction, options: SolidOptions) -> Solid:
    """A plaque or a coin: plate, border or rim, letters, loop, and the head's heights with their detail kept.

    Raises
    ------
    GeometryError
        There is too little depth.
    OptionError
        The face or the text has no room.
    """
    life_mm = pixel_mm(reconstruction) if reconstruction.head.any() else 1.0
    layout = _layout(reconstruction.mask, options, life_mm)
    pitch, scale = layout.pitch, layout.pitch / life_mm
    mask, depth = (_cut_out(one, layout) for one in (reconstruction.mask, reconstruction.depth_mm.astype(np.float64)))
    true = np.where(mask, (np.nanmax(depth[mask]) - np.nan_to_num(depth)) * scale, 0.0)
    drawn = _cut_out(carvable(reconstruction.drawn_mm(reconstruction.mask.shape[0])).astype(np.float64), layout) * scale
    flat = _flattened(true, mask, pitch, options) + np.where(mask, without_ripples(drawn, pitch, options.nozzle_mm), 0)
    relief = printable(flat, pitch, options.nozzle_mm)
    head = options.base_mm + np.maximum(relief, EDGE_LAYERS * options.nozzle_mm / 2)
    head = fill_outside(head, mask)
    plate = np.full(mask.shape, options.base_mm)
    raised = options.base_mm + RAISED_NOZZLES * options.nozzle_mm
    heights, busy = np.where(mask, head, plate), mask.copy()
    walls = [step_seeds(mask, head, plate)]
    for upper, lower in _raised(layout, options):
        walls.append(
            (np.concatenate([upper, lower]), np.r_[np.full(len(upper), raised), np.full(len(lower), options.base_mm)])
        )
        rows, columns = np.clip(np.round(upper[:, ::-1]).astype(int), 0, np.array(mask.shape) - 1).T
        busy[rows, columns] = True
    if layout.coin_rim is not None:
        heights = np.where(_drawn(mask.shape, layout.coin_rim[0]), heights, raised)
    around = grid(
        _well_within(mask.shape, layout.rim) & (ndimage.distance_transform_edt(~busy) > PLATE_STEP_PX / 2),
        PLATE_STEP_PX,
    )
    inner = grid(mask, 10.0)
    top = Side(
        heights=heights,
        refine=ndimage.binary_erosion(mask, iterations=2),
        seeds=np.concatenate([*(points for points, _ in walls), inner, around]),
        seed_heights=np.concatenate([*(up for _, up in walls), sample(head, inner), sample(heights, around)]),
        tolerance=TOLERANCE_MM,
        triangles=options.max_triangles - 3 * len(layout.rim),
    )
    body = slab(top, 0.0, layout.rim, pitch)
    up = np.array([pitch, -pitch, 1])
    points = body.points * up
    colours = photo_colours(reconstruction.crop_rgb, body.points[: body.top_count, :2] + layout.corner_px, len(points))
    solid = Solid(points, body.faces, colours, float(scale))
    if options.fastening != "none":
        within = _well_within(mask.shape, layout.rim)
        solid = cut(solid, place(np.where(within, heights, 0), pitch, options) * up[:2], options)
    return looped(solid, layout.top * up[:2], options) if options.loop else solid


def _raised(layout: Layout, options: SolidOptions) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Upper and lower edges (n, 2) of the walls of what is raised beside the head."""
    if layout.coin_rim is not None:
        yield layout.coin_rim[0], layout.coin_rim[1]
    if layout.line is not None:
        pitch = layout.pitch
        letters = lettered(
            options.text, layout.line, options.letter_mm / pitch, pitch, STROKE_NOZZLES * options.nozzle_mm / pitch
        )
        yield letters.upper, letters.lower


def _flattened(
    true: NDArray[np.float64], mask: NDArray[np.bool_], pitch: float, options: SolidOptions
) -> NDArray[np.float64]:
    """Heights of the relief above the plate: compressed, then as high in all as the share of the true ones asks."""
    flat = compressed(true, mask, pitch, options.detail)
    low, true_low = (float(np.percentile(heights[mask], RIM_PERCENTILE)) for heights in (flat, true))
    rise, true_rise = float(flat[mask].max()) - low, float(true[mask].max()) - true_low
    if rise < 1e-6:
        return np.zeros_like(true)
    return np.where(mask, np.maximum(flat - low, 0) * (options.relief_share * true_rise / rise), 0)


def _layout(mask: NDArray[np.bool_], options: SolidOptions, life_mm: float) -> Layout:
    """The head with its margins in the plaque's outline, so that no part of it reaches the plaque's edge."""
    if mask.sum() < MIN_PIXELS:
        raise GeometryError("There is too little depth to make a solid from. Use another photo or network.")
    middle, half = _middle(mask, options.shape)
    is_round, band_mm = options.shape != "rectangle", BAND * options.letter_mm if options.text else 0.0
    margin_mm = options.border_mm + (COIN_GAP_MM if options.kind == "coin" else 0.0) + (band_mm if is_round else 0.0)
    below_mm = 0.0 if is_round else band_mm
    loop_mm = RISE_MM if options.loop else 0.0
    pitch = print_pitch(
        options, (2 * half[0], 2 * half[1]), life_mm, (2 * margin_mm, 2 * margin_mm + below_mm + loop_mm)
    )
    low, high = middle - half - margin_mm / pitch, middle + half + margin_mm / pitch
    high[1] += below_mm / pitch
    corner = np.floor(low).astype(np.int64) - 2
    columns, rows = (np.ceil(high).astype(np.int64) + 3 - corner).tolist()
    low, high, middle = low - corner, high - corner, middle - corner
    border, inset = options.border_mm / pitch, BASELINE * options.letter_mm / pitch
    line: NDArray[np.float64] | None = None
    coin_rim: tuple[NDArray[np.float64], ...] | None = None
    if is_round:
        outer = (high - low) / 2
        rim = ellipse(middle, outer, ROUND_STEP_PX)
        if options.kind == "coin":
            edge = outer - border
            coin_rim = tuple(ellipse(middle, edge + way, ROUND_STEP_PX) for way in (STEP_PX, -STEP_PX))
        if options.text:
            line = ellipse(middle, half + inset, ROUND_STEP_PX)
            shut = round(len(line) * (1 - ROUND_SHARE) / 2)
            line = line[shut : len(line) - shut]
    else:
        rim = rounded_rectangle(low, high, options.corner_mm / pitch, min(EDGE_STEP_PX, max(border, ROUND_STEP_PX)))
        if options.text:
            down = middle[1] + half[1] + inset + options.letter_mm / pitch
            line = np.array([[low[0] + border, down], [high[0] - border, down]])
    top = np.array([(low[0] + high[0]) / 2, low[1]])
    return Layout(corner, (rows, columns), float(pitch), rim, coin_rim, line, top)


def _middle(mask: NDArray[np.bool_], shape: Outline) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centre (2,) and half width and height (2,), in pixels, of the least box, circle or ellipse round a head.

    The ellipse has the proportions of the box.
    """
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    low, high = np.array([columns[0], rows[0]]) - CLEAR_PX, np.array([columns[-1], rows[-1]]) + CLEAR_PX
    half = (high - low) / 2
    if shape == "rectangle":
        return (low + high) / 2, half
    aspect = half / half.max() if shape == "oval" else np.ones(2)
    points = np.argwhere(mask)[:, ::-1] / aspect
    centre, radius = cv2.minEnclosingCircle(cv2.convexHull(points.astype(np.float32)))
    return np.array(centre) * aspect, (radius + CLEAR_PX) * aspect


def _cut_out(values: NDArray[Any], layout: Layout) -> NDArray[Any]:
    """(H, W): of a map of the crop, what lies under the plaque; 0 beyond the map."""
    found = np.zeros(layout.shape, values.dtype)
    (x, y), (height, width) = layout.corner_px.tolist(), layout.shape
    there = values[max(0, y) : max(0, y + height), max(0, x) : max(0, x + width)]
    found[max(0, -y) : max(0, -y) + there.shape[0], max(0, -x) : max(0, -x) + there.shape[1]] = there
    return found


def _drawn(shape: tuple[int, ...], line: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(H, W) bool: what lies within a closed line."""
    drawn = np.zeros(shape, np.uint8)
    cv2.fillPoly(drawn, [np.round(line).astype(np.int32)], 1)
    return drawn > 0


def _well_within(shape: tuple[int, ...], rim: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(H, W) bool: pixels so far from the rim that points there leave its edges alone."""
    drawn = np.pad(_drawn(shape, rim), 1)
    return np.asarray(ndimage.distance_transform_edt(drawn)[1:-1, 1:-1] > PLATE_STEP_PX / 2)
