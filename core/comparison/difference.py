"""The difference of two faces, in mm on the first, after the second is laid onto it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.comparison.prepared import PreparedFace
from core.comparison.registration import MIN_POINTS, register
from core.errors import GeometryError
from core.geometry.alignment import apply, scale_of
from core.geometry.facts import MEASURED, PARTLY_MEASURED, SCALED, Facts, all_scaled
from core.geometry.reconstruction import Reconstruction
from core.json_files import rows
from core.measure.context import Differences, LaidOn
from core.measure.regions import face_area, regions
from core.measure.table import DIFFERENCES, RMS, by_region, numbers

REACH_MM = 25.0  # what lies farther off is another part of the head, or hair, and not a difference of the face
SIGHT_MM = 60.0  # along the line of sight the two surfaces may be farther apart than along their normals
PAPER = (235, 229, 218)  # where the other face is not seen
TURNED_DEG = 15.0
EXPRESSION = (
    "Expression counts: faces are laid onto each other as rigid bodies, so an open mouth or a smile is part of the "
    "difference."
)


ERRORS = {
    SCALED: "Millimetres are scaled to the interpupillary distance assumed for each photo, and a difference holds the "
    "errors of both depth maps.",
    MEASURED: "Millimetres are measured, and a difference holds the errors of both depth maps.",
    PARTLY_MEASURED: "Millimetres are measured where depth came with the photo, and else scaled to the interpupillary "
    "distance assumed for it, and a difference holds the errors of both depth maps.",
}


def errors_of(faces: Iterable[Facts]) -> str:
    """What the millimetres of compared faces are, and what a difference holds beside what differs, as a sentence."""
    return ERRORS[all_scaled(faces)]


@dataclass(frozen=True)
class Comparison:
    """What is left between two faces.

    difference_mm : (S, S) float32 on the reference's crop, along its normals; positive where the other face stands out
        farther. NaN where the other is not seen, and outside the reference's head.
    transform : (4, 4), mesh frame of the other -> mesh frame of the reference; `scale` is its change of size (1 unless
        asked for).
    rms_mm, median_mm, p95_mm, hausdorff95_mm, coverage, correlation, landmarks_mm : as `core.measure.table.DIFFERENCES`
        says, over the inner face (brows, eyes, nose, mouth), where hair, beard and a turned head change least.
    by_region : RMS in mm of 'face' (all regions) and of each region; what the other does not show is left out.
    seen : the other's depth (mm, camera frame of the reference, NaN where unseen) and photo, in the reference's crop.
    notes : sentences on what the numbers rest on.
    """

    difference_mm: NDArray[np.float32]
    transform: NDArray[np.float64]
    scale: float
    rms_mm: float
    median_mm: float
    p95_mm: float
    hausdorff95_mm: float
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
        """All but the maps: finite numbers, names and sentences, by the name of the field."""
        return {
            **{statistic.key: getattr(self, statistic.key) for statistic in DIFFERENCES},
            "by_region": self.by_region,
            "transform": rows(self.transform),
            "notes": self.notes,
        }


def compare(reference: Reconstruction, other: Reconstruction, *, with_scale: bool = False) -> Comparison:
    """Lay `other` onto `reference` (rigidly, or with a change of size) and measure what is left.

    Raises
    ------
    GeometryError
        One of them is a photo taken whole, or they share too little surface.

    Examples
    --------
    >>> import core
    >>> found = core.compare(core.load_face("results/ada"), core.load_face("results/grace"))
    >>> found.difference_mm.shape  # on the crop of the first; positive where the second stands out
    (512, 512)
    >>> 0.5 < found.rms_mm < 5
    True
    """
    a, b = PreparedFace.of(reference), PreparedFace.of(other)
    found = register(a, b, with_scale=with_scale)
    difference = difference_map(a, b, found.transform)
    depth, rgb = seen_by(a, b, found.transform)
    known = np.isfinite(difference)
    both = a.inner & np.isfinite(depth)
    if known[a.inner].sum() < MIN_POINTS or both.sum() < MIN_POINTS:
        raise GeometryError("The two faces share too little surface to be compared. Choose other photos.")
    laid = LaidOn(
        difference[a.inner],
        back=_back(a, b, found.transform),
        depths_mm=np.stack([reference.depth_mm[both], depth[both]]),
        scale=scale_of(found.transform),
        landmarks_mm=found.landmarks_mm,
    )
    return Comparison(
        difference_mm=difference,
        transform=_mesh_frame(reference) @ found.transform @ np.linalg.inv(_mesh_frame(other)),
        by_region=by_region(RMS, difference, {"face": face_area(reference), **regions(reference)}),
        seen=replace(reference, depth_mm=depth, crop_rgb=rgb, texture=rgb),
        notes=_notes(reference, other),
        **numbers(DIFFERENCES, laid),
    )


def difference_map(
    reference: PreparedFace, other: PreparedFace, transform: NDArray[np.floating]
) -> NDArray[np.float32]:
    """(S, S) float32 mm: how far `other`, moved by (4, 4) `transform` (camera frames), stands out from `reference`."""
    back = np.linalg.inv(transform).astype(np.float32)
    difference = np.full(reference.head.shape, np.nan, np.float32)
    difference[reference.head] = other.surface.meet(
        apply(back, reference.points), reference.normals @ back[:3, :3].T, REACH_MM
    )
    return difference


def _back(reference: PreparedFace, other: PreparedFace, transform: NDArray[np.floating]) -> Differences:
    """How far the reference stands out from the other, at samples of the other's inner face."""
    apart = reference.surface.meet(
        apply(transform, other.samples), other.sample_normals @ transform[:3, :3].T / scale_of(transform), REACH_MM
    )
    return Differences(apart)


def seen_by(
    reference: PreparedFace, other: PreparedFace, transform: NDArray[np.floating]
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """`other`, moved by (4, 4) `transform` (camera frames), as the reference's camera sees it within its own head.

    Returns depth (S, S) in mm, NaN where it is not seen, and photo (S, S, 3), plain paper there.
    """
    back = np.linalg.inv(transform).astype(np.float32)
    rays = reference.points / reference.points[:, 2:]
    if reference.reconstruction.intrinsics.projection == "orthographic":
        rays = np.broadcast_to(np.array([0, 0, 1], np.float32), rays.shape)
    ahead = other.surface.meet(apply(back, reference.points), rays @ back[:3, :3].T, SIGHT_MM)
    met = np.isfinite(ahead)
    rows, columns = (axis[met] for axis in np.nonzero(reference.head))
    places = reference.points[met] + ahead[met, None] * rays[met]
    depth = np.full(reference.head.shape, np.nan, np.float32)
    depth[rows, columns] = places[:, 2]
    pixels = np.full((*depth.shape, 2), -1, np.float32)
    pixels[rows, columns] = other.reconstruction.intrinsics.project(apply(back, places))
    rgb = cv2.remap(
        other.reconstruction.crop_rgb, pixels[..., 0], pixels[..., 1], cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT, borderValue=PAPER,
    )  # fmt: skip
    return depth, np.asarray(rgb, np.uint8)


def _mesh_frame(reconstruction: Reconstruction) -> NDArray[np.float64]:
    """(4, 4): camera frame -> mesh frame, as `Reconstruction.to_mesh_frame`."""
    flip = np.array([1.0, -1.0, -1.0])
    result = np.diag([*flip, 1.0])
    result[:3, 3] = -flip * reconstruction.origin_mm
    return result


def _notes(reference: Reconstruction, other: Reconstruction) -> tuple[str, ...]:
    notes = [EXPRESSION, errors_of((reference.facts, other.facts))]
    networks = [face.facts.network.name for face in (reference, other)]
    if len(set(networks)) > 1:
        notes.append(f"The depths come from different networks ({' and '.join(networks)}), which differ by themselves.")
    yaws = [face.facts.face.yaw_deg for face in (reference, other) if face.facts.face]
    if len(yaws) == 2 and abs(yaws[0] - yaws[1]) > TURNED_DEG:
        notes.append(
            f"The heads are turned {abs(yaws[0] - yaws[1]):.0f} degrees apart; a cheek that one photo hides is not "
            "compared, and depth is less sure near it."
        )
    return tuple(notes)
