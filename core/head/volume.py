"""The volume of hair and hats: as the photo's outline and depth show it in front, carried round to the back.

The template is bald. From an axis within the head rays go out through its vertices; how far beyond the head a ray
leaves what the photo shows is the thickness of the hair there. It is known where a ray passes the outline, and where it
meets the depth of the front; between, and all over the back, it is the mean of what is known, near things first.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from core.geometry.reconstruction import Reconstruction
from core.head.fit import FLIP, HeadFit
from core.head.operators import grows_hair, operators
from core.head.template import HeadTemplate, Region, template

TOP, BOTTOM = np.array([0.0, 50.0, 0.0]), np.array([0.0, -190.0, -25.0])  # ends of the axis, template frame, mm
RADIUS_MM = 80.0  # of the capsule round the axis on which distances between rays are told
STEP_MM = 1.5
OUTLINE_FROM_MM, DEPTH_FROM_MM, OUTLINE_TO_MM, DEPTH_TO_MM = -25.0, -15.0, 120.0, 80.0
ON_OUTLINE, IN_FRONT = 0.25, 0.45  # cosines of the normal with the line of sight
CLEAR_MM = 2.5  # the outline is the head's own, ears and all, if it is no farther from it
NEAR_MM, FAR_MM = 18.0, 60.0  # reach of what is known over the capsule ...
FAR_SHARE = 1e-3  # ... and of the far reach, which counts where nothing is near
DEPTH_SHARE = 0.3
THICKNESS_MM = -8.0, 90.0
NECK_Y_MM, NECK_SHARE = (-115.0, -10.0), 0.3  # long hair ends with the head: it is gathered towards the neck
COVERED_MM = 4.0, 9.0  # hair so thick over an ear begins to hide it, and hides it


@dataclass(frozen=True)
class _Rays:
    """Rays (n, 3) from the axis through points: where they start, their directions, lengths, places on the capsule."""

    starts: NDArray[np.float64]
    ways: NDArray[np.float64]
    lengths: NDArray[np.float64]
    places: NDArray[np.float64]

    @classmethod
    def through(cls, points: NDArray[np.float64]) -> "_Rays":
        axis = BOTTOM - TOP
        along = np.clip((points - TOP) @ axis / (axis @ axis), 0, 1)
        starts = TOP + along[:, None] * axis
        arms = points - starts
        lengths = np.linalg.norm(arms, axis=1)
        ways = arms / lengths[:, None]
        return cls(starts, ways, lengths, starts + RADIUS_MM * ways)

    def beyond(self, which: NDArray[np.intp], steps: NDArray[np.float64]) -> NDArray[np.float64]:
        """(k, s, 3) points of some rays, so many mm beyond the points that they go through."""
        reach = self.lengths[which][:, None] + steps
        return np.asarray(self.starts[which][:, None] + self.ways[which][:, None] * reach[..., None])


@dataclass(frozen=True)
class Haired:
    """points : (n, 3) vertices of a head with its hair, mesh frame, mm. hidden : the ears that lie under it."""

    points: NDArray[np.float64]
    hidden: Region


def with_hair(fit: HeadFit, reconstruction: Reconstruction) -> Haired:
    """Return the fitted head with the volume of hair and hat; ears that it hides are flat."""
    head, shape = template(), template().shape(fit.coefficients)
    bald = operators().stretched(shape, Region.LEFT_EAR | Region.RIGHT_EAR)
    rays = _Rays.through(bald)
    sight = _Sight(fit, reconstruction)
    facing = sight.facing(bald, head)
    grows = grows_hair(head)
    outline, thick = _at_the_outline(rays, np.flatnonzero((np.abs(facing) < ON_OUTLINE) & (head.scalp > 0.3)), sight)
    front, behind = _at_the_depth(rays, np.flatnonzero((facing > IN_FRONT) & (head.scalp > 0.5)), sight)
    if len(outline) + len(front) == 0:
        return Haired(sight.placed(shape), Region(0))
    known = np.concatenate([outline, front])
    share = np.r_[np.ones(len(outline)), np.full(len(front), DEPTH_SHARE)]
    values = np.zeros(len(shape))
    values[grows] = _spread(rays.places[grows], rays.places[known], np.clip(np.r_[thick, behind], *THICKNESS_MM), share)
    thickness = operators().carried_over(values)
    thickness[head.within(Region.BARE)] = 0
    thickness *= _gathered(head.mean[:, 1])
    hidden = Region(0)
    for ear in (Region.LEFT_EAR, Region.RIGHT_EAR):
        where = head.within(ear)
        covered = float(np.interp(np.median(thickness[where]), COVERED_MM, (0, 1)))
        shape[where] += covered * (bald[where] - shape[where])
        hidden |= ear if covered > 0.5 else Region(0)
    return Haired(sight.placed(shape + rays.ways * thickness[:, None]), hidden)


def _gathered(y: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) how much of its thickness hair has at these heights on the template."""
    low, high = NECK_Y_MM
    up = np.clip((y - low) / (high - low), 0, 1)
    return np.asarray(NECK_SHARE + (1 - NECK_SHARE) * up * up * (3 - 2 * up))


class _Sight:
    """What the camera sees of points of the template's frame."""

    def __init__(self, fit: HeadFit, reconstruction: Reconstruction) -> None:
        self._fit, self._origin, self._camera = fit, reconstruction.origin_mm, reconstruction.intrinsics
        self.mask, self.depth_mm = reconstruction.head, reconstruction.head_depth_mm
        pixel_mm = float(self._camera.pixel_mm(float(np.nanmedian(self.depth_mm))))
        own = self._silhouette(template())
        self.off_mm = pixel_mm * (distance_transform_edt(~own) - distance_transform_edt(own))

    def placed(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Template's frame -> mesh frame."""
        return np.asarray(points @ self._fit.pose[:3, :3].T + self._fit.pose[:3, 3])

    def in_camera(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Template's frame (..., 3) -> camera frame."""
        return self.placed(points) * FLIP + self._origin

    def facing(self, points: NDArray[np.float64], head: HeadTemplate) -> NDArray[np.float64]:
        """(n,) cosine of each normal with the way to the camera."""
        seen = self.in_camera(points)
        return -(head.normals(self.placed(points)) * FLIP * seen).sum(1) / np.linalg.norm(seen, axis=1)

    def pixels(self, points: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.bool_], NDArray[np.float64]]:
        """Row and column (2, ...) of points (..., 3), whether they lie in the picture, and their z in the camera."""
        seen = self.in_camera(points)
        at = np.round(self._camera.project(seen.reshape(-1, 3))).reshape(*seen.shape[:-1], 2)
        side = len(self.mask)
        inside = np.asarray(((at >= 0) & (at < side)).all(-1))
        at = np.clip(np.nan_to_num(at), 0, side - 1).astype(np.intp)
        return np.stack([at[..., 1], at[..., 0]]), inside, seen[..., 2]

    def _silhouette(self, head: HeadTemplate) -> NDArray[np.bool_]:
        """(S, S) bool: the pixels of the fitted head itself."""
        at = self._camera.project(self._fit.points * FLIP + self._origin)
        picture = np.zeros(self.mask.shape, np.uint8)
        for corners in np.round(16 * at[head.faces]).astype(np.int32):
            cv2.fillConvexPoly(picture, corners, 1, shift=4)
        return picture > 0


def _at_the_outline(
    rays: _Rays, which: NDArray[np.intp], sight: _Sight
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The rays of those that pass the outline, and how far beyond the head they leave what the photo shows, mm."""
    steps = np.arange(OUTLINE_FROM_MM, OUTLINE_TO_MM, STEP_MM)
    (rows, columns), inside, _ = sight.pixels(rays.beyond(which, steps))
    shown = sight.mask[rows, columns] & inside
    last = len(steps) - 1 - shown[:, ::-1].argmax(1)
    each = np.arange(len(which))
    off = sight.off_mm[rows[each, last], columns[each, last]]
    thick = steps[last]
    is_own = (np.abs(off) <= CLEAR_MM) | ((off < 0) & (thick > 0))
    any_shown = shown.any(1)
    return which[any_shown], np.where(is_own, 0.0, thick)[any_shown]


def _at_the_depth(rays: _Rays, which: NDArray[np.intp], sight: _Sight) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The rays of those that come out of the depth in front, and how far beyond the head, mm."""
    steps = np.arange(DEPTH_FROM_MM, DEPTH_TO_MM, STEP_MM)
    (rows, columns), inside, z = sight.pixels(rays.beyond(which, steps))
    depth = np.where(inside, sight.depth_mm[rows, columns], np.nan)
    out = z < depth
    first = out.argmax(1)
    comes_out = out.any(1) & (first > 0)
    return which[comes_out], steps[first[comes_out]]


def _spread(
    places: NDArray[np.float64], known: NDArray[np.float64], values: NDArray[np.float64], share: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(n,) the mean of what is known round each place, near things first."""
    apart = ((places**2).sum(1)[:, None] + (known**2).sum(1) - 2 * places @ known.T).astype(np.float32)
    weights = np.exp(apart / np.float32(-2 * NEAR_MM**2)) + np.float32(FAR_SHARE) * np.exp(
        apart / np.float32(-2 * FAR_MM**2)
    )
    weights *= share.astype(np.float32)
    return np.asarray((weights @ values) / np.maximum(weights.sum(1), 1e-30))
