"""A written file, read back -> what a slicer and a printer will make of it, each point with what to do about it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import trimesh

from core.errors import GeometryError
from core.options import Printer
from core.preflight.estimate import BASIS, Use, use
from core.preflight.facts import Check, OrientationFacts, PreflightFacts, State
from core.preflight.overhang import Orientation, overhang
from core.preflight.topology import Topology, merged, topology
from core.preflight.walls import FOLDS, LINES, ROUNDING, STEEPEST_DEG, Floats, Walls, normals_and_areas, walls

NEEDLE = 1e-4  # height over longest edge: below, the rounding of a file's 32-bit coordinates can turn the triangle over
FEW = 0.01  # share of the surface that a slicer's line may miss without harm to the whole
MUCH_OVERHANG = 0.02  # share of the surface
SIZE_TOLERANCE_MM = 0.1


@dataclass(frozen=True)
class Preflight:
    """All checks of a file, and the numbers behind them.

    size_mm : x, y, z. volume_cm3 : enclosed. thinnest_mm : None where there is no wall to measure.
    as_it_is, best : ways to lie on the bed. use : filament and time. needles : triangles too thin to have a direction.
    """

    checks: tuple[Check, ...]
    printer: Printer
    size_mm: tuple[float, float, float]
    volume_cm3: float
    triangles: int
    topology: Topology
    needles: int
    thinnest_mm: float | None
    as_it_is: Orientation
    best: Orientation
    use: Use

    @property
    def is_watertight(self) -> bool:
        """Whether every edge has two triangles."""
        return self.topology.open_edges == 0 and self.topology.crowded_edges == 0

    @property
    def is_volume(self) -> bool:
        """Whether it is watertight and its outside outwards throughout."""
        return self.is_watertight and self.topology.turned_edges == 0 and self.volume_cm3 > 0

    @property
    def state(self) -> State:
        """The worst of all checks."""
        found = {check.state for check in self.checks}
        return "bad" if "bad" in found else "caution" if "caution" in found else "good"

    @property
    def facts(self) -> PreflightFacts:
        """What is kept of it, rounded."""
        x, y, z = (round(side, 3) for side in self.size_mm)
        return PreflightFacts(
            state=self.state,
            checks=self.checks,
            size_mm=(x, y, z),
            volume_cm3=round(self.volume_cm3, 3),
            triangles=self.triangles,
            shells=self.topology.shells,
            thinnest_wall_mm=None if self.thinnest_mm is None else round(self.thinnest_mm, 3),
            overhang_share=round(self.as_it_is.overhang_share, 4),
            best_orientation=OrientationFacts(
                words=self.best.words,
                turn_deg=self.best.turn_deg,
                overhang_share=round(self.best.overhang_share, 4),
            ),
            filament_cm3=round(self.use.extruded_cm3, 2),
            mass_g=round(self.use.mass_g, 1),
            solid_mass_g=round(self.use.solid_g, 1),
            time_s=round(self.use.time_s),
            time_basis=BASIS,
            printer=self.printer,
        )


def preflight(
    path: Path,
    printer: Printer | None = None,
    asked_mm: tuple[float | None, float | None, float | None] | None = None,
    *,
    stands: bool = False,
) -> Preflight:
    """Check a printable file (STL, PLY, OBJ in mm; GLB in metres), z up from the bed.

    asked_mm : what x, y and z were asked to measure, None where nothing was asked. stands : it is a bust.

    Raises
    ------
    GeometryError
        The file holds no triangle.
    """
    printer = printer or Printer()
    mesh: Any = trimesh.load_mesh(path, process=False)
    if len(getattr(mesh, "faces", ())) == 0:
        raise GeometryError(f"{path.name} holds no triangle. Make the solid anew.")
    scale = 1000.0 if path.suffix == ".glb" else 1.0
    vertices, faces = merged(np.asarray(mesh.vertices, np.float64) * scale, np.asarray(mesh.faces))
    triangles = vertices[faces]
    found = topology(faces)
    volume = _volumes(triangles, found)
    size = np.ptp(triangles.reshape(-1, 3), axis=0)
    heights = _relative_heights(triangles)
    thickness = walls(triangles)
    as_it_is, best = overhang(triangles, printer.layer_mm, stands=stands)
    checks = [
        _closed(found),
        _manifold(found),
        _outwards(found, float(volume.sum())),
        _pieces(volume),
        _needles(heights),
        *([_as_asked(size, asked_mm)] if asked_mm and any(asked_mm) else []),
        _fits(size, printer),
        _walls(thickness, printer),
        _overhang(as_it_is, best),
    ]
    x, y, z = (float(side) for side in size)
    return Preflight(
        checks=tuple(checks),
        printer=printer,
        size_mm=(x, y, z),
        volume_cm3=float(volume.sum()) / 1000,
        triangles=len(faces),
        topology=found,
        needles=int((heights < NEEDLE).sum()),
        thinnest_mm=thickness.thinnest_mm,
        as_it_is=as_it_is,
        best=best,
        use=use(triangles, abs(float(volume.sum())), printer),
    )


def _volumes(triangles: Floats, found: Topology) -> Floats:
    """Signed volume in mm3 that each shell encloses; negative where its outside is within."""
    centred = triangles - triangles.reshape(-1, 3).mean(0)
    six = np.einsum("ij,ij->i", centred[:, 0], np.cross(centred[:, 1], centred[:, 2]))
    return np.asarray(np.bincount(found.shell, six, found.shells) / 6)


def _relative_heights(triangles: Floats) -> Floats:
    """Smallest height over longest edge of each triangle, 0 where it has no area."""
    _, areas = normals_and_areas(triangles)
    longest = np.linalg.norm(triangles - np.roll(triangles, -1, axis=1), axis=2).max(1)
    return np.asarray(2 * areas / np.maximum(longest, 1e-30) ** 2)


def _closed(found: Topology) -> Check:
    name = "Closed surface"
    if found.open_edges == 0:
        return Check(name, "good", "no open edge")
    advice = "A slicer cannot tell inside from outside. Make the solid anew; if it stays, use another photo or network."
    return Check(name, "bad", f"{found.open_edges:,} open edges", advice)


def _manifold(found: Topology) -> Check:
    name = "Manifold"
    if found.crowded_edges == 0 and found.pinched_points == 0:
        return Check(name, "good", "two triangles at every edge, one fan at every point")
    value = f"{found.crowded_edges:,} edges of more than two triangles, {found.pinched_points:,} pinched points"
    state: State = "bad" if found.crowded_edges else "caution"
    return Check(name, state, value, "Slicers mend it by guessing. Make the solid anew with other settings.")


def _outwards(found: Topology, volume_mm3: float) -> Check:
    name = "Outside outwards"
    if found.turned_edges:
        value = f"{found.turned_edges:,} edges between triangles that face opposite ways"
        return Check(name, "bad", value, "Slicers leave holes there. Make the solid anew.")
    if volume_mm3 <= 0:
        return Check(name, "bad", "inside out", "Slicers would print the mould. Make the solid anew.")
    return Check(name, "good", "all triangles face outwards")


def _pieces(volumes: Floats) -> Check:
    name = "One piece"
    hollows = int((volumes < 0).sum()) if len(volumes) > 1 else 0
    pieces = len(volumes) - hollows
    if len(volumes) == 1:
        return Check(name, "good", "one shell")
    # whole sentences, because pages say them in other languages
    if pieces > 1 and hollows:
        value = (
            f"{pieces} separate pieces and 1 closed hollow"
            if hollows == 1
            else f"{pieces} separate pieces and {hollows} closed hollows"
        )
    elif hollows:
        value = "1 closed hollow" if hollows == 1 else f"{hollows} closed hollows"
    else:
        value = f"{pieces} separate pieces"
    advice = "Pieces print side by side and do not hold together; a closed hollow keeps resin or support inside."
    return Check(name, "caution", value, advice)


def _needles(heights: Floats) -> Check:
    name = "Sound triangles"
    count, none = int((heights < NEEDLE).sum()), int((heights == 0).sum())
    if count == 0:
        return Check(name, "good", f"{len(heights):,}, none degenerate")
    value = f"{count:,} of {len(heights):,} thinner than 1/{1 / NEEDLE:,.0f} of their length"
    return Check(name, "bad" if none else "caution", value, "Take fewer triangles, or make the solid larger.")


def _as_asked(size: Floats, asked: tuple[float | None, float | None, float | None]) -> Check:
    wrong = [
        f"{axis} is {side:.2f} mm instead of {want:.2f} mm"
        for axis, side, want in zip("xyz", size, asked, strict=True)
        if want is not None and abs(side - want) > SIZE_TOLERANCE_MM
    ]
    x, y, z = size
    value = f"{x:.1f} x {y:.1f} x {z:.1f} mm"
    if not wrong:
        return Check("Size as asked", "good", value)
    return Check("Size as asked", "bad", "; ".join(wrong), "Make the solid anew, or scale it in the slicer.")


def _fits(size: Floats, printer: Printer) -> Check:
    name = "Fits the bed"
    bed = np.array(printer.bed_mm)
    x, y, z = size
    width, depth, height = bed
    value = f"{x:.0f} x {y:.0f} x {z:.0f} mm on a bed of {width:.0f} x {depth:.0f}, {height:.0f} high"
    if (size <= bed).all():
        return Check(name, "good", value)
    if (size[[1, 0, 2]] <= bed).all():
        value = (
            f"{x:.0f} x {y:.0f} x {z:.0f} mm on a bed of {width:.0f} x {depth:.0f}, {height:.0f} high, "
            "turned by a quarter"
        )
        return Check(name, "good", value)
    if (np.sort(size) <= np.sort(bed)).all():
        return Check(name, "caution", value, "Not as it lies: stand it on another side in the slicer.")
    share = float(np.min(np.sort(bed) / np.sort(size)))
    return Check(name, "bad", value, f"Make it at most {100 * share:.0f} % as large, or choose a larger bed.")


def _walls(found: Walls, printer: Printer) -> Check:
    """Upright walls are printed in lines, level ones in layers; each must hold two of them."""
    name = "Thinnest wall"
    if found.thinnest_mm is None:
        return Check(name, "caution", "no wall found to measure", "The surface has no opposite side; see above.")
    lines = found.lines(printer)
    weak = float((lines < LINES * ROUNDING).sum() / found.sampled)
    lost = float((lines < ROUNDING).sum() / found.sampled)
    value = f"{found.thinnest_mm:.2f} mm, but for {100 * FOLDS:g} % of the surface"
    if lost > FEW:
        thin = f"{100 * lost:.1f} % of the surface is thinner than the nozzle's line"
        advice = "Those places will be missing. Make it larger, its walls thicker, or take a finer nozzle."
        return Check(name, "bad", f"{value}; {thin}", advice)
    if weak > FEW or lost > FOLDS:
        thin = f"{100 * weak:.1f} % of the surface is thinner than {LINES} lines"
        advice = "Those places will be weak. Make its walls thicker or take a finer nozzle."
        return Check(name, "caution", f"{value}; {thin}", advice)
    return Check(name, "good", value)


def _overhang(as_it_is: Orientation, best: Orientation) -> Check:
    name = f"Overhang over {STEEPEST_DEG:.0f}\N{DEGREE SIGN}"
    value = f"{100 * as_it_is.overhang_share:.1f} % of the surface, as it lies"
    if as_it_is.overhang_share <= MUCH_OVERHANG:
        return Check(name, "good", value)
    if best.down == as_it_is.down:
        return Check(name, "caution", value, "It lies best as it is: print it with supports.")
    advice = f"Print it {best.words} ({100 * best.overhang_share:.1f} %), or with supports."
    return Check(name, "caution", value, advice)
