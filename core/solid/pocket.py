"""A pocket in the back of a solid: a keyhole to hang it on a screw, or a round one for a magnet."""

import cv2
import manifold3d
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from core.errors import GeometryError
from core.options import SolidOptions
from core.solid.shape import BARE, Solid

HEAD_MM = 9.0  # a 4 mm countersunk screw's head is 7.5 to 8.4 mm wide (ISO 10642, ISO 14585)
SHANK_MM = 4.8
SLOT_MM = 10.0  # how far the screw slides up behind the lip
LIP_MM = 1.8
CHANNEL_MM = 3.0  # depth behind the lip
CLEARANCE_MM = 0.2  # a magnet goes in by hand
SKIN_NOZZLES = 2.0  # at least so many nozzle widths stay in front of the pocket and beside it
ROUND = 64  # segments of a circle
WELD_MM = 0.002  # vertices of the cut closer than this become one: a file holds single precision


def depth_mm(options: SolidOptions) -> float:
    """How deep the pocket goes."""
    return LIP_MM + CHANNEL_MM if options.fastening == "keyhole" else options.magnet_depth_mm + CLEARANCE_MM / 2


def footprint(options: SolidOptions, pitch_mm: float, beside_mm: float) -> NDArray[np.uint8]:
    """(h, w) of odd sides, 1 where the pocket or what must stay beside it is; its middle is the pocket's place."""
    wide = HEAD_MM if options.fastening == "keyhole" else options.magnet_mm + CLEARANCE_MM
    long = SLOT_MM if options.fastening == "keyhole" else 0.0
    radius = (wide / 2 + beside_mm) / pitch_mm
    half = (int(np.ceil(radius + long / 2 / pitch_mm)), int(np.ceil(radius)))
    y, x = np.mgrid[-half[0] : half[0] + 1, -half[1] : half[1] + 1]
    y = np.maximum(np.abs(y) - long / 2 / pitch_mm, 0)
    return (np.hypot(x, y) <= radius).astype(np.uint8)


def place(
    thickness_mm: NDArray[np.float64], pitch_mm: float, options: SolidOptions, behind_mm: float = 0.0
) -> NDArray[np.int64]:
    """Where the pocket goes, x and y in map pixels: where there is room, as near as can be to where it hangs well.

    thickness_mm : (H, W), of the solid over its flat back, 0 where there is none. behind_mm : needed beyond the pocket.

    Raises
    ------
    GeometryError
        It is too thin everywhere.
    """
    skin = SKIN_NOZZLES * options.nozzle_mm
    needed = depth_mm(options) + CLEARANCE_MM + skin + behind_mm
    within = np.ascontiguousarray(thickness_mm, dtype=np.float64)
    least = cv2.erode(within, footprint(options, pitch_mm, skin), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    rows, columns = np.nonzero(least >= needed)
    if len(rows) == 0:
        raise GeometryError(
            f"There is no place thick enough for a {options.fastening}, which takes {needed:.1f} mm. "
            "Make the solid larger or its base thicker, or choose no fastening."
        )
    body = np.argwhere(thickness_mm > 0)
    high = 25.0 if options.fastening == "keyhole" else 50.0  # a solid hangs upright from above its middle
    target = [np.percentile(body[:, 0], high), (body[:, 1].min() + body[:, 1].max()) / 2]
    best = np.argmin((rows - target[0]) ** 2 + 4 * (columns - target[1]) ** 2)
    return np.array([columns[best], rows[best]])


def boss(shape: tuple[int, ...], at_px: NDArray[np.int64], pitch_mm: float, options: SolidOptions) -> NDArray[np.bool_]:
    """(H, W) bool: what a hollow solid keeps filled behind a pocket at `at_px`, a wall all round it."""
    spot = np.zeros(shape, np.uint8)
    spot[at_px[1], at_px[0]] = 1
    return np.asarray(cv2.dilate(spot, footprint(options, pitch_mm, options.wall_mm)) > 0)


def boss_solid(at_mm: NDArray[np.float64], options: SolidOptions) -> manifold3d.Manifold:
    """The same as a solid that stands on z = 0, for a pocket at x and y (2,), with a wall over the pocket as well."""
    wide = HEAD_MM if options.fastening == "keyhole" else options.magnet_mm + CLEARANCE_MM
    reach = np.array([0, SLOT_MM / 2 if options.fastening == "keyhole" else 0.0])
    low, high = tuple(at_mm - reach), tuple(at_mm + reach)
    section = _between(wide + 2 * options.wall_mm, low, high)
    return prism(section, -1, depth_mm(options) + CLEARANCE_MM + options.wall_mm)


def cut(solid: Solid, at_mm: NDArray[np.float64], options: SolidOptions) -> Solid:
    """The solid with the pocket in its back, which lies at z = 0, at x and y (2,); y is up on the wall."""
    if options.fastening == "keyhole":
        low, high = (at_mm[0], at_mm[1] - SLOT_MM / 2), (at_mm[0], at_mm[1] + SLOT_MM / 2)
        # No two walls of the parts coincide: slivers would come of that.
        entry = prism(disc(HEAD_MM + 2 * CLEARANCE_MM, low), -1, depth_mm(options) + CLEARANCE_MM)
        slot = prism(_between(SHANK_MM, low, high), -1, LIP_MM + CHANNEL_MM / 2)
        tool = entry + slot + prism(_between(HEAD_MM, low, high), LIP_MM, depth_mm(options))
    else:
        tool = prism(disc(options.magnet_mm + CLEARANCE_MM, (at_mm[0], at_mm[1])), -1, depth_mm(options))
    return subtracted(solid, tool, f"The {options.fastening}")


def subtracted(solid: Solid, tool: manifold3d.Manifold, what: str) -> Solid:
    """The solid without the tool, which is called `what` in words.

    Raises
    ------
    GeometryError
        What is left is not one body with one surface.
    """
    left = (as_manifold(solid.vertices_mm, solid.faces) - tool).set_tolerance(WELD_MM)
    pieces = left.decompose()
    if left.status() != manifold3d.Error.NoError or len(pieces) != 1 or left.genus() != 0:
        raise GeometryError(f"{what} would break through the solid. Make the solid larger or thicker, or leave it out.")
    return from_manifold(left, solid)


def as_manifold(vertices: NDArray[np.float64], faces: NDArray[np.int32]) -> manifold3d.Manifold:
    """For boolean operations."""
    mesh = manifold3d.Mesh64(np.array(vertices, np.float64, order="C"), np.array(faces, np.uint64, order="C"))
    return manifold3d.Manifold(mesh)


def from_manifold(body: manifold3d.Manifold, before: Solid) -> Solid:
    """A solid of what became of another one, whose colours stay where its points are."""
    mesh = body.to_mesh64()
    vertices, faces = np.asarray(mesh.vert_properties)[:, :3], np.asarray(mesh.tri_verts).astype(np.int32)
    distance, nearest = cKDTree(before.vertices_mm).query(vertices)
    colours = np.where((distance < WELD_MM)[:, None], before.colours[nearest], BARE).astype(np.uint8)
    return Solid(vertices, faces, colours, before.scale)


def disc(diameter: float, centre: tuple[float, float]) -> manifold3d.CrossSection:
    """A round section."""
    return manifold3d.CrossSection.circle(diameter / 2, ROUND).translate(centre)


def _between(width: float, a: tuple[float, float], b: tuple[float, float]) -> manifold3d.CrossSection:
    """A slot with round ends."""
    return manifold3d.CrossSection.batch_hull([disc(width, a), disc(width, b)])


def prism(section: manifold3d.CrossSection, low: float, high: float) -> manifold3d.Manifold:
    """A section from one height to another."""
    return manifold3d.Manifold.extrude(section, high - low).translate((0, 0, low))
