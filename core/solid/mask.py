"""The face as a shell of even thickness, open behind, its rim flat: it lies on the print bed and hangs on a wall."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from core.errors import GeometryError
from core.face.landmarks import LEFT_EYE, RIGHT_EYE
from core.geometry.reconstruction import Reconstruction
from core.mesh.colours import without_background
from core.mesh.triangulation import fill_outside, grid, sample
from core.options import SolidOptions
from core.solid.nozzle import printable
from core.solid.offset import offset_inwards
from core.solid.outline import outline
from core.solid.parallel_heights import MIN_PIXELS, Frontal, frontal, largest, smoothed
from core.solid.pocket import boss, cut, place
from core.solid.scaling import PRINT_TOLERANCE_MM, fit
from core.solid.shape import Solid, photo_colours
from core.solid.slab import Side, slab, step_seeds
from core.solid.straight import straight

RIM_STEP_PX = 1.5
SMOOTH_PX = 4.0  # the cut goes round the face in a smooth line
RIM_SHARE = 12.0  # percentile of the rim's heights that the bed lies at: the rest of the rim comes down to it as a wall
FOREHEAD_IPD = 1.0  # the cut passes so far above the eyes: the mean hairline is there (about 65 mm above the sellion)
ROUNDING_MM = 7.0  # in life: where the face turns back to the rim, no sharp edge
WALL_SLACK_PX = 1.0  # for what walls within a height map and triangles take off the thickness
JAW = slice(0, 17)  # landmarks from ear to ear by way of the chin


@dataclass(frozen=True)
class Shell:
    """Outer and inner heights in mm, life size, over the bed, on the frontal grid.

    inside : within the cut. cavity : where the shell is hollow. pocket_px : (2,), where the fastening goes.
    """

    outer: NDArray[np.float64]
    inner: NDArray[np.float64]
    inside: NDArray[np.bool_]
    cavity: NDArray[np.bool_]
    pocket_px: NDArray[np.int64] | None


def make_mask(reconstruction: Reconstruction, options: SolidOptions) -> Solid:
    """The face from forehead to chin and from ear to ear, without hair: hair is one lump in depth and fits no face.

    A head that is turned away in its photo looks straight ahead, and its mask has both cheeks.

    Raises
    ------
    GeometryError
        There is too little depth for a shell of that wall.
    """
    turned = straight(reconstruction)
    if turned is None:
        view, picture = frontal(reconstruction), without_background(reconstruction.crop_rgb, reconstruction.head)
        face = _face(reconstruction, view)
    else:
        view, picture = turned.view, turned.picture
        face = view.mask & _drawn(view.mask.shape, turned.landmarks_px, 0.0)
    scale = 1.0
    for _ in range(3):  # the cut depends a little on the scale, by the wall
        shell = _shell(view, face, options, scale)
        scale = fit(options, *(np.ptp(np.argwhere(shell.inside), axis=0)[::-1] * view.pitch_mm))
    shell = _shell(view, face, options, scale)
    rim, inside = outline(shell.inside, RIM_STEP_PX)
    extent = np.ptp(rim, axis=0) * view.pitch_mm
    scale = fit(options, *extent)
    pitch = view.pitch_mm
    well_within = ndimage.distance_transform_edt(inside) > 2 * RIM_STEP_PX
    points = grid(well_within, 8.0)
    outer = fill_outside(shell.outer, shell.inside)
    top = Side(
        outer, well_within, points, sample(outer, points), PRINT_TOLERANCE_MM / scale, int(0.7 * options.max_triangles)
    )
    inner = fill_outside(shell.inner, shell.cavity)
    edge, edge_heights = step_seeds(shell.cavity, inner, np.zeros_like(inner))
    hollow = grid(shell.cavity, 8.0)
    bottom = Side(
        np.where(shell.cavity, inner, 0.0),
        ndimage.binary_erosion(shell.cavity, iterations=2),
        np.concatenate([edge, hollow]),
        np.r_[edge_heights, sample(inner, hollow)],
        3 * PRINT_TOLERANCE_MM / scale,
        int(0.3 * options.max_triangles),
    )
    body = slab(top, bottom, rim, pitch)
    seen = np.stack([sample(view.photo_px[..., i], body.points[: body.top_count, :2]) for i in range(2)], axis=-1)
    low, size = np.array([rim[:, 0].min(), rim[:, 1].max(), 0]), np.array([pitch, -pitch, 1]) * scale
    vertices = (body.points - low) * size
    colours = photo_colours(picture, seen, len(vertices))
    solid = Solid(vertices, body.faces, colours, scale)
    if shell.pocket_px is None:
        return solid
    return cut(solid, (shell.pocket_px - low[:2]) * size[:2], options)


def _face(reconstruction: Reconstruction, view: Frontal) -> NDArray[np.bool_]:
    """(H, W) bool on the frontal grid: the face within its cut; without landmarks, all there is."""
    landmarks = reconstruction.landmarks_px
    region = reconstruction.head
    if landmarks is not None:
        region = region & _drawn(region.shape, landmarks, _ipd_px(reconstruction, _eyes(landmarks)))
    seen = sample(region.astype(np.float32), view.photo_px.reshape(-1, 2)).reshape(view.mask.shape) > 0.5
    return view.mask & seen


def _eyes(landmarks: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2, 2) middles of the eyes."""
    return np.stack([landmarks[RIGHT_EYE].mean(0), landmarks[LEFT_EYE].mean(0)])


def _drawn(shape: tuple[int, ...], landmarks: NDArray[np.float64], ipd_px: float) -> NDArray[np.bool_]:
    """(H, W) bool: what lies within jaw and hairline. ipd_px : at least that of the landmarks is taken."""
    jaw, eyes = landmarks[JAW], _eyes(landmarks)
    across = (jaw[16] - jaw[0]) / 2
    middle, half = (jaw[0] + jaw[16]) / 2, max(float(np.linalg.norm(across)), 1.0)
    up = np.array([across[1], -across[0]]) / half
    ipd_px = max(ipd_px, float(np.linalg.norm(eyes[1] - eyes[0])))
    top = max(float((eyes.mean(0) - middle) @ up), 0.0) + FOREHEAD_IPD * ipd_px
    angle = np.linspace(0, np.pi, 40)[1:-1, None]
    forehead = middle + np.cos(angle) * across + np.sin(angle) * top * up
    hull = cv2.convexHull(np.concatenate([jaw, forehead]).astype(np.float32))
    drawn = np.zeros(shape, np.uint8)
    cv2.fillPoly(drawn, [np.round(hull).astype(np.int32)], 1)
    return drawn > 0


def _ipd_px(reconstruction: Reconstruction, eyes: NDArray[np.float64]) -> float:
    """Of this head if it faced the camera: a turned one's eyes are closer together in the picture."""
    ipd_mm, depth = reconstruction.facts.scale_ipd_mm, float(reconstruction.depth_at(eyes).mean())
    seen = float(np.linalg.norm(eyes[1] - eyes[0]))
    if ipd_mm is None or not np.isfinite(depth):
        return seen
    return max(seen, float(ipd_mm) / float(reconstruction.intrinsics.pixel_mm(depth)))


def _shell(view: Frontal, face: NDArray[np.bool_], options: SolidOptions, scale: float) -> Shell:
    """Cut the face at the bed's level, bring its rim down to the bed, and hollow it out from behind."""
    wall = options.wall_mm / scale
    inside = smoothed(face, SMOOTH_PX)
    if inside.sum() < MIN_PIXELS:
        raise GeometryError("There is too little of the face in the photo to make a mask from. Use another photo.")
    heights = printable(fill_outside(view.heights_mm, view.mask), view.pitch_mm, options.nozzle_mm / scale)
    rim = inside & ~ndimage.binary_erosion(inside)
    bed = float(np.percentile(heights[rim], RIM_SHARE)) - wall
    inside = smoothed(inside & (heights >= bed + wall), SMOOTH_PX)
    from_rim = ndimage.gaussian_filter(ndimage.distance_transform_edt(inside), 1.5) * view.pitch_mm
    from_rim = np.minimum(from_rim, ROUNDING_MM)
    rounding = ROUNDING_MM - np.sqrt(ROUNDING_MM**2 - (ROUNDING_MM - from_rim) ** 2)
    outer = np.maximum(heights - bed - rounding, wall)
    inner = offset_inwards(outer, inside, wall + WALL_SLACK_PX * view.pitch_mm, view.pitch_mm)
    cavity = largest(ndimage.binary_opening(inside & (inner > options.nozzle_mm / scale), iterations=2))
    if cavity.sum() < MIN_PIXELS:
        raise GeometryError(
            f"With a wall of {options.wall_mm:g} mm the mask would not be hollow. Make it larger or the wall thinner."
        )
    pocket = None
    if options.fastening != "none":
        pitch = view.pitch_mm * scale
        pocket = place(np.where(inside, outer * scale, 0), pitch, options)
        cavity = largest(ndimage.binary_opening(cavity & ~boss(cavity.shape, pocket, pitch, options), iterations=2))
    return Shell(outer, inner, inside, cavity, pocket)
