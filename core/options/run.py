"""What a person can choose for a photo: one object for page, command line and REST."""

from typing import Annotated, Literal, get_args

from pydantic import Field
from pydantic.dataclasses import dataclass

from core.errors import OptionError
from core.options.solid import KINDS_ARE, AnySolid, Kind, SolidOptions
from core.options.table import LISTED, option, rows

# "auto" and the names of `core.depth.catalog`, which comes later and is held equal by a test
Network = Literal[
    "auto",
    "dpt_beit_large_512", "dpt_swin2_large_384", "dpt_beit_large_384", "dpt_swin2_base_384", "dpt_swin_large_384",
    "dpt_next_vit_large_384", "dpt_large_384", "dpt_hybrid_384", "dpt_swin2_tiny_256", "dpt_beit_base_384",
    "midas_v21_384", "dpt_levit_224", "midas_v21_small_256", "builtin",
]  # fmt: skip
Projection = Literal["perspective", "orthographic"]
DepthSource = Literal["auto", "network", "sensor"]  # see `core.geometry.metric_depth.solve`
Refinement = Literal["none", "mirror", "two-scale"]  # see `core.depth.refine`
ScanUnit = Literal["auto", "m", "cm", "mm", "in"]  # see `core.scan.unit`
SurfaceKind = Literal["adaptive", "grid"]  # see `core.mesh.surface`
Format = Literal["stl", "3mf", "obj", "ply", "glb"]
FORMATS: tuple[Format, ...] = get_args(Format)

DEFAULT_IPD_MM = 63.0  # adult mean; N. A. Dodgson, 'Variation and extrema of human interpupillary distance', 2004
# Over the diagonal: a 50 mm lens on 35 mm film. That is between a phone's main camera (narrowed by cropping) and a
# portrait lens; portraits that were tried come out at a distance of 0.7 to 1.3 m.
DEFAULT_FOV_DEG = 46.8
DEFAULT_SMOOTH = 0.5  # by `python -m tests.benchmarks.smoothing`
DRAWN = "drawn from light and dark, not measured"  # the fine relief, wherever it is
DEFAULT_FINE_RELIEF = 1.0  # by `python -m tests.benchmarks.likeness`
TOLERANCE_MM = 0.15  # by `python -m tests.benchmarks.meshing`

LEAST_BOX_PX = 16

BoxSide = Annotated[float, Field(ge=LEAST_BOX_PX)]


@dataclass(frozen=True, kw_only=True)
class Options(AnySolid):
    """What a person can choose for a photo, and for the solid that is made of each of its faces."""

    model: Network = option(
        "auto", "Depth network", "Its weights must be here. Automatic: the one that 'lifemask models' marks.",
        words={"auto": "Automatic"},
    )  # fmt: skip
    ipd_mm: float = option(
        DEFAULT_IPD_MM, "Interpupillary distance",
        "It sets the scale. People have 40 to 80 (Dodgson 2004); the rest is for newborns and for scans of sculptures.",
        unit="mm", low=30, high=90, step=0.5, recompute=True,
    )  # fmt: skip
    fov_deg: float | None = option(
        None, "Field of view", f"Over the diagonal. Not given: by the photo's EXIF data, else {DEFAULT_FOV_DEG}.",
        unit="degrees", low=5, high=120, step=0.1, recompute=True,
    )  # fmt: skip
    focal_mm: float | None = option(
        None, "Focal length", "As of a lens on 35 mm film, in place of the field of view.",
        unit="mm", low=5, high=2000, step=0.1, recompute=True,
    )  # fmt: skip
    depth: DepthSource = option(
        "auto", "Depth that came with the photo",
        "Automatic: together with the network's, where the photo's file holds any.",
        words={"auto": "Automatic", "network": "Not used", "sensor": "Used alone where it is sound"}, recompute=True,
    )  # fmt: skip
    projection: Projection = option(
        "perspective", "Projection", "Orthographic: as from very far, with a very long lens.", recompute=True
    )
    smooth: float = option(
        DEFAULT_SMOOTH, "Smoothing", "Skin gets smoother, edges stay. 0: none, 1: strong.",
        low=0, high=1, step=0.05, recompute=True,
    )  # fmt: skip
    fine_relief: float = option(
        DEFAULT_FINE_RELIEF, "Fine relief",
        f"Lids, brows, hair, folds and wrinkles in surface and solid: {DRAWN}. 0: none.",
        low=0, high=1, step=0.05, recompute=True,
    )  # fmt: skip
    background: bool = option(False, "Keep what is round the head", recompute=True)
    refine: Refinement = option(
        "none", "Refinement", "Of MiDaS networks; the built-in one does its own.",
        words={"mirror": "Mirror image averaged", "two-scale": "The face looked at again, closer"},
    )  # fmt: skip
    box: Annotated[tuple[float, float, BoxSide] | None, LISTED] = option(
        None, "Box", "Round a face that is not found, or found in the wrong place: its middle and its side.",
        parts=("x", "y", "side"), unit="pixels of the photo",
    )  # fmt: skip
    turn_deg: int | None = option(
        None, "Turn", "How far the photo is to be turned clockwise until it is upright: 0, 90, 180 or 270. Not given: "
        "found out by the faces.",
        unit="degrees", low=0, high=270, step=90,
    )  # fmt: skip
    unit: ScanUnit = option(
        "auto", "Unit of a scan",
        "Automatic: metres of a GLB; of other files the one by which the eyes are as far apart as a person's.",
        words={"auto": "Automatic", "m": "Metres", "cm": "Centimetres", "mm": "Millimetres", "in": "Inches"},
    )  # fmt: skip
    whole_photo: bool = option(False, "Process the whole photo, even without a face")
    surface: SurfaceKind = option(
        "adaptive", "Surface", "Adaptive: points where they are needed. Grid: every pixel, then decimated."
    )
    tolerance_mm: float = option(
        TOLERANCE_MM, "Tolerance", "How far an adaptive surface may be from the depth.", unit="mm", low=0.01, high=10
    )
    taubin: int = option(0, "Taubin's smoothing of the surface", "Its rounds.", low=0, high=100)
    formats: Annotated[tuple[Format, ...], LISTED] = option(FORMATS, "Formats", "Of the files of surface and solid.")
    solid: Literal[Kind, "none"] = option("relief", "Solid", KINDS_ARE)

    def __post_init__(self) -> None:
        """Raise OptionError for values that do not go together."""
        if self.turn_deg is not None and self.turn_deg % 90:
            raise OptionError(f"turn_deg is {self.turn_deg}, but must be 0, 90, 180 or 270 (degrees).")
        if self.fov_deg is not None and self.focal_mm is not None:
            raise OptionError("Field of view and focal length say the same thing: give one of them, not both.")
        self.solid_options()

    def solid_options(self) -> SolidOptions | None:
        """The solid's share of the options; None where none is to be made."""
        if self.solid == "none":
            return None
        return SolidOptions(kind=self.solid, **{name: getattr(self, name) for name in rows(AnySolid)})


CHANGEABLE: tuple[str, ...] = tuple(name for name, row in rows(Options).items() if row.recompute)
"""What of a written face can be changed without a network."""
