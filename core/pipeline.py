"""Photo -> reconstructions: the one way through the core that page, command line and worker all take."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.camera import (
    DEFAULT_FOV_DEG,
    Intrinsics,
    ScaleAndShift,
    eye_distance_mm,
    fit_scale_and_shift,
    photo_intrinsics,
)
from core.depth.refine import Mirrored, two_scales
from core.errors import NoFaceError
from core.face.detect import Face, find_faces
from core.face.head import HeadMaps, head_maps, head_mask
from core.face.landmarks import DEFAULT_IPD_MM, INNER, LEFT_EYE, RIGHT_EYE
from core.face.level import Crop, inside_photo, level, whole
from core.face.maps import FaceNetwork
from core.options import Options
from core.photo import Photo
from core.progress import Progress, ignore
from core.reconstruction import Reconstruction

DEFAULT_DISTANCE_MM = 700.0  # of a whole photo, where no face says it
DEFAULT_RANGE_MM = 300.0  # from the nearest to the farthest hundredth of a whole photo
BEHIND_FACE_MM = 400.0  # nothing of a head lies farther behind its eyes
LARGE_TURN_DEG = 40.0
LOW_SCORE = 0.85
POOR_FIT_MM = 8.0
CLOSE_LOOK = 1.3  # of the landmarks' extent: the face that the second scale looks at


class DepthNetwork(Protocol):
    """What the pipeline asks of a depth network."""

    name: str

    def predict(self, pictures: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        """Pictures (H, W, 3) uint8 RGB -> inverse depth (H, W), larger is nearer."""
        ...


class Networks(Protocol):
    """Where the pipeline gets its networks from; `core.depth.estimator.Networks` is the real one."""

    def face(self) -> FaceNetwork:
        """The face network, loaded once."""
        ...

    def depth(self, name: str) -> DepthNetwork:
        """A depth network of the catalogue, loaded once."""
        ...

    def default(self) -> str:
        """The network that 'auto' stands for."""
        ...


def reconstruct(
    photo: Photo, options: Options, networks: Networks, progress: Progress = ignore
) -> list[Reconstruction]:
    """Every face of a photo, left to right; or, if asked and there is no face, the whole photo.

    Raises
    ------
    NoFaceError
        No face was found and `options.whole_photo` is not set.
    GeometryError, WeightsError
        No depth in millimetres can be had.
    Cancelled
        From `progress`.
    """
    progress("Loading the network", 0.0)
    face_network = networks.face()
    depth_network = networks.depth(networks.default() if options.model == "auto" else options.model)
    progress("Finding faces", 0.05)
    faces = find_faces(photo.rgb, face_network)
    if not faces and not options.whole_photo:
        raise NoFaceError(
            f"No face found in {photo.name}. Use a photo in which a face is seen from the front, "
            "or choose to process the whole photo."
        )
    camera, focal_source = photo_intrinsics(photo.rgb.shape, photo.focal_35mm, options.fov_deg)
    found = []
    for i, face in enumerate(faces):
        progress(_of("Estimating depth", i, len(faces)), 0.3 + 0.7 * i / len(faces))
        found.append(_head(photo, face, camera, focal_source, options, face_network, depth_network))
    if not faces:
        progress("Estimating depth", 0.3)
        found.append(_whole(photo, camera, focal_source, depth_network))
    progress("Depth is ready", 1.0)
    return found


def _of(what: str, index: int, count: int) -> str:
    return what if count == 1 else f"{what}, face {index + 1} of {count}"


def _head(
    photo: Photo,
    face: Face,
    camera: Intrinsics,
    focal_source: str,
    options: Options,
    face_network: FaceNetwork,
    depth_network: DepthNetwork,
) -> Reconstruction:
    crop = level(photo.rgb, face)
    maps = head_maps(crop.rgb, face_network)
    mask = head_mask(maps.head, maps.landmarks_px) & inside_photo(crop, photo.rgb.shape)
    distance = eye_distance_mm(face.landmarks_px, face.pose, camera.focal_px, options.ipd_mm)
    metric = _metric_prior(maps, distance, face_network.mm_per_unit * options.ipd_mm / DEFAULT_IPD_MM)
    warnings = _face_warnings(face)
    if depth_network.name == "builtin":
        inverse_depth, fit = maps.relief, metric
    else:
        inverse_depth = _refined(depth_network, crop, maps, options.refine)
        prior = metric.depth_mm(maps.relief, distance + BEHIND_FACE_MM)
        fit = fit_scale_and_shift(inverse_depth, prior, _inner_face(maps, mask), metric.fitted_to)
        if fit.residual_mm is not None and fit.residual_mm > POOR_FIT_MM:
            warnings.append(
                f"The network's depth differs from a face's shape by {fit.residual_mm:.0f} mm in the median; "
                "take its millimetres with care."
            )
    depth = np.where(mask, fit.depth_mm(inverse_depth, distance + BEHIND_FACE_MM), np.nan).astype(np.float32)
    intrinsics = camera.cropped(crop.crop_to_photo)
    facts = {
        **_facts(photo, crop, intrinsics, focal_source, depth_network.name, fit),
        "refine": "none" if depth_network.name == "builtin" else options.refine,
        "ipd_mm": options.ipd_mm,
        "distance_mm": round(distance, 2),
        "landmarks_px": crop.to_photo(maps.landmarks_px).round(3).tolist(),
        "landmarks_crop_px": maps.landmarks_px.round(3).tolist(),
        "face": {
            "score": round(face.score, 4),
            "roll_deg": round(face.roll_deg, 2),
            "yaw_deg": round(face.pose.yaw_deg, 2),
            "pitch_deg": round(face.pose.pitch_deg, 2),
        },
        "warnings": warnings,
    }
    return Reconstruction(crop.rgb, crop.texture, inverse_depth, depth, intrinsics, maps.landmarks_px, facts)


def _refined(network: DepthNetwork, crop: Crop, maps: HeadMaps, refine: str) -> NDArray[np.float32]:
    """(S, S) inverse depth of the crop, by the refinement that was asked for."""
    if refine == "mirror":
        return Mirrored(network).predict([crop.rgb])[0]
    if refine == "two-scale":
        low, high = maps.landmarks_px.min(0), maps.landmarks_px.max(0)
        reach = CLOSE_LOOK * (high - low).max() / 2
        left, top = np.clip((low + high) / 2 - reach, 0, crop.side_px - 3).astype(int).tolist()
        right, bottom = np.clip((low + high) / 2 + reach, 2, crop.side_px).astype(int).tolist()
        return two_scales(network, crop.rgb, (left, top, max(right, left + 2), max(bottom, top + 2)))
    return network.predict([crop.rgb])[0]


def _metric_prior(maps: HeadMaps, distance_mm: float, mm_per_unit: float) -> ScaleAndShift:
    """The face network's relief is metric up to the IPD: one unit nearer is `mm_per_unit` nearer, from the eyes on."""
    eyes = np.r_[maps.landmarks_px[RIGHT_EYE], maps.landmarks_px[LEFT_EYE]]
    columns, rows = np.clip(np.round(eyes), 0, maps.relief.shape[0] - 1).astype(int).T
    at_eyes = float(np.median(maps.relief[rows, columns]))
    a = mm_per_unit / distance_mm**2
    return ScaleAndShift(a, 1 / distance_mm - a * at_eyes, "the built-in network's face", None)


def _inner_face(maps: HeadMaps, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(S, S) bool: the box round brows, eyes, nose and mouth, where the prior is most exact."""
    low, high = maps.landmarks_px[INNER].min(0), maps.landmarks_px[INNER].max(0)
    axis = np.arange(mask.shape[0])
    inside = (axis >= low[1])[:, None] & (axis <= high[1])[:, None] & (axis >= low[0]) & (axis <= high[0])
    return np.asarray(mask & inside)


def _face_warnings(face: Face) -> list[str]:
    warnings = []
    if face.score < LOW_SCORE:
        warnings.append(f"The face was found with a low score ({face.score:.2f}); look whether it is one.")
    if abs(face.pose.yaw_deg) > LARGE_TURN_DEG:
        warnings.append(
            f"The head is turned by {abs(face.pose.yaw_deg):.0f} degrees; "
            "its far side is not seen and the scale is less sure."
        )
    return warnings


def _whole(photo: Photo, camera: Intrinsics, focal_source: str, depth_network: DepthNetwork) -> Reconstruction:
    crop = whole(photo.rgb)
    inverse_depth = depth_network.predict([crop.rgb])[0]
    mask = inside_photo(crop, photo.rgb.shape)
    low, high = np.percentile(inverse_depth[mask], [1, 99])
    near = DEFAULT_DISTANCE_MM - DEFAULT_RANGE_MM / 2
    a = (1 / near - 1 / (near + DEFAULT_RANGE_MM)) / max(float(high - low), 1e-9)
    fit = ScaleAndShift(a, 1 / near - a * float(high), "an assumed range of distances", None)
    depth = np.where(mask, fit.depth_mm(inverse_depth, 2 * DEFAULT_DISTANCE_MM), np.nan)
    depth = np.maximum(depth, near / 2).astype(np.float32)
    warnings = ["No face: millimetres follow from an assumed range of distances, not from a face."]
    if depth_network.name == "builtin":
        warnings.append("The built-in network has learnt nothing but heads; for other pictures use a MiDaS network.")
    intrinsics = camera.cropped(crop.crop_to_photo)
    facts = {
        **_facts(photo, crop, intrinsics, focal_source, depth_network.name, fit),
        "ipd_mm": None,
        "distance_mm": DEFAULT_DISTANCE_MM,
        "landmarks_px": None,
        "landmarks_crop_px": None,
        "face": None,
        "warnings": warnings,
    }
    return Reconstruction(crop.rgb, crop.texture, inverse_depth, depth, intrinsics, None, facts)


def _facts(
    photo: Photo, crop: Crop, intrinsics: Intrinsics, focal_source: str, network: str, fit: ScaleAndShift
) -> dict[str, Any]:
    height, width = photo.rgb.shape[:2]
    diagonal_px = float(np.hypot(height, width)) / crop.photo_px_per_px
    return {
        "photo": {"name": photo.name, "sha256": photo.sha256, "width_px": width, "height_px": height},
        "network": {"name": network, "face_network": "builtin"},
        "crop": {"side_px": crop.side_px, "crop_to_photo": crop.crop_to_photo.tolist()},
        "camera": {
            "K": intrinsics.K.tolist(),
            "focal_px": intrinsics.focal_px,
            "focal_photo_px": intrinsics.focal_px * crop.photo_px_per_px,
            "focal_source": focal_source,
            "focal_35mm": photo.focal_35mm,
            "fov_deg": round(float(np.degrees(2 * np.arctan(diagonal_px / 2 / intrinsics.focal_px))), 3),
            "default_fov_deg": DEFAULT_FOV_DEG,
        },
        "scale_and_shift": {
            "a": fit.a,
            "b": fit.b,
            "equation": "a * inverse_depth + b = 1 / depth_mm",
            "fitted_to": fit.fitted_to,
            "residual_mm": fit.residual_mm,
        },
    }
