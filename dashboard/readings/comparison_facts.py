"""What `comparison.json` holds: each class an object of that file, each field a key of it."""

from dataclasses import dataclass

from core.geometry.facts import SCALED


@dataclass(frozen=True, kw_only=True)
class ComparedFace:
    """A face of a comparison.

    ipd_mm, distance_mm : interpupillary distance, and how far the eyes are from the camera. is_measured : whether both
    were measured; else the first is assumed, and the second follows from it.
    statistics : of its depth behind the tip of the nose, by name. measures : its main lengths in mm, by name; None
    where too few landmarks have depth. withheld : why some lengths are not measured.
    """

    id: str
    name: str
    network: str
    ipd_mm: float | None
    distance_mm: float
    statistics: dict[str, int | float]
    measures: dict[str, float | None] | None
    withheld: str | None = None
    is_measured: bool = False

    @property
    def scale(self) -> str:
        """What the millimetres are, in a word."""
        return "measured" if self.is_measured else "assumed"


@dataclass(frozen=True, kw_only=True)
class DifferenceFacts:
    """A face against the reference; see `core.compare.Comparison` for each number."""

    rms_mm: float
    median_mm: float
    p95_mm: float
    hausdorff95_mm: float
    coverage: float
    correlation: float
    scale: float
    landmarks_mm: float
    by_region: dict[str, float]
    transform: tuple[tuple[float, float, float, float], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PairFacts:
    """All pairs; see `core.compare.PairTable`."""

    rms_mm: tuple[tuple[float, ...], ...]
    order: tuple[int, ...]
    linkage: tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True, kw_only=True)
class AgreementFacts:
    """Several networks on one photo; see `core.compare.Agreement`."""

    networks: tuple[str, ...]
    median_mm: float
    p95_mm: float
    by_region: dict[str, float]
    rms_mm: tuple[tuple[float, ...], ...]
    correlation: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, kw_only=True)
class ComparedHead:
    """A head of a comparison point by point.

    from_mean_mm : from the mean of all, as `core.measure.table.FROM_MEAN` says. seen_share : of its surface, how much
    is the photo's own. is_poor : whether the head model does not lie on what the photo shows.
    """

    id: str
    name: str
    from_mean_mm: float
    seen_share: float
    is_poor: bool


@dataclass(frozen=True, kw_only=True)
class PointDifferenceFacts:
    """A head against the reference, point by point; see `core.comparison.Correspondence` for each number."""

    rms_mm: float
    median_mm: float
    p95_mm: float
    coverage: float
    shape_mm: float
    scale: float
    by_region: dict[str, float]
    transform: tuple[tuple[float, float, float, float], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PointPairFacts:
    """All pairs; see `core.comparison.PointTable`."""

    rms_mm: tuple[tuple[float, ...], ...]
    shape_mm: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, kw_only=True)
class HeadsFacts:
    """What `heads.json` holds: a comparison point by point of heads, which are numbered from 1.

    scale_mm : the colours of differences reach from minus to plus so much. reference : number of the head that the
    others are laid onto. neutral : whether expression was taken out. with_scale : whether sizes were fitted too.
    differences : by the number of the other head. scaled_to : what the millimetres are, in words.
    """

    scale_mm: float
    reference: int
    neutral: bool
    with_scale: bool
    faces: tuple[ComparedHead, ...]
    differences: dict[int, PointDifferenceFacts]
    pairs: PointPairFacts
    notes: tuple[str, ...]
    versions: dict[str, str]
    scaled_to: str = SCALED

    def face(self, number: int) -> ComparedHead:
        """Return the head of a number, from 1."""
        return self.faces[number - 1]

    def number(self, face_id: str) -> int:
        """Return the number of a face, from 1."""
        return 1 + [face.id for face in self.faces].index(face_id)


@dataclass(frozen=True, kw_only=True)
class ComparisonFacts:
    """A comparison of faces, which are numbered from 1.

    scale_mm : the pictures of differences reach from minus to plus so much. reference : number of the face that the
    others are laid onto. with_scale : whether sizes were fitted too. differences : by the number of the other face.
    agreement : None where there are no two networks on one photo. notes : sentences on what the numbers rest on.
    versions : of this program and the libraries that its numbers depend on, by name.
    """

    scale_mm: float
    reference: int
    with_scale: bool
    faces: tuple[ComparedFace, ...]
    differences: dict[int, DifferenceFacts]
    pairs: PairFacts
    agreement: AgreementFacts | None
    notes: tuple[str, ...]
    versions: dict[str, str]

    def face(self, number: int) -> ComparedFace:
        """Return the face of a number, from 1."""
        return self.faces[number - 1]
