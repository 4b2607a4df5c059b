"""What people wear: collars and shoulders, hats, scarves over the hair."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from core.depth.builtin.render import noise
from core.depth.builtin.render.facekit import AZIMUTH_DEG, SKULL_CENTRE
from core.depth.builtin.render.hair import along_scalp, ripple, sheet_triangles
from core.depth.builtin.render.raster import ATTRIBUTES, BRIM, CLOTH, HAT, OPEN, U, V

HATS = ("cap", "beanie", "peak", "wide", "wrap", "scarf", "hood", "headphones")
HAT_SHARES = (0.16, 0.16, 0.1, 0.17, 0.1, 0.13, 0.12, 0.06)
CROWN_ROWS, BRIM_ROWS, SCARF_ROWS, BODY_COLUMNS, BODY_ROWS = 12, 5, 30, 49, 14
CROWN_TOP_Y = 14.6  # y of the top of the mean skull

_TURN = np.radians(AZIMUTH_DEG).astype(np.float64)


@dataclass(frozen=True)
class Garment:
    """A sheet of cloth in its own frame: points (n, 3), triangles (m, 3), one material, attributes (n, 11)."""

    points: NDArray[np.float32]
    triangles: NDArray[np.int32]
    material: int
    attributes: NDArray[np.float32]


def _garment(sheet: NDArray[np.floating], material: int, openness: NDArray[np.floating]) -> Garment:
    """Sheet (c, r, 3), closed round the head by its caller -> texture coordinates 0..1 round and along."""
    columns, rows = sheet.shape[:2]
    table = np.zeros((columns, rows, ATTRIBUTES), np.float32)
    table[..., U] = np.linspace(0, 1, columns)[:, None]
    table[..., V] = np.linspace(0, 1, rows)[None]
    table[..., OPEN] = openness
    points = sheet.reshape(-1, 3).astype(np.float32)
    return Garment(points, sheet_triangles(columns, rows), material, table.reshape(-1, ATTRIBUTES))


def _closed(sheet: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.concatenate([sheet, sheet[:1]])


def body(rng: Generator, collar_y: float) -> Garment:
    """Neck opening, collar, shoulders and chest of a garment, in the body's frame; `collar_y` is where it begins."""
    turn = np.linspace(-np.pi, np.pi, BODY_COLUMNS)
    down = np.linspace(0, 1, BODY_ROWS)
    to_shoulder, to_chest = np.clip(down / 0.55, 0, 1), np.clip((down - 0.55) / 0.45, 0, 1)
    flare = to_shoulder ** rng.uniform(1.0, 1.6)
    wide = rng.uniform(6.4, 8.0) * (1 - flare) + rng.uniform(18, 24) * flare + to_chest * rng.uniform(-1, 2)
    deep = rng.uniform(6.4, 8.5) * (1 - flare) + rng.uniform(9.5, 13) * flare + to_chest * 2.5
    y = collar_y * (1 - to_shoulder) + rng.uniform(-17.5, -15.5) * to_shoulder
    y = y - np.clip(to_shoulder - 0.8, 0, 1) * 6 - to_chest * 45
    front = np.clip(np.cos(turn), 0, 1)[:, None]
    neckline = front * (rng.uniform(1, 4) + 3 * to_shoulder * (1 - to_chest))
    x, z = np.sin(turn)[:, None] * wide, np.cos(turn)[:, None] * deep - 1.0
    height = y[None] - neckline
    if rng.random() < 0.45:  # a collar that stands
        x[:, 0] *= 0.99
        height[:, 0] += rng.uniform(0.5, 3.0)
    if rng.random() < 0.25:  # a scarf, hood or stiff ring round the neck
        out, up = rng.uniform(1.15, 1.9), rng.uniform(0.5, 3.0)
        x[:, 0], z[:, 0] = x[:, 0] * out * 0.93, z[:, 0] * out * 0.93
        x[:, 1:3] *= np.array([out, out / 1.12])
        z[:, 1:3] *= np.array([out, out / 1.12])
        height[:, 0:2] += up * np.array([1.0, 0.8])
    openness = 0.45 + 0.55 * np.clip(down / 0.25, 0, 1)
    return _garment(np.stack([x, height, z], -1), CLOTH, openness)


def headgear(rng: Generator, scalp: NDArray[np.float32], bank: NDArray[np.float32]) -> tuple[str, list[Garment]]:
    """Return the kind and the sheets of a hat or head scarf on a scalp (72, 34, 3), in the head's frame."""
    kind = str(rng.choice(HATS, p=HAT_SHARES))
    if kind in ("scarf", "hood"):
        return kind, [_head_scarf(rng, scalp, loose=kind == "hood")]
    if kind == "headphones":
        return kind, _headphones(rng)
    low = rng.uniform(56, 72) + (6 if kind in ("beanie", "wrap") else 0)
    tilt = rng.uniform(-4, 12) * np.cos(_TURN) + np.clip(np.cos(_TURN), -1, 0) * rng.uniform(0, 26)
    ring = along_scalp(scalp, (low - tilt)[:, None])[:, 0]
    centre = ring.mean(0)
    thick = rng.uniform(0.5, 1.3)
    ring = centre + (ring - centre) * (1 + thick / 8)
    tallest = {"cap": (6, 9), "beanie": (7, 11), "peak": (6, 10), "wide": (7, 12), "wrap": (6, 9)}[kind]
    tall = max(rng.uniform(*tallest), CROWN_TOP_Y + thick - centre[1] + 0.4)
    up = np.linspace(0, 1, CROWN_ROWS)
    if kind == "peak":
        flare = rng.uniform(0.0, 0.3, 2)
        radius = np.interp(up, [0, 0.35, 0.36, 0.6, 0.75, 1], [1, 1, 1.02, 1 + flare[0], 1 + flare[1] / 1.5, 0])
        rise = np.interp(up, [0, 0.35, 0.6, 0.75, 1], [0, 0.4, 0.75, 0.95, 1])
    elif kind == "wide":
        radius, rise = np.interp(up, [0, 0.5, 0.75, 1], [1, 0.95, 0.85, 0]), np.interp(up, [0, 0.75, 1], [0, 0.98, 1])
    else:
        radius, rise = np.sqrt(np.clip(1 - up ** rng.uniform(2, 3.2), 0, 1)), up
    crown = centre + (ring[:, None] - centre) * radius[None, :, None]
    crown[..., 1] = ring[:, None, 1] * (1 - rise) + (centre[1] + tall) * rise
    if kind in ("beanie", "wrap"):
        folds = bank[noise.CLOUD][:: noise.SIDE // 73][:72, :CROWN_ROWS, None]
        crown = crown + 0.2 * folds
    sheets = [_garment(_closed(crown), HAT, np.array(1.0))]
    if kind in ("cap", "peak", "wide"):
        sheets.append(_brim(rng, ring, centre, kind))
    return kind, sheets


def _brim(rng: Generator, ring: NDArray[np.floating], centre: NDArray[np.floating], kind: str) -> Garment:
    if kind == "wide":
        width = np.full(len(ring), rng.uniform(4, 13))
    else:
        front = np.clip(np.cos(_TURN * rng.uniform(1.1, 1.5)), 0, 1) ** 0.6 * (np.abs(_TURN) < 1.45)
        width = rng.uniform(3, 8) * front
    out = np.linspace(0, 1, BRIM_ROWS)[None] * width[:, None]
    away = ring - centre
    away[:, 1] = 0
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    sheet = ring[:, None] + away[:, None] * out[..., None]
    beside = np.sin(_TURN)[:, None] ** 2
    sheet[..., 1] -= (rng.uniform(-0.05, 0.55) + rng.uniform(0, 0.5) * beside) * out
    if kind == "wide":  # a brim that curls up, most of all beside the head
        sheet[..., 1] += rng.uniform(0, 0.07) * (rng.uniform(0, 0.4) + beside) * out**2
    return _garment(_closed(sheet), BRIM, np.array(0.9))


def _head_scarf(rng: Generator, scalp: NDArray[np.float32], *, loose: bool) -> Garment:
    """A cloth over hair, ears and neck that leaves the face free, falling to the shoulders; a hood stands off it."""
    across = np.abs(AZIMUTH_DEG).astype(np.float64)
    brow, cheek = (rng.uniform(36, 62), rng.uniform(52, 74)) if loose else (rng.uniform(54, 70), rng.uniform(44, 60))
    end = np.interp(across, [0, 0.55 * cheek, cheek, cheek + 8, 180], [brow, brow + 6, 100, 126, 131])
    rows = SCARF_ROWS - 10
    polar = end[:, None] * np.linspace(0, 1, rows)[None] ** 0.9
    on_head = along_scalp(scalp, polar)
    outward = on_head - SKULL_CENTRE
    outward /= np.linalg.norm(outward, axis=2, keepdims=True)
    rim = np.clip((end[:, None] - polar) / 8, 0.25, 1)
    thick = (rng.uniform(1.5, 4.5) if loose else rng.uniform(0.5, 2.2)) * (1 + 0.2 * ripple(rng, 12)[:, None]) * rim
    on_head = on_head + outward * thick[..., None]
    fall = np.linspace(0, 1, 11)[1:][None]
    length = rng.uniform(8, 20) * np.clip((across - cheek) / 6, 0, 1)[:, None]
    sideways = np.stack([np.sin(_TURN), 0 * _TURN, np.cos(_TURN)], -1)[:, None]
    folds = 0.6 * ripple(rng, 20)[:, None] * fall
    step = sideways * (0.25 * length * fall + folds)[..., None]
    step[..., 1] -= length * fall
    # Beside the face the cloth swings forward and closes under the chin.
    closing = np.clip(1 - (across - cheek) / 30, 0, 1)[:, None] * (length > 0) * fall
    hanging = on_head[:, -1:] + step
    hanging[..., 0] *= 1 - 0.9 * closing
    hanging[..., 2] += 4.5 * closing
    return _garment(_closed(np.concatenate([on_head, hanging], 1)), HAT, np.array(0.85))


def _headphones(rng: Generator) -> list[Garment]:
    """A band over the head from ear to ear, and a cushion on each."""
    half, back, wide = 8.4 + rng.uniform(0.3, 1.2), rng.uniform(-2.0, 1.0), rng.uniform(0.7, 2.2)
    ear_y, tall = rng.uniform(1.5, 3.5), CROWN_TOP_Y + rng.uniform(0.2, 1.5)
    turn = np.linspace(-np.pi / 2, np.pi / 2, BODY_COLUMNS)[:, None]
    over = np.linspace(-1, 1, BRIM_ROWS)[None]
    out = 1 + 0.06 * (1 - over**2)
    band = np.stack(
        [np.sin(turn) * half * out, ear_y + np.cos(turn) * (tall - ear_y) * out, back + wide * over + 0 * turn], -1
    )
    sheets = [_garment(band, HAT, np.array(1.0))]
    radius, thick, y = rng.uniform(2.8, 4.8), rng.uniform(1.2, 3.0), ear_y - rng.uniform(0, 1.5)
    round_, from_middle = np.linspace(-np.pi, np.pi, BODY_COLUMNS)[:, None], np.linspace(0, 1, BRIM_ROWS)[None]
    for side in (-1, 1):
        x = half - 0.8 + thick * np.sqrt(1 - from_middle**4) + 0 * round_
        cup = np.stack(
            [side * x, y + radius * 1.15 * np.sin(round_) * from_middle, back + radius * np.cos(round_) * from_middle],
            -1,
        )
        sheets.append(_garment(cup, HAT, np.array(1.0)))
    return sheets
