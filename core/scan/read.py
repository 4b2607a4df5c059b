"""The file of a scan -> a `Photo`: its picture from the front through a pinhole camera, with each pixel's depth."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.face.maps import FaceNetwork
from core.names import readable
from core.options.run import ScanUnit
from core.photo import Photo
from core.progress import Progress, ignore, part_of
from core.scan.drawing import View, draw, picture
from core.scan.formats import SIDE_PX, kind_of
from core.scan.front import AWAY_MM, FIELD_MM, Front, find_front
from core.scan.limits import ScanLimits
from core.scan.triangles import Triangles, read_triangles
from core.scan.unit import Known, unit_of
from core.sensor import Calibration, SensorDepth

LOWER_MM = 10.0  # than the eyes: the middle of the picture
FOUND = 0.8  # of the work


@dataclass(frozen=True)
class PlacedScan:
    """A scan whose front and unit are known. view : of its picture, in mm."""

    triangles: Triangles
    front: Front
    unit: Known
    view: View
    sha256: str

    def to_camera_mm(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, 3) of the scan's file -> camera frame of its picture, mm."""
        return self.view.seen(points * self.unit.mm)


def read_scan(
    source: bytes | str | Path, network: FaceNetwork, name: str | None = None, *, unit: ScanUnit = "auto",
    limits: ScanLimits | None = None, progress: Progress = ignore,
) -> Photo:  # fmt: skip
    """The face of a scan as a photo of it from the front, which has the scan's own depth.

    source : the file's path, or its bytes; of an OBJ or a PLY at a path a material and textures beside it are read,
    too. network : `Networks.face()`, which finds the front. unit : of the file, if it is known.

    The picture has 1024 x 1024 pixels, 48 cm at the eyes, from 90 cm; its `sensor` is exact, in 1/mm along the axis.

    Raises
    ------
    PhotoError
        The file cannot be read, is broken or too large, or its size is no head's.
    NoFaceError
        It shows no face from any side.
    """
    source = Path(source) if isinstance(source, str) else source
    name = readable(name or (source.name if isinstance(source, Path) else "scan"))
    return photo_of(placed(source, network, name, unit, limits or ScanLimits(), progress), name)


def placed(
    source: bytes | Path,
    network: FaceNetwork,
    name: str,
    unit: ScanUnit,
    limits: ScanLimits,
    progress: Progress = ignore,
) -> PlacedScan:
    """A scan with its front and its unit; raises as `read_scan`."""
    progress("Reading the scan", 0.0)
    triangles, data = read_triangles(source, name, limits)
    front = find_front(triangles, name, network, part_of(progress, 0.1, FOUND))
    known = unit_of(name, kind_of(data, name) or "", front.ipd, unit)
    target = front.eyes * known.mm + LOWER_MM * front.rotation[1]
    view = View.at(front.rotation, target, AWAY_MM, FIELD_MM, SIDE_PX)
    return PlacedScan(triangles, front, known, view, hashlib.sha256(data).hexdigest())


def photo_of(scan: PlacedScan, name: str) -> Photo:
    """The picture of a scan, with its depth."""
    triangles, view = scan.triangles, scan.view
    triangles = replace(triangles, points=triangles.points * scan.unit.mm)
    drawing = draw(triangles.points, triangles.faces, view)
    count = len(triangles.faces)
    source = f"the scan {name}"
    said = {
        "unit": scan.unit.how,
        "triangles": f"{count:,}",
        "its right, up and front": _axes(scan.front.rotation),
        "colours": "its own" if scan.front.coloured else "none, shown in plaster",
    }
    sensor = SensorDepth(
        drawing.nearness.astype(np.float32),
        is_absolute=True,
        step=0.0,
        along="axis",
        source=source,
        said=said,
        calibration=Calibration(view.focal_px, view.middle_px, view.middle_px, (view.side_px, view.side_px)),
        is_exact=True,
    )
    left_out = triangles.left_out and f"{triangles.left_out} of the scan's triangles have no place and are left out."
    warnings = tuple(one for one in (scan.unit.warning, left_out) if one)
    rgb = picture(triangles, drawing, coloured=scan.front.coloured)
    return Photo(name, rgb, None, scan.sha256, warnings=warnings, sensor=sensor)


def _axes(rotation: NDArray[np.float64]) -> str:
    """Where the picture's right, up and front lie on the scan's axes, in words."""
    names = [", ".join(f"{value:+.2f}" for value in row + 0.0) for row in rotation * [[1], [-1], [-1]]]
    return "; ".join(f"({one})" for one in names)
