"""Triangles -> pixels, compiled: vertex normals, a perspective z-buffer, a depth map seen from a light."""

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

NEAREST_CM = 2.0  # triangles nearer to the camera than this are left out

# What a triangle is made of; the shader asks.
SKIN, MOUTH, GUMS, TEETH, EYE, CLOTH, HAT, BRIM, HAIR = range(9)

# Columns of the attributes of a vertex. Head: place on the neutral head, openness to light, regions. Others: below.
X, Y, Z, OPEN, LIPS, BEARD, LASHES, UNDER_EYES, FLUSH, SCALP, FOLDS = range(11)
ATTRIBUTES = 11
U, V = X, Y  # cloth, hats, hair: texture coordinates
HEIGHT, EDGE, SHADE = Z, LIPS, OPEN  # hair: height of the layer 0..1, cm to the hairline, openness

compiled = numba.njit(cache=True, fastmath=True)
inlined = numba.njit(cache=True, fastmath=True, inline="always")


class Camera(NamedTuple):
    """Pinhole: focal length and principal point in pixels (pixel centres at integers), side of the square picture."""

    focal_px: float
    cx: float
    cy: float
    side: int


class Fragments(NamedTuple):
    """The nearest surface at each pixel.

    inverse_depth : (S, S) float32, 1 / z in 1 / cm, 0 where there is nothing.
    triangle : (S, S) int32, -1 where there is nothing.
    first, second : (S, S) float32, perspective-correct weights of the triangle's first two corners.
    """

    inverse_depth: NDArray[np.float32]
    triangle: NDArray[np.int32]
    first: NDArray[np.float32]
    second: NDArray[np.float32]

    @classmethod
    def empty(cls, side: int) -> "Fragments":
        """Nothing at any pixel."""
        zeros = [np.zeros((side, side), np.float32) for _ in range(3)]
        return cls(zeros[0], np.full((side, side), -1, np.int32), zeros[1], zeros[2])


@compiled
def vertex_normals(points, triangles):  # type: ignore[no-untyped-def]
    """Unit normals, the mean of those of the triangles around, weighted by area: points (n, 3) -> (n, 3)."""
    normals = np.zeros_like(points)
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ux, uy, uz = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1], points[b, 2] - points[a, 2]
        vx, vy, vz = points[c, 0] - points[a, 0], points[c, 1] - points[a, 1], points[c, 2] - points[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for corner in (a, b, c):
            normals[corner, 0] += nx
            normals[corner, 1] += ny
            normals[corner, 2] += nz
    for i in range(points.shape[0]):
        length = np.sqrt(normals[i, 0] ** 2 + normals[i, 1] ** 2 + normals[i, 2] ** 2) + 1e-9
        normals[i] /= length
    return normals


@inlined
def texture(bank, layer, u, v):  # type: ignore[no-untyped-def]
    """Bilinear, tiled look-up in bank (layers, side, side), side a power of two; u and v count tiles."""
    side = bank.shape[1]
    x, y = u * side, v * side
    left, top = np.floor(x), np.floor(y)
    fx, fy = x - left, y - top
    i, j = int(left) & (side - 1), int(top) & (side - 1)
    i1, j1 = (i + 1) & (side - 1), (j + 1) & (side - 1)
    upper = bank[layer, j, i] * (1 - fx) + bank[layer, j, i1] * fx
    lower = bank[layer, j1, i] * (1 - fx) + bank[layer, j1, i1] * fx
    return upper * (1 - fy) + lower * fy


@inlined
def smoothstep(low, high, value):  # type: ignore[no-untyped-def]
    """0 below `low`, 1 above `high` (or the other way round if high < low), smooth between."""
    t = min(max((value - low) / (high - low), 0.0), 1.0)
    return t * t * (3 - 2 * t)


class Strands(NamedTuple):
    """How a fragment of hair decides whether it is there."""

    layer: int  # of the texture bank: straight strands or curls
    across: float  # tiles round the head
    along: float  # tiles per 30 cm of hair
    start: float
    spread: float  # how much strands differ in length, 0..1
    hairline_cm: float  # width over which hair thins out towards its edge


@compiled
def rasterise(points, triangles, material, attributes, camera, bank, strands, two_sided_from, fragments):  # type: ignore[no-untyped-def]
    """Draw triangles, the nearest wins. Those below `two_sided_from` show their front only.

    points : (n, 3) float32, camera frame, cm. attributes : (n, 11) float32, columns above.
    Hair triangles are layers of a fur: a fragment is there if its strand reaches the layer's height.
    """
    depth, index, first, second = fragments
    count, last = points.shape[0], camera.side - 1
    px, py, pi = np.empty(count, np.float32), np.empty(count, np.float32), np.empty(count, np.float32)
    for i in range(count):
        pi[i] = 1.0 / points[i, 2]
        px[i] = camera.focal_px * points[i, 0] * pi[i] + camera.cx
        py[i] = camera.focal_px * points[i, 1] * pi[i] + camera.cy
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        area = (px[b] - px[a]) * (py[c] - py[a]) - (px[c] - px[a]) * (py[b] - py[a])
        if area == 0 or (t < two_sided_from and area > 0):
            continue
        if points[a, 2] < NEAREST_CM or points[b, 2] < NEAREST_CM or points[c, 2] < NEAREST_CM:
            continue
        x0, x1 = max(0, int(np.ceil(min(px[a], px[b], px[c])))), min(last, int(np.floor(max(px[a], px[b], px[c]))))
        y0, y1 = max(0, int(np.ceil(min(py[a], py[b], py[c])))), min(last, int(np.floor(max(py[a], py[b], py[c]))))
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                w0 = ((px[b] - x) * (py[c] - y) - (px[c] - x) * (py[b] - y)) / area
                w1 = ((px[c] - x) * (py[a] - y) - (px[a] - x) * (py[c] - y)) / area
                w2 = 1 - w0 - w1
                if w0 < 0 or w1 < 0 or w2 < 0:
                    continue
                inverse = w0 * pi[a] + w1 * pi[b] + w2 * pi[c]
                if inverse <= depth[y, x]:
                    continue
                w0, w1 = w0 * pi[a] / inverse, w1 * pi[b] / inverse
                if material[t] == HAIR and not _hair_there(attributes, a, b, c, w0, w1, bank, strands):
                    continue
                depth[y, x], index[y, x], first[y, x], second[y, x] = inverse, t, w0, w1


@inlined
def between(values, column, a, b, c, w0, w1):  # type: ignore[no-untyped-def]
    """One attribute inside a triangle."""
    return values[a, column] * w0 + values[b, column] * w1 + values[c, column] * (1 - w0 - w1)


@inlined
def _hair_there(attributes, a, b, c, w0, w1, bank, strands):  # type: ignore[no-untyped-def]
    height = between(attributes, HEIGHT, a, b, c, w0, w1)
    edge = between(attributes, EDGE, a, b, c, w0, w1)
    u, v = between(attributes, U, a, b, c, w0, w1), between(attributes, V, a, b, c, w0, w1)
    noise = texture(bank, strands.layer, u * strands.across + strands.start, v * strands.along)
    # Near its edge hair is sparse: only the strands that the noise favours, and those are short.
    dense = smoothstep(0.0, strands.hairline_cm, edge + 0.35 * strands.hairline_cm * noise)
    return dense * (1.0 - strands.spread * (0.5 - 0.33 * noise)) > height


@compiled
def depth_from(points, triangles, axes, scale, centre_u, centre_v, side):  # type: ignore[no-untyped-def]
    """Orthographic depth map: axes (3, 3) rows right, down, towards the viewer -> (side, side), larger is nearer."""
    seen = np.full((side, side), np.float32(-1e9))
    count = points.shape[0]
    u, v, w = np.empty(count, np.float32), np.empty(count, np.float32), np.empty(count, np.float32)
    for i in range(count):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        u[i] = (axes[0, 0] * x + axes[0, 1] * y + axes[0, 2] * z - centre_u) * scale + side * 0.5
        v[i] = (axes[1, 0] * x + axes[1, 1] * y + axes[1, 2] * z - centre_v) * scale + side * 0.5
        w[i] = axes[2, 0] * x + axes[2, 1] * y + axes[2, 2] * z
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        area = (u[b] - u[a]) * (v[c] - v[a]) - (u[c] - u[a]) * (v[b] - v[a])
        if area == 0:
            continue
        x0, x1 = max(0, int(np.ceil(min(u[a], u[b], u[c])))), min(side - 1, int(np.floor(max(u[a], u[b], u[c]))))
        y0, y1 = max(0, int(np.ceil(min(v[a], v[b], v[c])))), min(side - 1, int(np.floor(max(v[a], v[b], v[c]))))
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                w0 = ((u[b] - x) * (v[c] - y) - (u[c] - x) * (v[b] - y)) / area
                w1 = ((u[c] - x) * (v[a] - y) - (u[a] - x) * (v[c] - y)) / area
                if w0 < 0 or w1 < 0 or w0 + w1 > 1:
                    continue
                near = w0 * w[a] + w1 * w[b] + (1 - w0 - w1) * w[c]
                seen[y, x] = max(seen[y, x], near)
    return seen
