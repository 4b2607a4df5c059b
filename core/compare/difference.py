"""The difference of two faces, in mm on the first, after the second is laid onto it."""

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.alignment import apply, scale_of
from core.compare.registration import register
from core.depth_surface import DepthSurface
from core.measure.regions import face_area, regions
from core.reconstruction import Reconstruction
from core.triangulation import fill_outside

REACH_MM = 25.0  # what lies farther off is another part of the head, or hair, and not a difference of the face
FILL_PX = 128  # the depth beyond the head, only for pictures, is filled on so coarse a grid
TURNED_DEG = 15.0
EXPRESSION = (
    "Expression counts: faces are laid onto each other as rigid bodies, so an open mouth or a smile is part of the "
    "difference."
)
ASSUMED = (
    "Millimetres are scaled to the interpupillary distance assumed for each photo, and a difference holds the errors "
    "of both depth maps."
)


@dataclass(frozen=True)
class Comparison:
    """What is left between two faces.

    difference_mm : (S, S) float32 on the reference's crop, along its normals; positive where the other face stands out
        farther. NaN where the other is not seen, and outside the reference's head.
    transform : (4, 4), mesh frame of the other -> mesh frame of the reference; `scale` is its change of size (1 unless
        asked for).
    rms_mm, median_mm, p95_mm : of the size of the difference over the face (all regions; no hair, ears, neck). p95_mm
        is the one-sided Hausdorff distance at 95 percent.
    coverage : share of the face's area where the other is seen too, 0..1.
    correlation : of both depths over that area.
    by_region : RMS in mm by region; a region that the other does not show is left out.
    seen : the other's depth (mm, camera frame of the reference, NaN where unseen) and photo, in the reference's crop.
    landmarks_mm : median distance of the landmarks when laid onto each other by them alone.
    notes : sentences on what the numbers rest on.
    """

    difference_mm: NDArray[np.float32]
    transform: NDArray[np.float64]
    scale: float
    rms_mm: float
    median_mm: float
    p95_mm: float
    coverage: float
    correlation: float
    by_region: dict[str, float]
    seen: Reconstruction
    landmarks_mm: float
    notes: tuple[str, ...]

    @property
    def warped_rgb(self) -> NDArray[np.uint8]:
        """(S, S, 3) uint8: the other's photo as the reference's camera would see it, for blinking and sliding."""
        return self.seen.crop_rgb

    def numbers(self) -> dict[str, Any]:
        """All but the maps, for JSON: finite numbers, names and sentences."""
        return {
            "rms_mm": self.rms_mm,
            "median_mm": self.median_mm,
            "p95_mm": self.p95_mm,
            "coverage": self.coverage,
            "correlation": self.correlation,
            "scale": self.scale,
            "landmarks_mm": self.landmarks_mm,
            "by_region": self.by_region,
            "transform": self.transform.tolist(),
            "notes": list(self.notes),
        }


def compare(reference: Reconstruction, other: Reconstruction, *, with_scale: bool = False) -> Comparison:
    """Lay `other` onto `reference` (rigidly, or with a change of size) and measure what is left.

    Raises
    ------
    GeometryError
        One of them is a photo taken whole, or they share too little surface.
    """
    found = register(reference, other, with_scale=with_scale)
    difference = difference_map(reference, other, found.transform)
    seen = seen_by(reference, other, found.transform)
    face = face_area(reference)
    left = difference[face]
    known = np.isfinite(left)
    size = np.abs(left[known]).astype(np.float64)
    both = face & np.isfinite(seen.depth_mm) & np.isfinite(difference)
    return Comparison(
        difference_mm=difference,
        transform=_mesh_frame(reference) @ found.transform @ np.linalg.inv(_mesh_frame(other)),
        scale=scale_of(found.transform),
        rms_mm=_rms(size),
        median_mm=float(np.median(size)),
        p95_mm=float(np.percentile(size, 95)),
        coverage=float(known.mean()),
        correlation=float(np.corrcoef(reference.depth_mm[both], seen.depth_mm[both])[0, 1]),
        by_region={
            name: _rms(difference[part & np.isfinite(difference)])
            for name, part in regions(reference).items()
            if np.isfinite(difference[part]).any()
        },
        seen=seen,
        landmarks_mm=found.landmarks_mm,
        notes=_notes(reference, other),
    )


def difference_map(
    reference: Reconstruction, other: Reconstruction, transform: NDArray[np.floating]
) -> NDArray[np.float32]:
    """(S, S) float32 mm: how far `other`, moved by (4, 4) `transform` (camera frames), stands out from `reference`."""
    surface = DepthSurface.of(reference)
    where = reference.mask
    back = np.linalg.inv(transform)
    normals = surface.normals(where)
    apart = DepthSurface.of(other).meet(
        apply(back.astype(np.float32), surface.points(where)), normals @ back[:3, :3].T.astype(np.float32), REACH_MM
    )
    difference = np.full(where.shape, np.nan, np.float32)
    difference[where] = apart
    return difference


def seen_by(reference: Reconstruction, other: Reconstruction, transform: NDArray[np.floating]) -> Reconstruction:
    """`other`, moved by (4, 4) `transform` (camera frames), as the reference's camera sees it within its own head.

    Its landmarks and facts are the reference's: lines drawn on one cross the same places of both.
    """
    where = reference.mask
    rays = DepthSurface.of(reference).points(where)
    back = np.linalg.inv(transform)
    unit = rays / rays[:, 2:]
    along = DepthSurface.of(other).meet(apply(back, rays), unit @ back[:3, :3].T, 2 * REACH_MM)
    depth = np.full(where.shape, np.nan, np.float32)
    depth[where] = rays[:, 2] + along
    return replace(
        reference,
        depth_mm=depth,
        crop_rgb=_warped(reference, other, back, depth),
        texture=reference.texture,
    )


def _warped(
    reference: Reconstruction, other: Reconstruction, back: NDArray[np.floating], depth_mm: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """(S, S, 3): the other's photo on the reference's crop; where no depth is known, on a smooth continuation of it."""
    known = np.where(np.isfinite(depth_mm), depth_mm, reference.depth_mm)
    side = known.shape[0]
    step = max(1, side // FILL_PX)
    small = known[::step, ::step]
    smooth = cv2.GaussianBlur(fill_outside(small, np.isfinite(small)).astype(np.float32), (0, 0), 2.0)
    filled = np.where(np.isfinite(known), known, cv2.resize(smooth, (side, side), interpolation=cv2.INTER_LINEAR))
    whole = DepthSurface(filled.astype(np.float32), reference.intrinsics).points(np.ones_like(filled, dtype=bool))
    pixels = other.intrinsics.project(apply(back, whole)).astype(np.float32).reshape(side, side, 2)
    return np.asarray(
        cv2.remap(other.crop_rgb, pixels[..., 0], pixels[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        np.uint8,
    )


def _mesh_frame(reconstruction: Reconstruction) -> NDArray[np.float64]:
    """(4, 4): camera frame -> mesh frame, as `Reconstruction.to_mesh_frame`."""
    flip = np.array([1.0, -1.0, -1.0])
    result = np.diag([*flip, 1.0])
    result[:3, 3] = -flip * reconstruction.origin_mm
    return result


def _rms(values: NDArray[np.floating]) -> float:
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))


def _notes(reference: Reconstruction, other: Reconstruction) -> tuple[str, ...]:
    notes = [EXPRESSION, ASSUMED]
    networks = [face.facts["network"]["name"] for face in (reference, other) if "network" in face.facts]
    if len(set(networks)) > 1:
        notes.append(f"The depths come from different networks ({' and '.join(networks)}), which differ by themselves.")
    yaws = [face.facts["face"]["yaw_deg"] for face in (reference, other) if face.facts.get("face")]
    if len(yaws) == 2 and abs(yaws[0] - yaws[1]) > TURNED_DEG:
        notes.append(
            f"The heads are turned by {yaws[0]:.0f} and {yaws[1]:.0f} degrees; a cheek that one photo hides is not "
            "compared, and depth is less sure near it."
        )
    return tuple(notes)
