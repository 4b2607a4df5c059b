"""What a person can choose for a photo: one object for page, command line and REST."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from core.depth.catalog import MODELS
from core.errors import OptionError
from core.face.landmarks import DEFAULT_IPD_MM
from core.options.choices import read_choices
from core.options.solid import KINDS, SolidOptions

Projection = Literal["perspective", "orthographic"]
PROJECTIONS = get_args(Projection)
MIN_FOV_DEG, MAX_FOV_DEG = 5.0, 120.0
MIN_FOCAL_35MM, MAX_FOCAL_35MM = 5.0, 2000.0
DEFAULT_SMOOTH = 0.5  # by `python -m tests.benchmarks.smoothing`
SURFACES = ("adaptive", "grid")
FORMATS = ("stl", "3mf", "obj", "ply", "glb")
SOLIDS = (*KINDS, "none")
LEAST_BOX_PX = 16
REFINEMENTS = ("none", "mirror", "two-scale")  # of a MiDaS network; see `core.depth.refine`


@dataclass(frozen=True)
class Options:
    """What a person can choose for a photo; see README for each."""

    model: str = "auto"
    ipd_mm: float = DEFAULT_IPD_MM
    fov_deg: float | None = None
    focal_mm: float | None = None  # 35 mm equivalent
    projection: Projection = "perspective"
    smooth: float = DEFAULT_SMOOTH
    background: bool = False
    refine: str = "none"
    box: tuple[float, float, float] | None = None  # x, y and side in photo pixels, drawn round a face by hand
    whole_photo: bool = False
    surface: str = "adaptive"
    tolerance_mm: float | None = None  # of an adaptive surface; None: core.mesh.surface's own
    taubin: int = 0  # rounds of smoothing of the surface
    max_triangles: int = 60_000
    solid: str = "relief"
    width_mm: float = 80.0
    height_mm: float | None = None
    life_size: bool = False
    base_mm: float = 2.0
    wall_mm: float = 2.4
    nozzle_mm: float = 0.4
    formats: tuple[str, ...] = FORMATS

    def __post_init__(self) -> None:
        """Raise OptionError for a value that cannot be used."""
        if self.model != "auto" and self.model not in MODELS:
            raise OptionError(f"There is no network called {self.model!r}. Choose auto or one of: {', '.join(MODELS)}.")
        for what, name, known in (
            ("projection", self.projection, PROJECTIONS),
            ("surface", self.surface, SURFACES),
            ("refinement", self.refine, REFINEMENTS),
            ("solid", self.solid, SOLIDS),
        ):
            if name not in known:
                raise OptionError(f"There is no {what} called {name!r}. Choose one of: {', '.join(known)}.")
        if not 30 <= self.ipd_mm <= 90:
            raise OptionError(f"An interpupillary distance of {self.ipd_mm:g} mm is none of a person (30 to 90 mm).")
        self._check_camera()
        if not 0 <= self.smooth <= 1:
            raise OptionError(f"A smoothing of {self.smooth:g} is out of range (0, none, to 1, strong).")
        if self.box is not None and not (
            len(self.box) == 3 and all(map(math.isfinite, self.box)) and self.box[2] >= LEAST_BOX_PX
        ):
            raise OptionError(
                f"A box needs three numbers, x and y of its middle and a side of {LEAST_BOX_PX} pixels or more, "
                f"not {', '.join(map(str, self.box))}."
            )
        if not 500 <= self.max_triangles <= 2_000_000:
            raise OptionError(f"max_triangles is {self.max_triangles}, but must lie between 500 and 2000000.")
        if self.tolerance_mm is not None and not 0.01 <= self.tolerance_mm <= 10:
            raise OptionError(f"A tolerance of {self.tolerance_mm:g} mm is out of range (0.01 to 10 mm).")
        if not 0 <= self.taubin <= 100:
            raise OptionError(f"{self.taubin} rounds of smoothing are out of range (0 to 100).")
        wrong = [name for name in self.formats if name not in FORMATS]
        if wrong:
            raise OptionError(f"There is no format called {wrong[0]!r}. Choose from: {', '.join(FORMATS)}.")
        self.solid_options()

    def _check_camera(self) -> None:
        if self.fov_deg is not None and not MIN_FOV_DEG <= self.fov_deg <= MAX_FOV_DEG:
            raise OptionError(
                f"A field of view of {self.fov_deg:g} degrees is out of range ({MIN_FOV_DEG:g} to {MAX_FOV_DEG:g})."
            )
        if self.focal_mm is not None and not MIN_FOCAL_35MM <= self.focal_mm <= MAX_FOCAL_35MM:
            raise OptionError(
                f"A focal length of {self.focal_mm:g} mm is out of range ({MIN_FOCAL_35MM:g} to {MAX_FOCAL_35MM:g}); "
                "give that of a lens on 35 mm film which sees as much."
            )
        if self.fov_deg is not None and self.focal_mm is not None:
            raise OptionError("Field of view and focal length say the same thing: give one of them, not both.")

    def solid_options(self) -> SolidOptions:
        """The solid's share of the options."""
        return SolidOptions(
            kind=KINDS[0] if self.solid == "none" else self.solid,
            width_mm=self.width_mm,
            height_mm=self.height_mm,
            life_size=self.life_size,
            base_mm=self.base_mm,
            wall_mm=self.wall_mm,
            nozzle_mm=self.nozzle_mm,
            max_triangles=self.max_triangles,
        )

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Options":
        """From JSON; OptionError for a name or value that does not fit."""
        return read_choices(cls, values, "option", lists=("formats", "box"))

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}
