"""Triangles -> what a pinhole camera sees of them: the nearness of each pixel, its triangle, its colour."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import PhotoError
from core.scan.triangles import Triangles

AT_ONCE = 2 * 10**6  # rows of triangles, or pixels of them, that are in memory at a time
MOST_WORK = 6 * 10**8  # pixels of all triangles together: a head has a million
PLASTER = (206, 168, 146)  # about that of skin: the finder has learnt from photos
BACKDROP = 128
LEAST_LIGHT, LIGHT = 0.35, (0.0, -0.35, -1.0)  # from the front, a little from above; camera frame


@dataclass(frozen=True)
class View:
    """A camera before a scan: `rotation @ (point - centre)` is in its frame, x right, y down, z forward.

    rotation : (3, 3). centre : (3,) where the camera stands, in the scan's unit. focal_px, side_px : of the square
    picture, whose principal point is its middle.
    """

    rotation: NDArray[np.float64]
    centre: NDArray[np.float64]
    focal_px: float
    side_px: int

    @classmethod
    def at(
        cls, rotation: NDArray[np.float64], target: NDArray[np.float64], distance: float, field: float, side_px: int
    ) -> "View":
        """From `distance` straight at `target`; there the picture is `field` wide. All in the scan's unit."""
        return cls(rotation, target - distance * rotation[2], side_px * distance / field, side_px)

    @property
    def middle_px(self) -> float:
        """The principal point, in x and in y."""
        return (self.side_px - 1) / 2

    def seen(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, 3) of the scan -> of the camera's frame."""
        return (points - self.centre) @ self.rotation.T

    def lifted(self, places_px: NDArray[np.floating], nearness: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, 2) places in the picture -> (N, 3) on the surface, camera frame; NaN where there is none.

        nearness : as in `Drawing`.
        """
        columns, rows = np.clip(np.floor(places_px), 0, self.side_px - 2).astype(int).T
        x, y = (places_px - np.c_[columns, rows]).T
        corners = [(0, 0, (1 - x) * (1 - y)), (0, 1, x * (1 - y)), (1, 0, (1 - x) * y), (1, 1, x * y)]
        weights = np.stack([np.clip(weight, 1e-6, 1) for *_, weight in corners])
        values = np.stack([nearness[rows + down, columns + right] for down, right, _ in corners])
        there = np.isfinite(values)
        near = np.where(there, values * weights, 0).sum(0) / np.maximum(np.where(there, weights, 0).sum(0), 1e-12)
        z = 1 / np.where(there.any(0), near, np.nan)
        return np.c_[(places_px - self.middle_px) / self.focal_px * z[:, None], z]


@dataclass(frozen=True)
class Drawing:
    """nearness : (S, S) float64, 1 / z in the scan's unit, NaN where nothing is. face : (S, S) int64, -1 there."""

    view: View
    nearness: NDArray[np.float64]
    face: NDArray[np.int64]


def draw(points: NDArray[np.float64], faces: NDArray[np.int64], view: View) -> Drawing:
    """What `view` sees, from both sides of each triangle. 1 / z is linear across a triangle's picture, so it is exact.

    points : (N, 3) of the scan. faces : (M, 3).

    Raises
    ------
    PhotoError
        The triangles lie over each other so often that drawing them takes too long.
    """
    side = view.side_px
    seen = view.seen(points)
    least_z = 1e-3 * float(np.abs(seen[:, 2]).max() or 1.0)
    in_front = seen[:, 2] > least_z
    z = np.where(in_front, seen[:, 2], 1.0)
    px = view.focal_px * seen[:, :2] / z[:, None] + view.middle_px
    px = np.where(in_front[:, None], px, np.nan)
    x, y = px[:, 0][faces], px[:, 1][faces]
    # a triangle that reaches behind the camera has a NaN, and is left out
    low_y, high_y = np.ceil(np.clip(y.min(1), 0, side)), np.floor(np.clip(y.max(1), -1, side - 1))
    low_x, high_x = np.ceil(np.clip(x.min(1), 0, side)), np.floor(np.clip(x.max(1), -1, side - 1))
    kept = np.flatnonzero((high_y >= low_y) & (high_x >= low_x))
    rows = (high_y - low_y + 1)[kept].astype(np.int64)
    if (rows * (high_x - low_x + 1)[kept]).sum() > MOST_WORK or rows.sum() > MOST_WORK / 4:
        raise PhotoError("The scan's triangles lie over each other too often to be drawn. Reduce them.")
    nearness, owner = np.zeros(side * side), np.full(side * side, -1, np.int64)
    for some in _portions(kept, rows):
        _draw_some(some, x[some], y[some], 1 / z[faces[some]], low_y[some], high_y[some], side, nearness, owner)
    shape = (side, side)
    return Drawing(view, np.where(owner >= 0, nearness, np.nan).reshape(shape), owner.reshape(shape))


def _portions(kept: NDArray[np.int64], work: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Parts of `kept` with about `AT_ONCE` of work each."""
    if not len(kept):
        return []
    part = np.cumsum(work) // AT_ONCE
    return np.split(kept, np.flatnonzero(np.diff(part)) + 1)


def _draw_some(
    which: NDArray[np.int64], x: NDArray[np.float64], y: NDArray[np.float64], near: NDArray[np.float64],
    low_y: NDArray[np.float64], high_y: NDArray[np.float64], side: int, nearness: NDArray[np.float64],
    owner: NDArray[np.int64],
) -> None:  # fmt: skip
    """Scan conversion of some triangles, row by row, into `nearness` and `owner`, both (S * S,)."""
    x0, y0 = x[:, 0], y[:, 0]
    ax, ay, bx, by = x[:, 1] - x0, y[:, 1] - y0, x[:, 2] - x0, y[:, 2] - y0
    area = ax * by - ay * bx
    flat = np.abs(area) < 1e-12
    safe = np.where(flat, 1.0, area)
    da, db = near[:, 1] - near[:, 0], near[:, 2] - near[:, 0]
    per_x, per_y = (da * by - db * ay) / safe, (db * ax - da * bx) / safe
    rows = np.where(flat, 0, high_y - low_y + 1).astype(np.int64)
    of, row = _expanded(rows, low_y)
    left, right = np.full(len(of), -np.inf), np.full(len(of), np.inf)
    for i, j in ((0, 1), (1, 2), (2, 0)):
        sign = np.sign(safe)
        a, b = -(y[:, j] - y[:, i]) * sign, (x[:, j] - x[:, i]) * sign
        c = -(a * x[:, i] + b * y[:, i])
        slope, rest = a[of], b[of] * row + c[of]
        with np.errstate(divide="ignore", invalid="ignore"):
            at = -rest / slope
        left = np.where(slope > 0, np.maximum(left, at), left)
        right = np.where(slope < 0, np.minimum(right, at), right)
        right = np.where((slope == 0) & (rest < -1e-9), -np.inf, right)
    low = np.ceil(np.clip(left - 1e-7, 0, side)).astype(np.int64)
    high = np.floor(np.clip(right + 1e-7, -1, side - 1)).astype(np.int64)
    spans = np.maximum(high - low + 1, 0)
    for some in _portions(np.flatnonzero(spans), spans[spans > 0]):
        inner, column = _expanded(spans[some], low[some].astype(np.float64))
        span = some[inner]
        triangle, line = of[span], row[span]
        value = near[triangle, 0] + per_x[triangle] * (column - x0[triangle]) + per_y[triangle] * (line - y0[triangle])
        # rounding in a sliver must not bring a pixel nearer than the triangle itself
        value = np.clip(value, near[triangle].min(1), near[triangle].max(1))
        pixel = (line * side + column).astype(np.int64)
        np.maximum.at(nearness, pixel, value)
        front = value >= nearness[pixel]
        owner[pixel[front]] = which[triangle[front]]


def _expanded(counts: NDArray[np.int64], first: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Each index as often as it counts, and `first` of it, counted up by 1."""
    of = np.repeat(np.arange(len(counts)), counts)
    ends = np.cumsum(counts)
    return of, first[of] + (np.arange(len(of)) - (ends - counts)[of])


def picture(scan: Triangles, drawing: Drawing, *, coloured: bool) -> NDArray[np.uint8]:
    """(S, S, 3) uint8: the scan in its own colours, or in plaster under a soft light, before a gray backdrop."""
    there = drawing.face >= 0
    rgb = np.full((*there.shape, 3), float(BACKDROP))
    if coloured and scan.has_colours:
        rgb[there] = _colours(scan, drawing)
    else:
        rgb[there] = np.array(PLASTER) * light(drawing)[there][:, None]
    return np.clip(np.round(rgb), 0, 255).astype(np.uint8)


def light(drawing: Drawing) -> NDArray[np.float64]:
    """(S, S) how bright plaster is, `LEAST_LIGHT` to 1, by the slope of the surface as it is seen."""
    view, nearness = drawing.view, drawing.nearness
    near = np.where(np.isfinite(nearness), nearness, np.nan)
    across, down = _slope(near, 1), _slope(near, 0)
    axis = np.arange(view.side_px) - view.middle_px
    # the plane 1 / z = a x + b y + c has the normal (a f, b f, c') towards the camera
    normal = np.stack(
        [across * view.focal_px, down * view.focal_px, near - across * axis[None, :] - down * axis[:, None]], -1
    )
    length = np.linalg.norm(normal, axis=-1)
    toward = np.array(LIGHT) / np.linalg.norm(LIGHT)
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine = -(normal @ toward) / length
    return np.asarray(LEAST_LIGHT + (1 - LEAST_LIGHT) * np.clip(np.nan_to_num(cosine, nan=0.3), 0, 1))


def _slope(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Per pixel along an axis: the mean of both sides, or the one that is there."""
    step = np.diff(values, axis=axis)
    ends = [(1, 0) if i == axis else (0, 0) for i in range(2)]
    others = [(0, 1) if i == axis else (0, 0) for i in range(2)]
    before, after = np.pad(step, ends, constant_values=np.nan), np.pad(step, others, constant_values=np.nan)
    both = np.where(np.isfinite(before) & np.isfinite(after), (before + after) / 2, np.nan)
    return np.where(np.isfinite(both), both, np.where(np.isfinite(before), before, after))


def _colours(scan: Triangles, drawing: Drawing) -> NDArray[np.float64]:
    """(P, 3) the scan's own colour at each pixel that shows it."""
    rows, columns = np.nonzero(drawing.face >= 0)
    face = drawing.face[rows, columns]
    corners = scan.faces[face]
    share = _shares(scan, drawing, rows, columns, corners)
    plain = np.full((len(face), 3), np.float64(200))
    if scan.rgb is not None:
        plain = (scan.rgb[corners] * share[..., None]).sum(1)
    if scan.uv is None or scan.texture_of is None:
        return plain
    uv = (scan.uv[corners] * share[..., None]).sum(1)
    for number, texture in enumerate(scan.textures):
        of = scan.texture_of[face] == number
        if of.any():
            plain[of] = _sampled(texture, uv[of], scan, drawing, number)
    return plain


def _shares(
    scan: Triangles, drawing: Drawing, rows: NDArray[np.int64], columns: NDArray[np.int64], corners: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(P, 3) barycentric coordinates of what each pixel shows, on the triangle itself."""
    view = drawing.view
    z = 1 / drawing.nearness[rows, columns]
    place = np.stack(
        [(columns - view.middle_px) / view.focal_px * z, (rows - view.middle_px) / view.focal_px * z, z], 1
    )
    a, b, c = (view.seen(scan.points[corners[:, i]]) for i in range(3))
    u, v, w = b - a, c - a, place - a
    uu, uv, vv = ((p * q).sum(1) for p, q in ((u, u), (u, v), (v, v)))
    wu, wv = (w * u).sum(1), (w * v).sum(1)
    area = np.maximum(uu * vv - uv**2, 1e-300)
    second, third = (vv * wu - uv * wv) / area, (uu * wv - uv * wu) / area
    share = np.clip(np.nan_to_num(np.stack([1 - second - third, second, third], 1)), 0, 1)
    return np.asarray(share / np.maximum(share.sum(1, keepdims=True), 1e-12))


def _sampled(
    texture: NDArray[np.uint8], uv: NDArray[np.float64], scan: Triangles, drawing: Drawing, number: int
) -> NDArray[np.float64]:
    """(P, 3) a texture's colours at (P, 2) places, of a finer one the mean of what lies within a pixel."""
    assert scan.uv is not None
    assert scan.texture_of is not None
    shown = np.unique(drawing.face[drawing.face >= 0])
    shown = scan.faces[shown[scan.texture_of[shown] == number]][:20000]
    size = np.array(texture.shape[1::-1])
    in_texture = np.linalg.norm((scan.uv[shown[:, 1]] - scan.uv[shown[:, 0]]) * size, axis=1)
    corners = view_px(drawing.view, scan.points[shown[:, :2].ravel()]).reshape(-1, 2, 2)
    in_picture = np.linalg.norm(corners[:, 1] - corners[:, 0], axis=1)
    finer = float(np.nanmedian(in_texture / np.maximum(in_picture, 1e-9)))
    if finer > 1.5:
        smaller = np.maximum(np.round(size / finer), 1).astype(int)
        texture = np.asarray(cv2.resize(texture, tuple(smaller.tolist()), interpolation=cv2.INTER_AREA), np.uint8)
        size = smaller
    wrapped = uv - np.floor(uv)
    wrapped = np.where((uv >= 0) & (uv <= 1), uv, wrapped)
    x, y = wrapped[:, 0] * size[0] - 0.5, (1 - wrapped[:, 1]) * size[1] - 0.5
    columns, rows = np.clip(np.floor(x), 0, size[0] - 1).astype(int), np.clip(np.floor(y), 0, size[1] - 1).astype(int)
    right, down = np.minimum(columns + 1, size[0] - 1), np.minimum(rows + 1, size[1] - 1)
    s, t = np.clip(x - columns, 0, 1)[:, None], np.clip(y - rows, 0, 1)[:, None]
    upper = texture[rows, columns] * (1 - s) + texture[rows, right] * s
    lower = texture[down, columns] * (1 - s) + texture[down, right] * s
    return np.asarray(upper * (1 - t) + lower * t)


def view_px(view: View, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 3) of the scan -> (N, 2) pixels."""
    seen = view.seen(points)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(view.focal_px * seen[:, :2] / seen[:, 2:] + view.middle_px)
