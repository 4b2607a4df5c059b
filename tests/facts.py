"""Facts of faces that were not made by the pipeline."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.files.facts import DepthPngFacts, SurfaceFacts, WrittenFacts
from core.geometry.camera import Intrinsics
from core.geometry.facts import (
    FACTS_FILE,
    CameraFacts,
    CropFacts,
    FaceFacts,
    Facts,
    FitFacts,
    NetworkFacts,
    PhotoFacts,
    PriorFacts,
)
from core.json_files import rows, write_json
from core.options import Options
from core.photo.lens import FILM_DIAGONAL_MM


def facts_of(
    camera: Intrinsics,
    landmarks_px: NDArray[np.floating] | None = None,
    *,
    name: str = "head.png",
    sha256: str = "0",
    network: str = "test",
    yaw_deg: float = 0.0,
    distance_mm: float = 600.0,
    **others: Any,
) -> Facts:
    """Facts of a crop that is the whole photo, seen by `camera`; without landmarks of a photo taken whole."""
    side = round(2 * camera.cy_px) + 1
    marks = None if landmarks_px is None else rows(landmarks_px)
    diagonal_px = np.sqrt(2) * side
    given = {
        "photo": PhotoFacts(name=name, sha256=sha256, width_px=side, height_px=side),
        "network": NetworkFacts(name=network, face_network="builtin"),
        "refine": "none",
        "crop": CropFacts(side_px=side, crop_to_photo=((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))),
        "camera": CameraFacts(
            projection=camera.projection,
            K=rows(camera.K),
            K_takes="turn.T @ (x, y, z) in mm",
            turn=rows(camera.turn),
            line_of_sight=camera.sight,
            focal_px=camera.focal_px,
            mm_per_px=camera.mm_per_px,
            focal_photo_px=camera.focal_px,
            focal_source="EXIF",
            focal_35mm=None,
            focal_equivalent_mm=float(camera.focal_px / diagonal_px * FILM_DIAGONAL_MM),
            fov_deg=float(np.degrees(2 * np.arctan(diagonal_px / 2 / camera.focal_px))),
        ),
        "scale_and_shift": FitFacts(
            a=1.0, b=0.0, equation="a * inverse_depth + b = 1 / depth_mm", then="bounded", fitted_to="the truth",
            residual_mm=None, inlier_share=None,
        ),
        "prior": PriorFacts(mm_per_unit=1.0, weight=None),
        "smooth": 0.0,
        "background": marks is None,
        "ipd_mm": None if marks is None else 63.0,
        "distance_mm": distance_mm,
        "landmarks_px": marks,
        "landmarks_crop_px": marks,
        "landmarks_confidence": None if marks is None else (0.9,) * len(marks),
        "face": None if marks is None else FaceFacts(score=0.9, roll_deg=0.0, yaw_deg=yaw_deg, pitch_deg=0.0),
        "warnings": (),
    }  # fmt: skip
    return Facts(**{**given, **others})


def written(facts: Facts, **others: Any) -> WrittenFacts:
    """What is known of it once its files are written."""
    given = {
        "depth_png": DepthPngFacts(near_mm=500.0, far_mm=700.0),
        "surface": SurfaceFacts(vertices=3, triangles=1, largest_error_mm=None),
        "solid": None,
        "mesh_origin_mm": (0.0, 0.0, 600.0),
        "options": Options(model="builtin"),
        "versions": {"lifemask": "0"},
    }
    return WrittenFacts(**vars(facts), **{**given, **others})


def write_facts(facts: Facts, folder: Path) -> None:
    """Write `reconstruction.json` of a face's folder."""
    write_json(written(facts), folder / FACTS_FILE)
