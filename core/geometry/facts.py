"""The facts that a reconstruction rests on, as `reconstruction.json` holds them, of every format there has been.

Each class is an object of that file and each field a key of it, so that a name here is a name there.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.errors import FormatError, MissingFileError
from core.face.doubt import Doubt, doubts, is_doubtful
from core.geometry.camera import INLIER_MM, Intrinsics
from core.json_files import damaged, read_object, typed
from core.options.run import DEFAULT_FOV_DEG, Projection
from core.photo.lens import EXIF, FILM_DIAGONAL_MM
from core.sensor import Calibration
from core.sensor.sensor_depth import Along

FORMAT = 2  # 1: version 0.1 and before, whose files name no format
FACTS_FILE = "reconstruction.json"
SCALED, MEASURED = "scaled to the interpupillary distance assumed for each photo", "measured"
PARTLY_MEASURED = (
    "measured where depth came with the photo, and else scaled to the interpupillary distance assumed for it"
)
BEHIND_NOSE = "behind the nose tip"
BEHIND_NEAREST = "behind the nearest hundredth of the picture"  # of a photo taken whole
BEHIND_EITHER = "behind the nose tip, or of a whole photo behind its nearest hundredth"

Point = tuple[float, float]
Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]


@dataclass(frozen=True, kw_only=True)
class PhotoFacts:
    """The photo: its name, the SHA-256 of its file in hexadecimal digits, and its size when upright.

    focal_from : what its own focal length follows from, in words. warnings : what to know of its file, as sentences.
    calibration : of its camera, in its pixels, where the file has it.
    """

    name: str
    sha256: str
    width_px: int
    height_px: int
    focal_from: str = EXIF
    warnings: tuple[str, ...] = ()
    calibration: Calibration | None = None


@dataclass(frozen=True, kw_only=True)
class SensorFacts:
    """The depth that came with the photo.

    source : who measured, in words. said : what the file says of it, by name, in words. is_absolute, step, along,
    pitch_px, is_exact : of `sensor.npy`, as in `core.geometry.sensor_map.SensorMap`.
    used : for nothing, for the shape alone, or for the millimetres too. ipd_mm : interpupillary distance by it; None
    where it gives no millimetres, and in a photo taken whole.
    trusted_share : of the head on which it was used, 0 to 1. Of each band of detail, from the finest to the broadest:
    detail_mm : standard deviation of the blur that takes it away; shares : of the camera's in the relief, 0 to 1;
    apart_mm : standard deviation of what the camera's and the network's relief differ by.
    median_apart_mm : half of the places on the face differ by less. scale_mm : one end of the scale of the picture
    that shows what they differ by.
    """

    source: str
    said: dict[str, str]
    is_absolute: bool
    step: float
    along: Along
    pitch_px: float
    used: Literal["no", "shape", "millimetres"]
    ipd_mm: float | None = None
    trusted_share: float | None = None
    detail_mm: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()
    apart_mm: tuple[float, ...] = ()
    median_apart_mm: float | None = None
    scale_mm: float | None = None
    is_exact: bool = False


@dataclass(frozen=True, kw_only=True)
class NetworkFacts:
    """name : of the network that gave the inverse depth. face_network : that found the face."""

    name: str
    face_network: str


@dataclass(frozen=True, kw_only=True)
class CropFacts:
    """side_px : of the levelled square. crop_to_photo : (2, 3), crop pixels (x, y, 1) -> photo pixels (x, y)."""

    side_px: int
    crop_to_photo: tuple[Vector, Vector]

    @property
    def to_photo(self) -> NDArray[np.float64]:
        """(2, 3) `crop_to_photo`, to compute with."""
        return np.array(self.crop_to_photo)


@dataclass(frozen=True, kw_only=True)
class CameraFacts:
    """The camera as the crop's pixels see it.

    K : (3, 3) to homogeneous pixels, of what K_takes says. turn : (3, 3) rotation, frame of the axis -> camera frame.
    line_of_sight : unit vector in the frame of the axis, along which depth is counted.
    focal_px : of the crop, focal_photo_px : of the photo. mm_per_px : of an orthographic camera, else None.
    focal_source : in words. focal_35mm : what the photo's EXIF says, if it does. focal_equivalent_mm : of the lens on
    35 mm film that sees as much. fov_deg : over the photo's diagonal; default_fov_deg : where nothing tells it.
    """

    projection: Projection
    K: Matrix
    K_takes: str
    turn: Matrix
    line_of_sight: Vector
    focal_px: float
    mm_per_px: float | None
    focal_photo_px: float
    focal_source: str
    focal_35mm: float | None
    focal_equivalent_mm: float
    fov_deg: float
    default_fov_deg: float = DEFAULT_FOV_DEG

    @property
    def intrinsics(self) -> Intrinsics:
        """The same, to compute with."""
        return Intrinsics(self.focal_px, self.K[0][2], self.K[1][2], self.mm_per_px, self.line_of_sight)


@dataclass(frozen=True, kw_only=True)
class FitFacts:
    """Scale a and shift b of the network's map.

    equation : what they mean. then : what became of that depth afterwards, in words. fitted_to : what gave them.
    residual_mm : median distance from that over the face; inlier_share : of the face that is within inlier_mm of it,
    0 to 1; None where nothing compares.
    """

    a: float
    b: float
    equation: str
    then: str
    fitted_to: str
    residual_mm: float | None
    inlier_share: float | None
    inlier_mm: float = INLIER_MM


@dataclass(frozen=True, kw_only=True)
class PriorFacts:
    """The face network's own shape of the face.

    mm_per_unit : of its relief, at the mean IPD. weight : its share of the broad shape, 0 to 1; None where the depth is
    its own, or where there is no face.
    """

    mm_per_unit: float
    weight: float | None


@dataclass(frozen=True, kw_only=True)
class FaceFacts:
    """How sure the face is (score, 0 to 1), and how the head is turned; its roll is levelled in the crop.

    number : its place among the `of` faces of its photo, from the left, from 1.
    ipd_px : interpupillary distance in the photo, as from the front; None in a face of an earlier version.
    marked : whether a person showed where it is.
    """

    score: float
    roll_deg: float
    yaw_deg: float
    pitch_deg: float
    number: int = 1
    of: int = 1
    ipd_px: float | None = None
    marked: bool = False

    @property
    def is_doubtful(self) -> bool:
        """Whether it may be no face, and nobody has said that it is one."""
        return is_doubtful(self.score) and not self.marked

    @property
    def doubts(self) -> list[Doubt]:
        """What makes it less sure than others."""
        return doubts(self.score, self.yaw_deg, self.ipd_px, marked=self.marked)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the millimetres of a face, or of a photo taken whole, rest on.

    refine : how detail was added to the network's map. scale_and_shift : that made it millimetres.
    prior : None in a face of an earlier version, which cannot be computed anew.
    smooth : strength of the smoothing, 0 to 1. fine_relief : strength of what is drawn from the photo's light and dark,
    0 to 1, which surface and solid carry and no number does. background : whether what is round the head was kept.
    ipd_mm : the assumed interpupillary distance. sensor : of the depth that came with the photo, None where none did.
    distance_mm : of the eyes from the camera, along the line of sight.
    landmarks_px : (68, 2) in the photo; landmarks_crop_px : in the crop; landmarks_confidence : (68,), 0 to 1, None in
    a face of an earlier version too. warnings : sentences.
    Of a photo taken whole `ipd_mm`, landmarks and `face` are None.
    """

    format: int = FORMAT
    photo: PhotoFacts
    network: NetworkFacts
    refine: str
    crop: CropFacts
    camera: CameraFacts
    scale_and_shift: FitFacts
    prior: PriorFacts | None
    smooth: float
    fine_relief: float = 0.0
    background: bool
    ipd_mm: float | None
    distance_mm: float
    landmarks_px: tuple[Point, ...] | None
    landmarks_crop_px: tuple[Point, ...] | None
    landmarks_confidence: tuple[float, ...] | None
    face: FaceFacts | None
    warnings: tuple[str, ...]
    sensor: SensorFacts | None = None

    @property
    def is_measured(self) -> bool:
        """Whether a camera or a scanner measured the millimetres; else they are scaled to what is assumed."""
        return self.sensor is not None and self.sensor.used == "millimetres"

    @property
    def is_scan(self) -> bool:
        """Whether it was made of a scan, whose picture the photo then is."""
        return self.sensor is not None and self.sensor.is_exact

    @property
    def scale_ipd_mm(self) -> float | None:
        """The interpupillary distance that holds: as measured, or as assumed; None of a photo taken whole."""
        return self.sensor.ipd_mm if self.sensor is not None and self.is_measured else self.ipd_mm

    @property
    def scaled_to(self) -> str | None:
        """What the millimetres are scaled to, in words; None where they were measured."""
        if self.is_measured:
            return None
        if self.ipd_mm is None:
            return "an assumed range of distances"
        return f"an assumed interpupillary distance of {self.ipd_mm:g} mm"

    @property
    def behind(self) -> str:
        """What a depth is counted from, in words."""
        return BEHIND_NOSE if self.landmarks_crop_px is not None else BEHIND_NEAREST

    @property
    def doubts(self) -> list[Doubt]:
        """What makes the face less sure than others; nothing of a photo taken whole."""
        return [] if self.face is None else self.face.doubts


def all_behind(faces: Iterable[Facts]) -> str:
    """What the depths of several faces on one scale are counted from, in words."""
    words = {face.behind for face in faces}
    return words.pop() if len(words) == 1 else BEHIND_EITHER


def all_scaled(faces: Iterable[Facts]) -> str:
    """What the millimetres of several faces are, in words that go on 'millimetres are'."""
    measured = {face.is_measured for face in faces}
    if measured == {True}:
        return MEASURED
    return PARTLY_MEASURED if True in measured else SCALED


F = TypeVar("F", bound=Facts)


def read_facts_as(kind: type[F], folder: Path) -> F:
    """Read `reconstruction.json` of a face's folder, of this format or an earlier one.

    Raises
    ------
    FormatError
        There is no such file, it is damaged or foreign, or a newer version wrote it.
    """
    path = folder / FACTS_FILE
    try:
        values = read_object(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingFileError(
            f"{folder} holds no face (no {FACTS_FILE}). Give a folder that Lifemask wrote, or process the photo again.",
            str(path),
        ) from error
    found = values.get("format", 1)
    if not isinstance(found, int) or found < 1:
        raise damaged(path, f"its format is {found!r}")
    if found > FORMAT:
        raise FormatError(
            f"{folder.name}/{FACTS_FILE} has format {found}, which a newer version of Lifemask wrote; this one reads "
            f"formats up to {FORMAT}. Install the newer version."
        )
    try:
        values = upgraded(values, found)
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise damaged(path, "photo, camera or other things that every format has are missing") from error
    return typed(kind, values, path)


def upgraded(values: dict[str, Any], found: int) -> dict[str, Any]:
    """Return what `reconstruction.json` of an earlier format holds in the words of this one.

    found : the format that it has. Keys that came in the course of format 1 are filled in with what held before them:
    a perspective camera that looks along its axis, no smoothing, no prior that was kept.
    """
    if found == FORMAT:
        return values
    photo, camera, fit, solid = (values[name] for name in ("photo", "camera", "scale_and_shift", "solid"))
    diagonal_px = math.hypot(photo["width_px"], photo["height_px"])
    return {
        "refine": "none",
        "prior": None,
        "smooth": 0.0,
        "background": values["face"] is None,
        "landmarks_confidence": None,
        **values,
        "format": FORMAT,
        "camera": {
            "projection": "perspective",
            "K_takes": "(x, y, z) in mm",
            "turn": np.eye(3).tolist(),
            "line_of_sight": [0.0, 0.0, 1.0],
            "mm_per_px": None,
            "focal_equivalent_mm": round(camera["focal_photo_px"] / diagonal_px * FILM_DIAGONAL_MM, 3),
            **camera,
        },
        "scale_and_shift": {"then": "bounded", "inlier_share": None, **fit},
        "solid": None if solid is None else {"preflight": None, **solid},
        "options": {"smooth": 0.0, "fine_relief": 0.0, **values["options"]},
    }
