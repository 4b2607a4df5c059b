"""The photo's own depth on the head, where the photo shows it; from there the head passes smoothly into the template.

Vertices that the camera sees are drawn along their lines of sight onto the depth, the others follow as a plate would:
what bends least (Botsch and Kobbelt, 'An Intuitive Framework for Real-Time Freeform Modeling', 2004). At first stiffly,
with the landmarks, so that each lip and lid comes to its own; then closely.
"""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, map_coordinates
from scipy.spatial import KDTree

from core.geometry.reconstruction import Reconstruction
from core.head.fit import FLIP, JAW
from core.head.operators import factorised, operators
from core.head.template import HeadTemplate, Region, template
from core.head.volume import Haired
from core.mesh.triangulation import fill_outside

STIFFNESS = 1500.0, 50.0  # of the plate, in the first and in the second round
POOR_STIFFNESS = (20_000.0,)  # where the template lies poorly on the face: a head that hangs together, without detail
HOLD = 0.0015, 0.004  # how firmly what is far from all that is seen stays
SEEN_SHARE = 2.0
HOLD_FROM_MM, HOLD_TO_MM = 12.0, 50.0
LANDMARK_SHARE, LANDMARK_REACH_MM = 40.0, 20.0
# where what is seen begins to count, and counts in full
OPENNESS = 0.5, 0.6
NECK_Y_MM = -95.0, -70.0  # on the template: below, what the photo shows is hair and clothes in front of the neck
FACING = 0.12, 0.45  # cosine with the line of sight
RIM_MM = 2.0, 9.0  # from the rim of the mask
SLOPE = 2.0, 4.0  # mm of depth per mm: steeper places are smeared
AWAY_MM = (18.0, 35.0), (12.0, 25.0)  # from the depth: farther places lie behind others
OFF_MM = 4.0, 8.0  # from the depth, at the end: what lies farther off after all is not what the photo shows there
SLOPE_BLUR_PX = 2.0


@dataclass(frozen=True)
class Blended:
    """points : (n, 3) vertices, mesh frame, mm. seen : (n,) 0..1, how far each is the photo's and not a guess."""

    points: NDArray[np.float64]
    seen: NDArray[np.float64]


class DepthView:
    """The depth of a head and how well it is known, at points of the mesh frame."""

    def __init__(self, reconstruction: Reconstruction) -> None:
        self.origin, self.camera = reconstruction.origin_mm, reconstruction.intrinsics
        mask, depth = reconstruction.head, reconstruction.head_depth_mm
        self._depth = fill_outside(depth, mask)
        pixel_mm = float(self.camera.pixel_mm(float(np.nanmedian(depth))))
        self._inside = distance_transform_edt(mask) * pixel_mm
        down, right = np.gradient(self._depth)
        self._slope = scipy.ndimage.gaussian_filter(np.hypot(down, right) / pixel_mm, SLOPE_BLUR_PX)
        self._side = len(mask)

    def look(
        self, points: NDArray[np.float64], normals: NDArray[np.float64], away_mm: tuple[float, float]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where the lines of sight through points (n, 3) meet the depth, and how surely (n,) it is the point's own."""
        in_camera = points * FLIP + self.origin
        at = self.camera.project(in_camera)
        within = ((at > 1) & (at < self._side - 2)).all(1)
        depth, inside, slope = (
            map_coordinates(values, at[:, ::-1].T, order=1, mode="nearest")
            for values in (self._depth, self._inside, self._slope)
        )
        sight = in_camera / np.linalg.norm(in_camera, axis=1, keepdims=True) * FLIP
        sure = within * ramp(-(normals * sight).sum(1), *FACING) * ramp(inside, *RIM_MM)
        sure *= (1 - ramp(slope, *SLOPE)) * (1 - ramp(np.abs(depth - in_camera[:, 2]), *away_mm))
        return (self.camera.unproject(at, depth) - self.origin) * FLIP, sure

    def meet(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where the lines of sight through points (n, 3) meet the depth."""
        at = self.camera.project(points * FLIP + self.origin)
        depth = map_coordinates(self._depth, at[:, ::-1].T, order=1, mode="nearest")
        return np.asarray((self.camera.unproject(at, depth) - self.origin) * FLIP)

    def towards_camera(self, points: NDArray[np.float64], relief_mm: NDArray[np.floating]) -> NDArray[np.float64]:
        """How far points (n, 3) are moved towards the camera by a relief (T, T) of the crop's square: (n, 3) mm."""
        in_camera = points * FLIP + self.origin
        finer = len(relief_mm) / self._side
        at = (self.camera.project(in_camera) + 0.5) * finer - 0.5
        height = map_coordinates(relief_mm, at[:, ::-1].T, order=1, mode="nearest")
        sight = in_camera / np.linalg.norm(in_camera, axis=1, keepdims=True) * FLIP
        return np.asarray(-height[:, None] * sight)


def blended(haired: Haired, reconstruction: Reconstruction, *, is_poor: bool = False) -> Blended:
    """Put the photo's depth onto a head with its hair; of one that fits poorly only broadly.

    Eyeballs, hollows and ears under hair are not seen; they go with what is round them.
    """
    head, view, points = template(), DepthView(reconstruction), haired.points
    follows = Region.HOLLOW | haired.hidden
    is_open = ramp(head.openness, *OPENNESS) * ~head.within(follows) * ramp(head.mean[:, 1], *NECK_Y_MM)
    for stiffness, hold, away_mm in zip(POOR_STIFFNESS if is_poor else STIFFNESS, HOLD, AWAY_MM, strict=False):
        targets, sure = view.look(points, head.normals(points), away_mm)
        seen = sure * is_open
        weight, pull = SEEN_SHARE * seen * operators().areas, targets - points
        total = weight[:, None] * pull
        far = KDTree(points[seen > 0.5]).query(points)[0] if (seen > 0.5).any() else np.full(len(points), HOLD_TO_MM)
        weight = weight + operators().areas * (hold * ramp(far, HOLD_FROM_MM, HOLD_TO_MM) + 1e-6)
        if hold == HOLD[0]:
            marks, moves = _landmarks(head, points, reconstruction)
            total[marks] += LANDMARK_SHARE * moves
            weight[marks] += LANDMARK_SHARE
        plate = scipy.sparse.diags(weight) + stiffness * operators().bending
        points = points + operators().stretched(factorised(plate.tocsc()).solve(total), follows)
    off = np.linalg.norm(view.meet(points) - points, axis=1)
    return Blended(points, seen * (1 - ramp(off, *OFF_MM)))


def _landmarks(
    head: HeadTemplate, points: NDArray[np.float64], reconstruction: Reconstruction
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Vertices of the inner landmarks whose depth is known, and how far each is to go."""
    assert reconstruction.landmarks_px is not None
    landmarks = reconstruction.landmarks_px[JAW:]
    places = reconstruction.to_mesh_frame(
        reconstruction.intrinsics.unproject(landmarks, reconstruction.depth_at(landmarks))
    )
    vertices = head.landmarks[JAW:]
    moves = places - points[vertices]
    good = np.linalg.norm(np.nan_to_num(moves, nan=np.inf), axis=1) < LANDMARK_REACH_MM
    return vertices[good], moves[good]


def ramp(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """0 below `low`, 1 above `high`, smooth between."""
    share = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share))
