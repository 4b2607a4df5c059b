"""A plate whose thickness is the photo's brightness: held against a light, it shows the photo. Flat, bent or a tube."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from core.errors import GeometryError, OptionError
from core.geometry.reconstruction import Reconstruction
from core.mesh.triangulation import grid, sample
from core.options import SolidOptions
from core.solid.parallel_heights import pixel_mm
from core.solid.plaque import EDGE_STEP_PX, print_pitch, rounded_rectangle
from core.solid.scaling import PRINT_TOLERANCE_MM
from core.solid.shape import Solid, photo_colours
from core.solid.slab import STEP_PX, Body, Side, slab

THINNEST_NOZZLES = 2.0  # the brightest part: two lines side by side let the most light through and still hold
BLACK_PERCENT, WHITE_PERCENT = 1.0, 99.0  # of the photo's brightness, drawn to the thickest and the thinnest
MM_PER_PX_NOZZLES = 0.5  # the map is as fine as half a nozzle, no finer: finer would cost triangles for nothing
LAMP_PICTURES = 2  # the photo stands on a lamp in front and behind, with a strip as wide as the border between
LEDGE = 0.8  # of what stands upright: the frame over the picture juts out by so much per height, 39 degrees
SAG_MM = 0.02  # a chord of a bent plate leaves its arc by this much
LEAST_RADIUS_MM = 5.0  # of a bent plate's hollow side


@dataclass(frozen=True)
class Plate:
    """A plate before it is bent, on a map of `pitch` mm, its back at 0.

    shape : of the map. size : (2,) px, of the plate, from the map's first pixel or `low`, (2,) px, on. count : pixels
    of a picture's side. starts : (n, 2) px, the upper left corner of each picture. radius : mm, of the back; None
    where it is flat. middle : mm, of the surface whose lengths stay when it is bent.
    """

    shape: tuple[int, int]
    low: NDArray[np.float64]
    size: NDArray[np.float64]
    count: int
    pitch: float
    starts: NDArray[np.float64]
    radius: float | None = None
    middle: float = 1.0


def make_lithophane(reconstruction: Reconstruction, options: SolidOptions) -> Solid:
    """The levelled photo as a plate or a tube, the thicker the darker, in a frame.

    Thickness falls in a straight line with the photo's sRGB values: these go nearly with the logarithm of the light
    (IEC 61966-2-1), and what plastic lets through falls with the exponent of its thickness (Beer and Lambert). What is
    bent keeps its thickness at right angles to the surface, and stands on its edge.

    Raises
    ------
    OptionError
        The corners do not fit, or it would be bent too narrowly.
    """
    side = reconstruction.crop_rgb.shape[0]
    life = pixel_mm(reconstruction) if reconstruction.head.any() else 1.0
    plate = _plate(options, side, life)
    thickness = _thickness(reconstruction.crop_rgb, plate.count, options)
    body = _flat(plate, thickness, options)
    at = body.points[: body.top_count, :2]
    seen = (at - plate.starts[_nearest(plate, at[:, 0])]) * ((side - 1) / (plate.count - 1))
    scale = plate.pitch / (life * (side - 1) / (plate.count - 1))
    vertices = (body.points - [*plate.low, 0]) * [plate.pitch, -plate.pitch, 1]
    colours = photo_colours(reconstruction.crop_rgb, seen, len(vertices))
    if plate.radius is None:
        return Solid(vertices, body.faces, colours, scale)
    faces = body.faces
    if options.kind == "lamp":
        faces = _closed(body)
    used, faces = np.unique(faces, return_inverse=True)
    bent = _bent(vertices[used], plate)
    return Solid(bent, faces.reshape(-1, 3).astype(np.int32), colours[used], scale)


def light_path_mm(vertices_mm: NDArray[np.float64], options: SolidOptions) -> NDArray[np.float64]:
    """(n,) mm of plastic that light from behind goes through to each point of a lithophane or a lamp, as it stands."""
    if not options.stands:
        return np.asarray(vertices_mm[:, 2] - vertices_mm[:, 2].min())
    x, y = vertices_mm[:, :2].T
    outer = np.ptp(x) / (2 * _reach(options))
    return np.asarray(np.hypot(x - (x.min() + x.max()) / 2, y - (y.min() + outer)) - (outer - _frame_mm(options)))


def _frame_mm(options: SolidOptions) -> float:
    return options.wall_mm + options.base_mm


def _reach(options: SolidOptions) -> float:
    """Half the width of what is bent, over its outer radius."""
    angle = 2 * np.pi if options.kind == "lamp" else np.radians(options.bend_deg)
    return float(np.sin(min(angle, np.pi) / 2))


def _plate(options: SolidOptions, side: int, life: float) -> Plate:
    """How large all is: the picture follows from the size over all, the bend and the border."""
    border, count_of = options.border_mm, 1
    if not options.stands:
        picture = print_pitch(options, (side - 1.0, side - 1.0), life, (2 * border, 2 * border)) * (side - 1)
        radius, middle, across = None, 1.0, picture + 2 * border
    else:
        angle = 2 * np.pi if options.kind == "lamp" else float(np.radians(options.bend_deg))
        between = border if options.kind == "lamp" else 2 * border
        count_of = LAMP_PICTURES if options.kind == "lamp" else 1
        if options.height_mm is not None or options.life_size:
            picture = print_pitch(options, (side - 1.0, side - 1.0), life, (0, 2 * border)) * (side - 1)
            middle = count_of * (picture + between) / angle
        else:
            middle = options.width_mm / (2 * _reach(options)) - _frame_mm(options) + options.wall_mm / 2
            picture = middle * angle / count_of - between
        radius, across = middle - options.wall_mm / 2, middle * angle
        if radius < LEAST_RADIUS_MM or picture <= 2 * border:
            raise OptionError(
                f"Bent like that, the {options.kind} would be too narrow. Make it larger, or its wall, base or border "
                "smaller."
            )
    count = int(np.clip(round(picture / (MM_PER_PX_NOZZLES * options.nozzle_mm)) + 1, 64, side))
    pitch = picture / (count - 1)
    edge = border / pitch * (0.5 if options.kind == "lamp" else 1)
    size = np.array([across, picture + 2 * border]) / pitch
    low = np.array([np.ceil(edge) - edge, np.ceil(border / pitch) - border / pitch])
    columns, rows = (np.ceil(low + size).astype(int) + 2).tolist()
    step = (picture + border) / pitch
    starts = np.array([[low[0] + edge + step * i, low[1] + border / pitch] for i in range(count_of)])
    return Plate((rows, columns), low, size, count, float(pitch), starts, radius, float(middle))


def _nearest(plate: Plate, x_px: NDArray[np.float64]) -> NDArray[np.intp]:
    """(n,): the picture that each column belongs to."""
    middles = plate.starts[:, 0] + (plate.count - 1) / 2
    return np.asarray(np.abs(x_px[:, None] - middles).argmin(1))


def _flat(plate: Plate, thickness: NDArray[np.float64], options: SolidOptions) -> Body:
    """The plate, flat: pictures in their frame."""
    frame, last = _frame_mm(options), plate.count - 1.0
    rows, columns = np.indices(plate.shape)
    at = np.stack([columns.ravel(), rows.ravel()], axis=-1).astype(np.float64)
    u, v = (at - plate.starts[_nearest(plate, at[:, 0])]).T
    across, over = (u >= 0) & (u <= last), (v < 0) & options.stands
    heights = sample(thickness, np.stack([u, v], axis=-1))
    picture = across & (v >= 0) & (v <= last)
    ledge = across & over
    juts = np.minimum(frame, heights - LEDGE * plate.pitch * v)
    framed = np.where(picture, heights, np.where(ledge, juts, frame)).reshape(plate.shape)
    curved = plate.radius is not None
    step = EDGE_STEP_PX
    if plate.radius is not None:
        step = min(step, np.sqrt(8 * SAG_MM * plate.radius) / plate.pitch)
    corner = 0.0 if options.kind == "lamp" else options.corner_mm / plate.pitch
    rim = rounded_rectangle(plate.low, plate.low + plate.size, corner, step)
    drawn = np.zeros(plate.shape, np.uint8)
    cv2.fillPoly(drawn, [np.round(rim).astype(np.int32)], 1)
    within = ndimage.distance_transform_edt(np.pad(drawn, 1))[1:-1, 1:-1] > step / 2
    refine = ndimage.binary_erosion(picture.reshape(plate.shape)) | (ledge.reshape(plate.shape) & within)
    flat = within & ~ndimage.binary_dilation((picture | ledge).reshape(plate.shape), iterations=round(step / 2))
    seeds, seed_heights = [grid(picture.reshape(plate.shape), 6.0)], []
    seed_heights.append(sample(framed, seeds[0]))
    for start in plate.starts:
        inner = _square(0.0, last, 4.0)
        outer = _square(-2 * STEP_PX, last + 2 * STEP_PX, 4.0)
        if curved:  # over the picture the frame rises slowly
            outer = outer[outer[:, 1] > 0]
        seeds += [start + inner, start + outer]
        seed_heights += [sample(thickness, inner), np.full(len(outer), frame)]
    if curved:
        seeds.append(grid(flat, step))
        seed_heights.append(np.full(len(seeds[-1]), frame))
    behind = grid(within, step) if curved else np.empty((0, 2))
    top = Side(
        heights=framed,
        refine=refine,
        seeds=np.concatenate(seeds),
        seed_heights=np.concatenate(seed_heights),
        tolerance=PRINT_TOLERANCE_MM / 2,
        triangles=options.max_triangles - 4 * len(rim) - 2 * len(behind),
    )
    if not curved:
        return slab(top, 0.0, rim, plate.pitch)
    zero = np.zeros(plate.shape)
    back = Side(zero, zero > 0, behind, np.zeros(len(behind)), 1.0, 0)
    return slab(top, back, rim, plate.pitch)


def _closed(body: Body) -> NDArray[np.int32]:
    """The faces of a plate whose left and right edge are one: without the walls there, their points shared."""
    low, high = body.points[:, 0].min(), body.points[:, 0].max()
    on_low, on_high = body.points[:, 0] == low, body.points[:, 0] == high
    faces = body.faces[~(on_low[body.faces].all(1) | on_high[body.faces].all(1))]
    place = [(float(y), i < body.top_count) for i, y in enumerate(body.points[:, 1])]
    partner = {place[i]: i for i in np.flatnonzero(on_low)}
    same = np.arange(len(body.points))
    for i in np.flatnonzero(on_high):
        if place[i] not in partner:
            raise GeometryError("The lamp does not close. Make it larger, or with more triangles.")
        same[i] = partner[place[i]]
    return np.asarray(same[faces], np.int32)


def _bent(vertices_mm: NDArray[np.float64], plate: Plate) -> NDArray[np.float64]:
    """Points of the flat plate, x right from its edge, y up, z from its back, on a cylinder round the z axis."""
    assert plate.radius is not None
    x, y, z = vertices_mm.T
    front = plate.starts[0, 0] - plate.low[0] + (plate.count - 1) / 2  # the middle of the first picture
    angle = (x - front * plate.pitch) / plate.middle
    return np.stack([(plate.radius + z) * np.sin(angle), -(plate.radius + z) * np.cos(angle), y], axis=-1)


def _thickness(rgb: NDArray[np.uint8], count: int, options: SolidOptions) -> NDArray[np.float64]:
    """(count, count) mm."""
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    gray = cv2.resize(gray, (count, count), interpolation=cv2.INTER_AREA).astype(np.float64)
    black, white = np.percentile(gray, (BLACK_PERCENT, WHITE_PERCENT))
    bright = np.clip((gray - black) / max(white - black, 1), 0, 1)
    thin = THINNEST_NOZZLES * options.nozzle_mm
    return np.asarray(options.wall_mm - bright * (options.wall_mm - thin))


def _square(low: float, high: float, step: float) -> NDArray[np.float64]:
    """Points (n, 2) along a square."""
    along = np.linspace(low, high, max(2, round((high - low) / step)))
    across = [np.c_[along, np.full_like(along, y)] for y in (low, high)]
    return np.concatenate([*across, *(line[:, ::-1] for line in across)])
