"""Depth map and fine relief -> triangles: adaptive Delaunay within the head's outline, or a dense grid."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import scipy
from numpy.typing import NDArray

from core.errors import GeometryError
from core.geometry.reconstruction import Reconstruction
from core.mesh.colours import without_background
from core.mesh.dense_grid import decimated, dense_grid
from core.mesh.grazing import bent
from core.mesh.taubin import taubin
from core.mesh.triangulation import fill_outside, grid, outlines, sample, triangulate
from core.options.run import TOLERANCE_MM, SurfaceKind
from core.options.solid import MAX_TRIANGLES

EVEN_STEP_PX = 10.0  # of the first, even points, which carry colours where the head is flat …
EVEN_ROWS = 50  # … but no more than about so many across a map, however fine
RIM_PX = 1.0  # the outline is drawn this far inside the mask, where the depth is still the head's
MAX_SLOPE = 60.0  # depth may change by this many times the distance across (89 degrees); beyond, the surface is cut
FINEST_SIDE_PX = 1024  # fine relief is drawn on a map of at most this side: 0.25 mm a pixel, finer than a print
MIN_PIECE = 0.02  # of the triangles: smaller pieces left by the cutting are dropped


@dataclass(frozen=True)
class Surface:
    """An open, textured surface.

    vertices_mm : (n, 3) float64, mesh frame (x right, y up, z towards the viewer). faces : (m, 3) int32, outward
    counter-clockwise. uv : (n, 2) float64 in 0..1, origin at the texture's lower left. colours : (n, 3) uint8.
    error_mm : largest distance of the bent depth map from the surface; None where it was not looked for.
    """

    vertices_mm: NDArray[np.float64]
    faces: NDArray[np.int32]
    uv: NDArray[np.float64]
    colours: NDArray[np.uint8]
    error_mm: float | None


def make_surface(
    reconstruction: Reconstruction,
    max_triangles: int = MAX_TRIANGLES,
    tolerance_mm: float = TOLERANCE_MM,
    kind: SurfaceKind = "adaptive",
    smoothing: int = 0,
) -> Surface:
    """Turn a reconstruction's depth into triangles.

    Its fine relief is part of it. A head is bent where the line of sight grazes it, and so is one piece; a background
    that was kept is cut off there.

    kind : "adaptive" (points where they are needed, to the tolerance or the budget, whichever comes first) or "grid"
    (every pixel, decimated to the budget). smoothing : rounds of Taubin's smoothing, which keeps the volume.

    Raises
    ------
    GeometryError
        There is too little depth, or nothing is left after cutting.
    """
    shape = with_fine_relief(without_streaks(reconstruction), kind)
    camera = shape.intrinsics
    if kind == "grid":
        points, depth, faces, error = _grid(shape)
    else:
        points, depth, faces, error = _adaptive(shape, max_triangles, tolerance_mm)
    faces = faces[~_jumps(points, depth, faces, camera.focal_px)]
    faces = _large_pieces(faces, len(points))
    if len(faces) == 0:
        raise GeometryError("No surface is left after cutting at depth jumps. Use another photo or network.")
    used, renumbered = np.unique(faces, return_inverse=True)
    points, faces = points[used], renumbered.reshape(-1, 3).astype(np.int32)
    in_camera = camera.unproject(points, depth[used])
    if smoothing:
        in_camera = taubin(in_camera, faces, smoothing)
    in_camera, faces = decimated(in_camera, faces, max_triangles)
    return Surface(reconstruction.to_mesh_frame(in_camera), faces, *dressed(reconstruction, in_camera), error)


def dressed(
    reconstruction: Reconstruction, in_camera_mm: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Return uv (n, 2) and colours (n, 3), as a `Surface` has them, of points (n, 3) of the camera frame."""
    points = reconstruction.intrinsics.project(in_camera_mm)
    side = reconstruction.depth_mm.shape[0]
    uv = np.stack([(points[:, 0] + 0.5) / side, 1 - (points[:, 1] + 0.5) / side], axis=-1)
    rgb = without_background(reconstruction.crop_rgb, reconstruction.mask).astype(np.float32)
    colours = np.stack([sample(rgb[..., i], points) for i in range(3)], axis=-1)
    return uv, np.round(colours).astype(np.uint8)


def without_streaks(reconstruction: Reconstruction) -> Reconstruction:
    """The same with its head bent; a whole photo, in which no head is known, as it is."""
    head = reconstruction.head
    if reconstruction.landmarks_px is None or not head.any():
        return reconstruction
    distance = float(np.median(reconstruction.depth_mm[head]))
    pixel = float(reconstruction.intrinsics.pixel_mm(distance)) / distance
    return replace(reconstruction, depth_mm=bent(reconstruction.depth_mm, head, pixel))


def with_fine_relief(reconstruction: Reconstruction, kind: SurfaceKind) -> Reconstruction:
    """The same with its fine relief in the depth, on a finer map where the photo has more pixels.

    The grid keeps the crop's pixels: it has a vertex for each.
    """
    fine, side = reconstruction.fine_relief, reconstruction.depth_mm.shape[0]
    if fine is None:
        return reconstruction
    finer = 1 if kind == "grid" else max(1, min(FINEST_SIDE_PX, fine.shape[0]) // side)
    drawn = reconstruction.drawn_mm(side * finer)
    if finer == 1:
        return replace(reconstruction, depth_mm=reconstruction.depth_mm - drawn)
    mask = cv2.resize(reconstruction.mask.astype(np.float32), drawn.shape, interpolation=cv2.INTER_LINEAR) > 0.5
    depth = fill_outside(reconstruction.depth_mm, reconstruction.mask).astype(np.float32)
    depth = np.where(mask, cv2.resize(depth, drawn.shape, interpolation=cv2.INTER_CUBIC) - drawn, np.nan)
    shift = 0.5 / finer - 0.5
    to_crop = np.array([[1 / finer, 0, shift], [0, 1 / finer, shift]])
    camera = reconstruction.intrinsics.cropped(to_crop)
    return replace(reconstruction, depth_mm=depth.astype(np.float32), intrinsics=camera)


def _adaptive(
    reconstruction: Reconstruction, max_triangles: int, tolerance_mm: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int32], float | None]:
    """Points (n, 2) px, their depth, faces within the outline, and the largest error left."""
    mask = reconstruction.mask
    depth = fill_outside(reconstruction.depth_mm, mask)
    seeds = np.concatenate([*outlines(mask, -RIM_PX), grid(mask, max(EVEN_STEP_PX, len(mask) / EVEN_ROWS))])
    refine = scipy.ndimage.binary_erosion(mask, iterations=2)
    pixel_mm = float(reconstruction.intrinsics.pixel_mm(float(np.nanmedian(reconstruction.depth_mm))))
    mesh = triangulate(depth, refine, seeds, sample(depth, seeds), pixel_mm, max_triangles, tolerance_mm)
    inside = sample(mask.astype(np.float32), mesh.points_px[mesh.faces].mean(1)) > 0.5
    return mesh.points_px, mesh.heights, mesh.faces[inside], mesh.error


def _grid(
    reconstruction: Reconstruction,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int32], float | None]:
    """As `_adaptive`, of all pixels; without an error, as none is looked for."""
    mask = reconstruction.mask
    if not mask.any():
        raise GeometryError("There is no depth to make a surface from. Use another photo or network.")
    pixels, faces = dense_grid(mask, reconstruction.depth_mm)
    return pixels.astype(np.float64), reconstruction.depth_mm[mask].astype(np.float64), faces, None


def _jumps(
    points_px: NDArray[np.float64], depth_mm: NDArray[np.float64], faces: NDArray[np.int32], focal_px: float
) -> NDArray[np.bool_]:
    """(m,) bool: triangles with an edge whose depth changes too much, relative to it, for the angle it is seen under.

    Of edges and not of planes: slivers lie in planes of any steepness, and would leave holes where nothing jumps.
    """
    z, p = depth_mm[faces], points_px[faces]
    change = np.abs(np.roll(z, -1, axis=1) - z) / z.min(1, keepdims=True)
    across = np.linalg.norm(np.roll(p, -1, axis=1) - p, axis=-1)
    return np.asarray((change > MAX_SLOPE / focal_px * across).any(1))


def _large_pieces(faces: NDArray[np.int32], vertex_count: int) -> NDArray[np.int32]:
    """Faces of connected pieces that hold at least `MIN_PIECE` of all faces."""
    if len(faces) == 0:
        return faces
    start, end = faces.ravel(), np.roll(faces, 1, axis=1).ravel()
    graph = scipy.sparse.coo_matrix((np.ones(len(start), bool), (start, end)), shape=(vertex_count, vertex_count))
    piece = scipy.sparse.csgraph.connected_components(graph, directed=False)[1][faces[:, 0]]
    sizes = np.bincount(piece)
    return np.asarray(faces[sizes[piece] >= max(MIN_PIECE * len(faces), 1)])
