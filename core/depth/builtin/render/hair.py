"""Hair as a fur: a root surface on the scalp, a tip surface above it, and layers of strands in between.

Thickness falls to nothing at the hairline, so that hair grows out of the skin instead of sitting on it like a helmet.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from core.depth.builtin.render import noise
from core.depth.builtin.render.facekit import AZIMUTH_DEG, AZIMUTHS, POLAR_DEG, SKULL_CENTRE, hairline_deg
from core.depth.builtin.render.raster import ATTRIBUTES, EDGE, HEIGHT, SHADE, Strands, U, V

STYLES = ("bald", "shaven", "short", "medium", "afro", "big", "long", "updo", "bob", "fur")
STYLE_SHARES = (0.08, 0.05, 0.16, 0.11, 0.07, 0.11, 0.25, 0.05, 0.09, 0.03)  # "fur" is a hat of it, with flaps
SCALP_ROWS, HANGING_ROWS = 30, 16
ROWS = SCALP_ROWS + HANGING_ROWS
LAYERS = (0.12, 0.36, 0.58, 0.78, 0.95)
TILE_CM = 30.0  # one unit of the texture coordinate along a strand
SCALP_CM_PER_DEG = 0.17
# Neck, shoulders and chest that hair lies on, in the body's frame, cm: heights, and half axes across and to the front
# there; a little wider than `wardrobe.body` ever is.
BODY_Y = (-70.0, -20.0, -16.5, -13.5, -11.5, -9.5)
BODY_ACROSS, BODY_DEEP = (25.0, 25.0, 23.0, 15.0, 9.0, 7.0), (16.5, 14.0, 12.5, 10.0, 8.5, 7.0)
BODY_Z = -1.0

_ACROSS = np.abs(AZIMUTH_DEG).astype(np.float64)
_TURN = np.radians(AZIMUTH_DEG).astype(np.float64)


@dataclass(frozen=True)
class Shell:
    """A sheet of layers round the head, in the head's frame.

    layers : (l * 73 * rows, 3) float32, the last azimuth repeats the first so that textures have no seam.
    triangles : (t, 3) int32. attributes : (l * 73 * rows, 11) float32. outer : (t,) bool, triangles that cast shadows.
    """

    layers: NDArray[np.float32]
    triangles: NDArray[np.int32]
    attributes: NDArray[np.float32]
    outer: NDArray[np.bool_]
    strands: Strands


def draw_style(rng: Generator) -> str:
    """Return one of `STYLES`."""
    return str(rng.choice(STYLES, p=STYLE_SHARES))


def sheet_triangles(columns: int, rows: int) -> NDArray[np.int32]:
    """Triangles of a grid of columns x rows vertices, column after column."""
    corner = (np.arange(columns - 1)[:, None] * rows + np.arange(rows - 1)[None]).ravel()
    a, b, c, d = corner, corner + rows, corner + rows + 1, corner + 1
    return np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)


def along_scalp(scalp: NDArray[np.floating], polar_deg: NDArray[np.floating]) -> NDArray[np.float64]:
    """Scalp (72, 34, 3) at polar angles (72, k) -> (72, k, 3), interpolated along each azimuth."""
    place = np.clip(polar_deg / (POLAR_DEG[1] - POLAR_DEG[0]), 0, len(POLAR_DEG) - 1.001)
    low = place.astype(int)
    part = (place - low)[..., None]
    rows = np.arange(AZIMUTHS)[:, None]
    found: NDArray[np.float64] = scalp[rows, low] * (1 - part) + scalp[rows, low + 1] * part
    return found


def ripple(rng: Generator, highest: int) -> NDArray[np.float64]:
    """Return smooth periodic noise over the azimuths, deviation about 1."""
    k = np.arange(1, highest + 1)
    a, b = rng.normal(size=(2, highest)) / k**0.7
    wave = (a[:, None] * np.cos(k[:, None] * _TURN) + b[:, None] * np.sin(k[:, None] * _TURN)).sum(0)
    return wave / (np.sqrt((a**2 + b**2).sum() / 2) + 1e-6)


def hair(rng: Generator, scalp: NDArray[np.float32], style: str, bank: NDArray[np.float32]) -> Shell:
    """Grow hair of a style on a scalp (72, 34, 3); the style is not bald or shaven."""
    usual = hairline_deg(AZIMUTH_DEG)
    end = usual - _recession(rng) + ripple(rng, 10) * rng.uniform(0.3, 2.0)
    thickness, over_ears = _thickness(rng, style)
    beside = np.interp(_ACROSS, [56, 70, 90, 110, 130, 180], [0.25, 0.8, 1.4, 1.1, 0.5, 0])
    end = np.where((_ACROSS > 56) & (over_ears > 0), np.maximum(end, usual + over_ears * beside), end)
    parting = rng.uniform(-60, 60)
    fringe = np.zeros(AZIMUTHS)
    if style == "fur":
        end = np.where(_ACROSS < 60, rng.uniform(56, 72), end)
    elif style != "updo" and rng.random() < (0.25 if style == "short" else 0.45):
        fringe = np.clip((rng.uniform(25, 62) - _ACROSS) / 10, 0, 1)
        low = rng.uniform(66, 87) + rng.normal(0, 6) * np.sin(_TURN - np.radians(parting))
        low = low + ripple(rng, 24) * rng.uniform(0.5, 3)
        end = np.where(fringe > 0, np.maximum(end, end * (1 - fringe) + fringe * low), end)
    hanging = _hanging(rng, style)
    end = np.clip(np.where(hanging > 0.3, np.minimum(end, rng.uniform(96, 106)), end), 20, 131)

    polar = end[:, None] * np.linspace(0, 1, SCALP_ROWS)[None] ** 0.9
    root = along_scalp(scalp, polar)
    outward = root - SKULL_CENTRE
    outward /= np.linalg.norm(outward, axis=2, keepdims=True)
    behind = end[:, None] - polar  # degrees to the hairline
    rise = np.clip(behind / rng.uniform(6, 24), 0, 1) ** 0.7
    rise = np.where(hanging[:, None] > 0.3, 1.0, rise)
    rise = np.maximum(rise, 0.45 * fringe[:, None] * (polar > 40))  # a fringe lies in front of the forehead
    lifted = thickness[:, None] * rise * _relief(rng, polar, style, bank, parting)
    lifted = np.maximum(lifted, 0.02)
    tip = root + outward * lifted[..., None]
    low_root, low_tip = _hang(rng, root[:, -1], tip[:, -1], hanging)
    low_root, low_tip = draped(rng, low_root, low_tip)
    root, tip = np.concatenate([root, low_root], 1), np.concatenate([tip, low_tip], 1)

    fall = np.linspace(0, 1, HANGING_ROWS + 1)[1:]
    arc = np.concatenate([polar * SCALP_CM_PER_DEG, end[:, None] * SCALP_CM_PER_DEG + hanging[:, None] * fall], 1)
    edge = arc[:, -1:] - arc
    edge[:, SCALP_ROWS:] = np.where(hanging[:, None] > 0.3, edge[:, SCALP_ROWS:], 0)
    curly = style == "afro" or rng.random() < 0.25
    strands = Strands(
        layer=noise.SPOTS if style == "afro" else noise.CURLS if curly else noise.STRANDS,
        across=3.0 if style == "afro" else float(rng.integers(1, 5)),
        along=3.0 if style == "afro" else rng.uniform(0.4, 1.2),
        start=rng.random(),
        spread=rng.uniform(0.15, 0.7),
        hairline_cm=rng.uniform(0.5, 2.0),
    )
    folds = ripple(rng, 9)[:, None] * np.cos(np.linspace(0, rng.uniform(0, 6), ROWS) + rng.uniform(0, 6))
    open_ = np.clip(1 - rng.uniform(0, 0.4) * (1 - 0.6 * folds), 0.15, 1)
    return layered(root, tip, arc / TILE_CM, edge, open_, strands)


def draped(
    rng: Generator, root: NDArray[np.floating], tip: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lay hanging hair (72, r, 3) on the shoulders: each side before them or behind them, or parted there."""
    forward = np.zeros(AZIMUTHS, bool)
    for side in (-1, 1):
        parted_deg = rng.choice([0.0, rng.uniform(70, 115), 135.0], p=[0.3, 0.3, 0.4])
        forward |= (np.sign(AZIMUTH_DEG) == side) & (parted_deg > _ACROSS)
    sign = np.where(forward, 1.0, -1.0)[:, None]

    def outside(points: NDArray[np.floating], clearance_cm: float) -> NDArray[np.float64]:
        x, y, z = np.moveaxis(points, -1, 0)
        across, deep = (np.interp(y, BODY_Y, axis) + clearance_cm for axis in (BODY_ACROSS, BODY_DEEP))
        surface = deep * np.sqrt(np.clip(1 - (x / across) ** 2, 0, 1))
        laid = np.where(y < BODY_Y[-1], sign * np.maximum(sign * (z - BODY_Z), surface) + BODY_Z, z)
        return np.stack([x, y, laid], -1)

    return outside(root, 0.0), outside(tip, rng.uniform(0.5, 2.5))


def layered(
    root: NDArray[np.floating],
    tip: NDArray[np.floating],
    along: NDArray[np.floating],
    edge: NDArray[np.floating],
    open_: NDArray[np.floating],
    strands: Strands,
    heights: tuple[float, ...] = LAYERS,
) -> Shell:
    """Stack layers between two sheets (72, r, 3); along, edge, open_ (0..1, how much of the sky it sees) : (72, r)."""
    closed = [np.concatenate([part, part[:1]]) for part in (root, tip, along, edge, open_)]
    root, tip, along, edge, open_ = closed
    columns, rows = along.shape
    around = np.repeat(np.linspace(0, 1, columns)[:, None], rows, 1)
    sheet = sheet_triangles(columns, rows)
    points, triangles, attributes = [], [], []
    for number, height in enumerate(heights):
        points.append((root * (1 - height) + tip * height).reshape(-1, 3))
        table = np.zeros((columns * rows, ATTRIBUTES))
        table[:, U], table[:, V] = around.ravel(), along.ravel()
        table[:, HEIGHT], table[:, EDGE] = height, edge.ravel()
        table[:, SHADE] = (0.35 + 0.65 * height) * open_.ravel()
        attributes.append(table)
        triangles.append(sheet + number * columns * rows)
    casts = np.arange(len(sheet) * len(heights)) // len(sheet) == len(heights) // 2
    return Shell(
        np.concatenate(points).astype(np.float32),
        np.concatenate(triangles),
        np.concatenate(attributes).astype(np.float32),
        casts,
        strands,
    )


def _recession(rng: Generator) -> NDArray[np.float64]:
    """Degrees by which the hairline has moved back from the usual one: at the front, and beside it."""
    front = rng.uniform(-4, 6) if rng.random() < 0.75 else rng.uniform(4, 26)
    temples = np.exp(-(((_ACROSS - 28) / 12) ** 2)) * rng.uniform(0, 9)
    moved: NDArray[np.float64] = np.interp(_ACROSS, [0, 40, 60, 75], [1, 1, 0.5, 0]) * front + temples
    return moved


def _thickness(rng: Generator, style: str) -> tuple[NDArray[np.float64], float]:
    """Return cm of hair by azimuth, and degrees by which it reaches down over the ears."""
    u = rng.uniform
    most, profile, over_ears = {
        "short": (u(0.25, 1.7), [1, 0.8, u(0.1, 0.8), u(0.3, 1)], 0.0),
        "medium": (u(1.2, 3.2), [u(0.5, 1.1), 0.9, u(0.6, 1.2), 1], u(0, 26)),
        "afro": (u(1.0, 7.0), [u(0.6, 1.1), 1, u(0.8, 1.2), 1], u(0, 20)),
        "big": (u(2.4, 7.0), [u(0.4, 0.9), 0.85, u(0.9, 1.5), 1.1], u(14, 30)),
        "long": (u(0.6, 5.0), [u(0.4, 1), 0.8, 1, 1], u(10, 26)),
        "updo": (u(0.5, 2.5), [u(0.8, 1.6), 1, 0.7, 1.5], 0.0),
        "bob": (u(1.0, 4.5), [u(0.4, 1), 0.9, u(1, 1.6), 1.1], u(14, 28)),
        "fur": (u(2.0, 5.5), [u(0.8, 1.2), 1, u(0.9, 1.3), 1], u(14, 30)),
    }[style]
    if style == "afro" and most < 2.5:
        over_ears = 0.0
    return most * np.interp(_ACROSS, [0, 55, 100, 180], profile), over_ears


def _relief(
    rng: Generator, polar: NDArray[np.floating], style: str, bank: NDArray[np.float32], parting: float
) -> NDArray[np.float64]:
    """Return factors of the thickness: crown, tufts, locks, a parting; (72, rows)."""
    start = rng.integers(0, noise.SIDE, 4)
    column = np.arange(AZIMUTHS)[:, None] * noise.SIDE // AZIMUTHS

    def wobble(layer: int, faster: int, i: int) -> NDArray[np.float32]:
        row = (column * faster + start[i]) % noise.SIDE
        picked: NDArray[np.float32] = bank[layer][row, (polar * (faster + 1) + start[i + 1]).astype(int) % noise.SIDE]
        return picked

    factor = 1 + 0.16 * wobble(noise.CLOUD, 1, 0) + 0.1 * wobble(noise.FINE, 2, 2)
    locks = np.cos(_TURN[:, None] * rng.integers(3, 9) + polar / 20 + rng.uniform(0, 6))
    factor = factor + 0.08 * rng.uniform(0.2, 1) * locks
    factor = factor * (1 + rng.uniform(-0.1, 0.6) * 0.6 * np.cos(np.radians(polar)))
    if style != "afro" and rng.random() < 0.4:
        away = np.abs((AZIMUTH_DEG[:, None] - parting + 180) % 360 - 180)
        line = np.exp(-((away / 9) ** 2)) * np.clip((75 - polar) / 40, 0, 1) * (polar > 4)
        factor = factor * (1 - 0.45 * line)
    return np.clip(factor, 0.1, 3.0)


def _hanging(rng: Generator, style: str) -> NDArray[np.float64]:
    """Cm of hair that hangs below the head, by azimuth."""
    if style == "long":
        behind = np.clip((_ACROSS - rng.uniform(52, 88)) / 14, 0, 1)
        return rng.uniform(6, 46) * behind * np.clip(1 + rng.uniform(0.03, 0.25) * ripple(rng, 30), 0.3, 2)
    if style == "bob":
        behind = np.clip((_ACROSS - rng.uniform(48, 76)) / 12, 0, 1)
        slant = 1 - rng.uniform(-0.2, 0.6) * np.clip((_ACROSS - 70) / 110, 0, 1)
        return rng.uniform(3, 13) * behind * slant * np.clip(1 + rng.uniform(0.02, 0.15) * ripple(rng, 30), 0.3, 2)
    if style == "fur":
        return rng.uniform(0, 11) * np.clip(1.4 - np.abs(_ACROSS - rng.uniform(75, 95)) / 22, 0, 1)
    if style in ("big", "medium", "afro") and rng.random() < 0.5:
        return rng.uniform(1, 12) * np.clip((_ACROSS - rng.uniform(62, 88)) / 20, 0, 1)
    return np.zeros(AZIMUTHS)


def _hang(
    rng: Generator, root: NDArray[np.floating], tip: NDArray[np.floating], hanging: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Go on downwards from the last row on the head: root and tip (72, 3) -> (72, HANGING_ROWS, 3) each."""
    fall = np.linspace(0, 1, HANGING_ROWS + 1)[1:][None]
    length = hanging[:, None]
    waves = rng.uniform(0, 1) * np.sin(fall * rng.uniform(4, 16) + _TURN[:, None] * rng.integers(1, 5))
    curl = rng.uniform(0, 0.7) * np.clip(fall - 0.75, 0, 1) * length
    out = rng.uniform(-0.25, 0.35) * length * fall + waves * np.minimum(0.15 * length, 1) - curl
    sideways = np.stack([np.sin(_TURN), 0 * _TURN, np.cos(_TURN)], -1)[:, None]
    forward = rng.uniform(0, 0.12) * np.clip(np.cos(_TURN), -0.2, 1)[:, None] * length * fall
    step = sideways * out[..., None]
    step[..., 1] -= length * fall
    step[..., 2] += forward
    # The hank closes towards its end, so that its rim is no wall.
    closing = (1 - 0.7 * fall**3)[..., None]
    middle, half = (root + tip)[:, None] / 2, (tip - root)[:, None] / 2
    return middle - half * closing + step, middle + half * closing + step
