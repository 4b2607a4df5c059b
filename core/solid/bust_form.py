"""The form of a bust as two height maps: the head that was seen, a rounded flat back, a neck and a foot."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from core.errors import GeometryError
from core.mesh.triangulation import fill_outside
from core.solid.parallel_heights import MIN_PIXELS, Frontal, blurred, largest, smoothed

CHIN_SHARE = 0.85  # of the head's height, where no landmark says where the chin is
RIM_PERCENTILE = 10.0  # of the silhouette's heights: the edge of the back begins there
ROUNDING = 0.25  # radius of the back's edge, as a share of the head's depth
NECK = 0.22  # length of the neck under the chin, as a share of the head's height; drawn down where it was not seen
NECK_WIDTH = 0.85  # a row is neck, and no ragged end, while it is at least so wide, of those under the chin
RECESS = 0.35  # of the head's depth: a neck is at least so far behind the chin
CORE_WIDTH = 0.42  # of the head's width: of the neck that is drawn
CORE_OVERLAP = 0.12  # of the head's height: so far it goes up behind the chin
SOFT = 0.06  # of the head's height: the front turns over to the back along the silhouette in such an arc
FOOT_WIDTH = 0.7  # of the head's width
FLARE = 0.1  # radius of the foot's hollow moulding, as a share of the head's height
STEADY = 1.2  # the foot reaches so much farther forward than twice the middle of the body's depth
EDGE = 0.35  # height of the foot's front at its sides, as a share of that in its middle
LEAST_ROWS = 3
EDGE_SMOOTH_PX = 1.5  # the arcs are steepest at the edge: a staircase of pixels would show there
SEAM_PX = 4.0
SMOOTH_PX = 3.0  # ragged hair makes a ragged edge of the back


@dataclass(frozen=True)
class BustForm:
    """Heights in mm, life size, over the flat back; a grid like the frontal view's, padded.

    front, back : (H, W). inside : (H, W) bool; it goes on below the flat bottom, which is row `floor_px`.
    shift_px : (2,) x and y of the frontal view's first point.
    """

    front: NDArray[np.float64]
    back: NDArray[np.float64]
    inside: NDArray[np.bool_]
    floor_px: int
    shift_px: NDArray[np.int64]


def bust_form(view: Frontal, chin_px: float | None, base_mm: float, least_mm: float) -> BustForm:
    """Complete the view of a head to a body that stands.

    chin_px : the chin's row in the view, None if not known. base_mm : thickness of the foot's lowest part.
    least_mm : thickness of the body where it is thinnest.

    Raises
    ------
    GeometryError
        There is too little of a head.
    """
    head = smoothed(view.mask, SMOOTH_PX)
    rows = np.flatnonzero(head.any(1))
    if head.sum() < MIN_PIXELS or len(rows) < 8:
        raise GeometryError("There is too little of the head in the photo to make a bust from. Use another photo.")
    top, last = rows[0], rows[-1]
    chin = int(np.clip(chin_px if chin_px is not None else top + CHIN_SHARE * (last - top), top + 4, last))
    cut, run = _neck_end(head, chin)
    head[cut + 1 :] = False
    head = largest(head)
    tall = chin - top
    drawn = max(0, round(NECK * tall) - (cut - chin)) + LEAST_ROWS
    flare = max(LEAST_ROWS, round(FLARE * tall))
    base = max(LEAST_ROWS, round(base_mm / view.pitch_mm))
    beside, below = head.shape[1] // 3, drawn + base + 16
    pad = ((0, below), (beside, beside))
    inside = np.pad(head, pad)
    seen = np.pad(fill_outside(view.heights_mm, view.mask), pad, mode="edge")
    run = slice(run.start + beside, run.stop + beside)
    rim = inside & ~ndimage.binary_erosion(inside)
    level = float(np.percentile(seen[rim], RIM_PERCENTILE))
    depth = max(float(seen[inside].max()) - level, view.pitch_mm)
    rounding = ROUNDING * depth
    front = np.maximum(seen - level, 0) + rounding
    foot_row = cut + drawn
    profile = front[max(cut - 3, 0) : cut + 1].mean(0)
    if cut - chin < NECK * tall / 2:  # hardly any neck was seen: what is drawn down is the chin
        profile = np.minimum(profile, front[chin].max() - RECESS * depth)
    front[cut + 1 :] = np.maximum(profile, rounding)
    inside[cut + 1 :, run] = True
    core, in_core, run = _core(front, inside, run, slice(top, chin), depth)
    front = np.where(in_core, np.where(inside, np.maximum(front, core), core), front)
    inside |= in_core
    front = _blended(front, inside, chin, cut, foot_row - flare)
    fade = _fade(len(inside), cut, foot_row - flare, round(rounding / view.pitch_mm))
    from_edge = ndimage.gaussian_filter(ndimage.distance_transform_edt(inside), EDGE_SMOOTH_PX) * view.pitch_mm
    back = _arc(from_edge, rounding) * fade
    soft = SOFT * tall * view.pitch_mm
    front = np.maximum(front - fade * np.maximum(front - back, 0) * _arc(from_edge, soft) / soft, back)
    foot, on_foot = _foot(front, inside, run, foot_row, flare)
    front = np.where(on_foot, np.where(inside, np.maximum(front, foot), foot), front)
    inside = np.asarray(ndimage.gaussian_filter((inside | on_foot).astype(np.float32), SMOOTH_PX, mode="nearest") > 0.5)
    front = np.maximum(fill_outside(front, inside), back + least_mm)
    return BustForm(front, back, inside, foot_row + base, np.array([beside, 0]))


def _neck_end(head: NDArray[np.bool_], chin: int) -> tuple[int, slice]:
    """The last row of the neck that is whole, and the columns of its widest run."""
    runs = [_widest_run(row) for row in head[chin:]]
    width = np.array([run.stop - run.start for run in runs])
    below = int(np.flatnonzero(width >= NECK_WIDTH * np.median(width[width > 0]))[-1])
    return chin + below, runs[below]


def _widest_run(row: NDArray[np.bool_]) -> slice:
    """The longest stretch of true values; empty if there is none."""
    ends = np.flatnonzero(np.diff(np.r_[False, row, False].astype(int)))
    if len(ends) == 0:
        return slice(0, 0)
    longest = 2 * int(np.argmax(ends[1::2] - ends[::2]))
    return slice(int(ends[longest]), int(ends[longest + 1]))


def _core(
    front: NDArray[np.float64], inside: NDArray[np.bool_], run: slice, face: slice, depth: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_], slice]:
    """Heights and region of a round neck that goes up into the head, and the columns that it and `run` take together.

    Where the neck was seen it disappears in it; where it was not, or only a shred of it, it carries the head.
    """
    columns = np.arange(front.shape[1], dtype=np.float64)
    weight = np.where(inside[face], front[face], 0).sum(0)
    middle = float((weight * columns).sum() / weight.sum())
    wide = np.flatnonzero(inside[face].any(0))
    half = CORE_WIDTH * (wide[-1] - wide[0]) / 2
    across = (columns - middle) / half
    reach = max(float(front[face.stop][inside[face.stop]].max()) - RECESS * depth, 0.3 * depth)
    heights = np.broadcast_to(reach * np.sqrt(np.clip(1 - across**2, 0.05, None)), front.shape)
    rows = np.arange(len(front)) > face.stop - CORE_OVERLAP * (face.stop - face.start)
    low, high = int(np.ceil(middle - half)), int(middle + half)
    return heights, rows[:, None] & (np.abs(across) <= 1), slice(min(run.start, low), max(run.stop, high + 1))


def _blended(
    front: NDArray[np.float64], inside: NDArray[np.bool_], chin: int, cut: int, flat_from: int
) -> NDArray[np.float64]:
    """Heights with the seam between the neck that was seen and the one that was drawn evened out."""
    row = np.arange(len(front), dtype=np.float64)
    begin = (chin + cut) / 2
    share = np.clip((row - begin) / max(cut - begin, 4.0), 0, 1) * np.clip((flat_from + 8 - row) / 8, 0, 1)
    return np.asarray(front + share[:, None] * (blurred(front, inside, SEAM_PX) - front))


def _arc(from_edge: NDArray[np.float64], radius: float) -> NDArray[np.float64]:
    """A quarter circle: `radius` at the edge, 0 from a radius inwards."""
    return np.asarray(radius - np.sqrt(radius**2 - (radius - np.minimum(from_edge, radius)) ** 2))


def _fade(count: int, cut: int, flat_from: int, arc_px: int) -> NDArray[np.float64]:
    """(count, 1): 1 along the head, 0 from row `flat_from` down, smooth along the neck."""
    share = np.clip((flat_from - np.arange(count)) / max(flat_from - cut + arc_px, 1), 0, 1)
    return np.asarray((share**2 * (3 - 2 * share))[:, None])


def _foot(
    front: NDArray[np.float64], inside: NDArray[np.bool_], run: slice, foot_row: int, flare: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Heights and region of the foot: as wide and deep as the body's middle needs, moulded towards the neck."""
    weight = np.where(inside[: foot_row + 1], front[: foot_row + 1], 0)
    columns = np.arange(front.shape[1], dtype=np.float64)
    middle = float((weight.sum(0) * columns).sum() / weight.sum())
    depth = float((weight**2).sum() / 2 / weight.sum())
    neck = np.array([run.start, run.stop - 1], dtype=np.float64)
    centre = (neck.mean() + middle) / 2
    neck_half = float(np.abs(neck - centre).max())
    head = np.flatnonzero(inside.any(0))
    half = max(FOOT_WIDTH * (head[-1] - head[0]) / 2, neck_half + 2, 2 * abs(middle - centre))
    half = min(half, centre - 6, front.shape[1] - 7 - centre)
    neck_front = float(front[foot_row, run].max())
    reach = max(STEADY * 2 * depth, 1.1 * neck_front)
    above = np.clip((foot_row - np.arange(len(front))) / flare, 0, 1)
    spread = 1 - np.sqrt(1 - (1 - above) ** 2)
    wide, deep = neck_half + (half - neck_half) * spread, neck_front + (reach - neck_front) * spread
    across = np.abs(columns - centre)[None] / wide[:, None]
    curve = EDGE + (1 - EDGE) * np.sqrt(np.clip(1 - across**2.5, 0, None))
    rows = np.arange(len(front)) > foot_row - flare
    return deep[:, None] * curve, (across <= 1) & rows[:, None]
