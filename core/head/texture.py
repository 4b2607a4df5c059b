"""The head's texture: the photo, its mirror image where it shows the other side alone, and smooth colours elsewhere.

What is not seen is guessed. The mirror image is brought to the light of its side, as far as both sides are seen; where
neither is, colours pass smoothly over the head from those that are known.
"""

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
import scipy
from numpy.typing import NDArray

from core.geometry.reconstruction import Reconstruction
from core.head.detail import level
from core.head.fit import FLIP, upright
from core.head.head import Head
from core.head.operators import factorised, operators
from core.head.painting import Pixels, looked_up, painted
from core.head.template import Region, template

HEIGHTS_PX = 1024, 2048  # the larger where the photo shows as much of the face
SPREAD_MM2, LIGHT_SPREAD_MM2 = 0.02, 2.0  # how far colours, and light, pass over what is known
SOFT_PX = 1.5  # of the crop: colours that pass on are those of a place, not of a hair
FRONT_PX, FRONT_MM = (960, 768), 320.0  # height and width of the front view, and how much it shows from top to bottom
FRONT_ROOM = 1.04
FRONT_MIDDLE_MM = 20.0  # above the middle between the pupils of the template's frame
PAPER = (245.0, 241.0, 234.0)


def head_texture(head: Head, reconstruction: Reconstruction) -> NDArray[np.uint8]:
    """(H, 3 H / 2, 3) uint8: the texture of a head, laid out as `HeadTemplate.uv` says."""
    height = HEIGHTS_PX[len(reconstruction.texture) >= HEIGHTS_PX[0]]
    texels, picture = _texels(height), np.zeros((height, height * 3 // 2, 3), np.float32)
    picture[texels.rows, texels.columns] = _colours(
        head, reconstruction, lambda values: texels.between(values, template().faces)
    )
    return _filled(picture, texels)


def vertex_colours(head: Head, reconstruction: Reconstruction, number: int) -> NDArray[np.uint8]:
    """(n, 3) uint8: the colours of the vertices of the head at a level."""
    weights = level(number).weights.astype(np.float32)
    found = _colours(head, reconstruction, lambda values: np.asarray(weights @ values, np.float32))
    return np.round(found).astype(np.uint8)


def _colours(
    head: Head, reconstruction: Reconstruction, between: Callable[[NDArray[np.floating]], NDArray[np.float32]]
) -> NDArray[np.float32]:
    """(t, 3) 0..255: the colours of places between vertices; between : what vertices have (n, k) -> theirs (t, k)."""
    model, photo = template(), reconstruction.texture.astype(np.float32)
    ratio = len(photo) / len(reconstruction.depth_mm)
    at = reconstruction.intrinsics.project(head.points * FLIP + reconstruction.origin_mm)
    at = (at + 0.5) * ratio - 0.5
    seen = np.clip(operators().stretched(head.seen, Region.HOLLOW), 0, 1)  # of a shape that is guessed, not of colours
    mirrored = seen[model.mirror]
    soft = np.asarray(cv2.GaussianBlur(photo, (0, 0), SOFT_PX * ratio), np.float32)
    own = looked_up(soft, at)
    other = own[model.mirror]
    lighter = _spread(own - other, np.minimum(seen, mirrored), LIGHT_SPREAD_MM2)
    known = np.where((seen > mirrored)[:, None], own, other + lighter)
    guess = _spread(known, np.maximum(seen, mirrored), SPREAD_MM2)
    of_vertices = np.column_stack([at, at[model.mirror], lighter, guess, seen, mirrored])
    place, opposite, light, guessed, first, second = np.split(between(of_vertices), [2, 4, 7, 10, 11], axis=1)
    reflected = looked_up(photo, opposite) + light
    mixed = first * looked_up(photo, place) + (1 - first) * (second * reflected + (1 - second) * guessed)
    return np.asarray(np.clip(mixed, 0, 255))


def front_view(head: Head, texture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(960, 768, 3) uint8: the head as seen straight from the front, from far away."""
    model, (height, width) = template(), FRONT_PX
    straight = upright(head.fit, head.points)
    reach = np.abs(straight[:, :2] - [0.0, FRONT_MIDDLE_MM]).max(0) * FRONT_ROOM  # of much hair all is shown, smaller
    px_per_mm = min(height / FRONT_MM, width / (2 * reach[0]), height / (2 * reach[1]))
    at = np.stack(
        [straight[:, 0] * px_per_mm + width / 2, height / 2 - (straight[:, 1] - FRONT_MIDDLE_MM) * px_per_mm], axis=1
    )
    shown = painted(at, model.faces, FRONT_PX, near=straight[:, 2])
    uv = shown.between(model.uv, model.uv_faces)
    place = np.stack([uv[:, 0] * texture.shape[1] - 0.5, (1 - uv[:, 1]) * texture.shape[0] - 0.5], axis=1)
    picture = np.tile(np.array(PAPER, np.float32), (height, width, 1))
    picture[shown.rows, shown.columns] = looked_up(texture.astype(np.float32), place)
    return np.round(picture).astype(np.uint8)


@cache
def _texels(height: int) -> Pixels:
    model, width = template(), height * 3 // 2
    at = np.stack([model.uv[:, 0] * width - 0.5, (1 - model.uv[:, 1]) * height - 0.5], axis=1)
    return painted(at, model.uv_faces, (height, width))


def _spread(values: NDArray[np.floating], known: NDArray[np.float64], reach_mm2: float) -> NDArray[np.float64]:
    """Values (n, k) where they are known (n,), 0..1, passed smoothly over the head to where they are not."""
    weight = known * operators().areas
    matrix = scipy.sparse.diags(weight + 1e-9 * operators().areas) + reach_mm2 * operators().laplacian
    solver = factorised(matrix.tocsc())
    share = solver.solve(weight)
    return np.asarray(solver.solve(weight[:, None] * values) / np.maximum(share, 1e-6)[:, None])


def _filled(picture: NDArray[np.float32], texels: Pixels) -> NDArray[np.uint8]:
    """The texture with what lies between its pictures filled from their edges, so that no seam shows."""
    known = np.zeros(picture.shape[:2], np.uint8)
    known[texels.rows, texels.columns] = 1
    _, nearest = cv2.distanceTransformWithLabels(1 - known, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    place = np.zeros(nearest.max() + 1, np.intp)
    place[nearest[texels.rows, texels.columns]] = np.arange(len(texels.rows))
    which = place[nearest]
    return np.round(picture[texels.rows[which], texels.columns[which]]).astype(np.uint8)
