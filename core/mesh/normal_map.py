"""Fine relief as a normal map: a surface of few triangles, shaded as if it had many."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.geometry.camera import Intrinsics
from core.geometry.reconstruction import Reconstruction
from core.mesh.plaster import vertex_normals
from core.mesh.surface import Surface, with_fine_relief, without_streaks
from core.mesh.triangulation import fill_outside, sample

BASE_BLUR = 3 / 512  # of the map's side (1.5 mm on a face): vertices carry the smooth form alone, however few they are
DETAIL_BLUR = 1 / 512  # networks' own maps are coarser than the crop: without it their cells would show
LEAST_FRONT = 0.05  # glTF has no normals that point into the surface
LEAST_WEIGHT = 1e-3  # of a blur: less comes from too far off

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class NormalMap:
    """Normals of a surface with fine relief, told from those of the same surface without it.

    picture : (N, N, 3) uint8 over the crop's square, tangent space as in glTF: red along the tangent, green up the
    picture, blue along the normal, -1..1 as 0..255. (128, 128, 255) outside the head.
    normals, tangents : (N, N, 3) float32 unit, mesh frame, at right angles to each other: of the surface without fine
    relief. Tangents lie along the picture's rows, to the right. The third direction is normal x tangent.
    known : (N, N) bool: the head.
    """

    picture: NDArray[np.uint8]
    normals: Floats
    tangents: Floats
    known: NDArray[np.bool_]

    def of(self, surface: Surface) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Normals and tangents (n, 3) of its vertices; the triangles' own normals where no head is."""
        points = np.stack([surface.uv[:, 0], 1 - surface.uv[:, 1]], axis=-1) * len(self.known) - 0.5
        normals, tangents = (
            np.stack([sample(one[..., i], points) for i in range(3)], axis=-1) for one in (self.normals, self.tangents)
        )
        inside = sample(self.known.astype(np.float32), points) >= 0.5
        normals = np.where(inside[:, None], normals, vertex_normals(surface.vertices_mm, surface.faces))
        tangents[~inside] = (1, 0, 0)
        return _upright(normals, tangents)


def normal_map(reconstruction: Reconstruction) -> NormalMap | None:
    """The fine relief of a head as a normal map, at the strength that was asked for; None where there is none.

    It is of the surface as `make_surface` bends and refines it, so has at most `FINEST_SIDE_PX` pixels a side.
    """
    if reconstruction.fine_relief is None or not reconstruction.facts.fine_relief:
        return None
    shape = with_fine_relief(without_streaks(reconstruction), "adaptive")
    side = shape.depth_mm.shape[0]
    head = cv2.resize(reconstruction.head.astype(np.float32), (side, side), interpolation=cv2.INTER_LINEAR) > 0.5
    head &= shape.mask
    detailed = fill_outside(shape.depth_mm, shape.mask).astype(np.float32)
    detailed_slopes = _slopes(detailed, shape.intrinsics)
    slopes = _slopes(detailed + reconstruction.drawn_mm(side), shape.intrinsics)
    smooth, known = _blurred(slopes, head, side * BASE_BLUR)
    normals, tangents = _upright(np.cross(smooth[0], smooth[1]), smooth[0])
    plain, well_known = _blurred(slopes, head, side * DETAIL_BLUR)
    known &= well_known
    right, up = plain + detailed_slopes - slopes
    fine = _unit(np.cross(right, up))
    told = np.stack([_dot(fine, axis) for axis in (tangents, np.cross(normals, tangents), normals)], axis=-1)
    told[..., 2] = np.maximum(told[..., 2], LEAST_FRONT)
    told = np.where(known[..., None], _unit(told), (0, 0, 1))
    return NormalMap(np.round(127.5 * told + 127.5).astype(np.uint8), normals, tangents, known)


def _slopes(depth: Floats, camera: Intrinsics) -> Floats:
    """(2, H, W, 3): mm of the mesh frame per pixel to the right and up, of a depth (H, W) without gaps."""
    places = np.stack(np.meshgrid(*(np.arange(n, dtype=np.float64) for n in depth.shape[::-1])), axis=-1)
    points = (camera.unproject(places, depth) * [1, -1, -1]).astype(np.float32)
    kernel = np.array([[-0.5, 0, 0.5]], np.float32)
    return np.stack([cv2.filter2D(points, -1, one) for one in (kernel, -kernel.T)])


def _blurred(slopes: Floats, head: NDArray[np.bool_], blur_px: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Slopes (2, H, W, 3) blurred within the head, so that a rim is no flatter than what is beside it; and where."""
    inner = cv2.erode(head.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0).astype(np.float32)
    weight = cv2.GaussianBlur(inner, (0, 0), blur_px)
    blurred = np.stack([cv2.GaussianBlur(one * inner[..., None], (0, 0), blur_px) for one in slopes])
    return np.asarray(blurred / np.maximum(weight, np.float32(LEAST_WEIGHT))[..., None], np.float32), head & (
        weight > LEAST_WEIGHT
    )


def _upright(normals: NDArray[np.floating], tangents: NDArray[np.floating]) -> tuple[Any, Any]:
    """Normals and tangents (..., 3), unit and at right angles."""
    normals = _unit(normals)
    return normals, _unit(tangents - normals * _dot(normals, tangents)[..., None])


def _unit(vectors: NDArray[np.floating]) -> Any:
    return vectors / np.maximum(np.sqrt(_dot(vectors, vectors)), 1e-12)[..., None]


def _dot(some: NDArray[np.floating], others: NDArray[np.floating]) -> Any:
    return np.einsum("...i,...i->...", some, others)
