"""`python -m tests.benchmarks.sheet PHOTO... --out SHEET.png`: photo, mask, depth, shaded views of every face.

`--masks`: photo and head's mask of every face, four faces in a row.
`--heads`: photo, the whole head from 0, 45, 90, 135, 180 and -45 degrees, its front view; and a line for each that
says how it lies and whether its finest triangles are a volume.
"""

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
import trimesh
from numpy.typing import NDArray

from core.depth.estimator import Networks
from core.errors import LifemaskError
from core.geometry.reconstruction import Reconstruction
from core.head import front_view, head_texture, level, make_head, refined
from core.mesh.plaster import plaster_colours
from core.mesh.surface import make_surface
from core.options import Options
from core.photo import read_photo
from core.pipeline import reconstruct

CELL_PX = 256
MASKS_IN_A_ROW = 4
NOT_HEAD = (0, 110, 0)
TURN_DEG = 40.0
PAPER = (245, 241, 234)  # of a front view
HEAD_DEG = (0.0, 45.0, 90.0, 135.0, 180.0, -45.0)
GROUND = (40, 40, 44)
BEHIND = (60, 60, 60)  # the back of a surface
AT_A_TIME, EDGE = 2_000_000, 1e-9  # pixels looked at together; a pixel on an edge belongs to both sides


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.sheet", description=__doc__)
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="PNG file to write")
    parser.add_argument("--model", default="builtin")
    parser.add_argument("--heads", action="store_true", help="whole heads in place of surfaces")
    parser.add_argument("--masks", action="store_true", help="photos and masks alone")
    arguments = parser.parse_args()
    networks, options = Networks(), Options(model=arguments.model)
    rows = []
    for path in arguments.photos:
        try:
            faces = reconstruct(read_photo(path), options, networks)
        except LifemaskError as error:
            sys.stdout.write(f"{path.name}: {error}\n")
            continue
        for face in faces:
            about = face.facts.face
            sys.stdout.write(f"{path.name}: score {about.score:.2f}, yaw {about.yaw_deg:.0f} degrees\n")
            draw = mask_cells if arguments.masks else head_cells if arguments.heads else cells
            rows.append(np.hstack(draw(face)))
    if arguments.masks:
        rows += [np.zeros_like(rows[0])] * (-len(rows) % MASKS_IN_A_ROW)
        rows = [np.hstack(rows[i : i + MASKS_IN_A_ROW]) for i in range(0, len(rows), MASKS_IN_A_ROW)]
    cv2.imwrite(str(arguments.out), np.vstack(rows)[..., ::-1])


def cells(face: Reconstruction) -> list[NDArray[np.uint8]]:
    """Six pictures of a face, (256, 256, 3) uint8 RGB each."""
    mask, surface = face.mask, make_surface(face)
    low, high = np.percentile(face.depth_mm[mask], [0.5, 99.5])
    near = (np.clip((high - np.where(mask, face.depth_mm, high)) / (high - low), 0, 1) * 255).astype(np.uint8)
    depth = cv2.applyColorMap(near, cv2.COLORMAP_CIVIDIS)[..., ::-1]
    marked = np.where(mask[..., None], face.crop_rgb, face.crop_rgb // 4)
    if face.landmarks_px is not None:
        marked = np.ascontiguousarray(marked)
        for x, y in face.landmarks_px:
            cv2.circle(marked, (round(x), round(y)), 2, (90, 220, 120), -1)
    pictures = [face.crop_rgb, marked, np.where(mask[..., None], depth, GROUND)]
    small = [cv2.resize(p.astype(np.uint8), (CELL_PX, CELL_PX), interpolation=cv2.INTER_AREA) for p in pictures]
    return [np.asarray(p, np.uint8) for p in small] + [
        view(surface.vertices_mm, surface.faces, turn) for turn in (0.0, TURN_DEG, -TURN_DEG)
    ]


def mask_cells(face: Reconstruction) -> list[NDArray[np.uint8]]:
    """Photo, and the same with all green that is not head: (256, 256, 3) uint8 RGB each."""
    marked = np.where(face.head[..., None], face.crop_rgb, face.crop_rgb // 4 + np.array(NOT_HEAD, np.uint8))
    small = [cv2.resize(p, (CELL_PX, CELL_PX), interpolation=cv2.INTER_AREA) for p in (face.crop_rgb, marked)]
    named = cv2.putText(np.ascontiguousarray(small[0]), face.facts.photo.name[:24], (4, 16), 0, 0.45, (255, 230, 0), 1)
    return [np.asarray(p, np.uint8) for p in (named, small[1])]


def head_cells(face: Reconstruction) -> list[NDArray[np.uint8]]:
    """Photo, head from six sides, front view: (256, 256, 3) uint8 RGB each."""
    head = make_head(face)
    finest, faces = refined(head, face, 2), level(2).faces
    body = trimesh.Trimesh(finest.points, faces, process=False)
    fit = head.fit
    sys.stdout.write(
        f"  {fit.residual_mm:.2f} mm from the depth, {fit.landmarks_mm:.2f} mm from the landmarks, "
        f"{head.seen_share:.0%} seen{', lies poorly' * fit.is_poor}; {'a' if body.is_volume else 'NO'} volume\n"
    )
    front = front_view(head, head_texture(head, face))
    margin = (front.shape[0] - front.shape[1]) // 2
    square = cv2.copyMakeBorder(front, 0, 0, margin, margin, cv2.BORDER_CONSTANT, value=PAPER)
    small = [cv2.resize(p, (CELL_PX, CELL_PX), interpolation=cv2.INTER_AREA) for p in (face.crop_rgb, square)]
    views = [view(finest.points, faces, turn) for turn in HEAD_DEG]
    return [np.asarray(small[0], np.uint8), *views, np.asarray(small[1], np.uint8)]


def view(
    vertices_mm: NDArray[np.floating], faces: NDArray[np.integer], turn_deg: float, side_px: int = CELL_PX
) -> NDArray[np.uint8]:
    """(side_px, side_px, 3) RGB: a mesh in plaster, turned about the vertical."""
    c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    points = vertices_mm @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]).T
    low, high = points.min(0), points.max(0)
    places = (points[:, :2] - (low + high)[:2] / 2) * [1, -1] * (0.94 * side_px / (high - low)[:2].max()) + side_px / 2
    corners = points[faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    shade = np.where(normal[:, 2:] > 0, plaster_colours(normal, np.ones(len(normal))), BEHIND)
    _, seen = nearest(2 * places[faces], corners[..., 2], 2 * side_px)
    picture = np.where(seen[..., None] >= 0, shade[seen], GROUND).astype(np.uint8)
    return np.asarray(cv2.resize(picture, (side_px, side_px), interpolation=cv2.INTER_AREA), np.uint8)


def nearest(
    corners_px: NDArray[np.floating], near: NDArray[np.floating], side_px: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(side_px, side_px) each: how near what lies over a pixel's centre is, and which triangle; -inf and -1: none.

    corners_px : (m, 3, 2). near : (m, 3) at the corners, larger is nearer.
    """
    start = np.clip(np.ceil(corners_px.min(1)), 0, side_px).astype(np.int64)
    end = np.clip(np.floor(corners_px.max(1)), -1, side_px - 1).astype(np.int64)
    width, height = np.maximum(end - start + 1, 0).T
    count = width * height
    level, which = np.full(side_px**2, -np.inf), np.full(side_px**2, -1)
    ends = np.cumsum(count)
    for piece in np.split(np.arange(len(count)), np.searchsorted(ends, np.arange(AT_A_TIME, ends[-1], AT_A_TIME))):
        one = np.repeat(piece, count[piece])
        place = np.arange(len(one)) - np.repeat(np.cumsum(count[piece]) - count[piece], count[piece])
        x, y = start[one, 0] + place % width[one], start[one, 1] + place // width[one]
        (bx, by), (cx, cy) = ((corners_px[one, i] - corners_px[one, 0]).T for i in (1, 2))
        px, py = x - corners_px[one, 0, 0], y - corners_px[one, 0, 1]
        area = bx * cy - by * cx
        area[area == 0] = np.nan
        u, v = (px * cy - py * cx) / area, (bx * py - by * px) / area
        over = (u > -EDGE) & (v > -EDGE) & (u + v < 1 + EDGE)
        one, u, v, pixel = one[over], u[over], v[over], (y * side_px + x)[over]
        found = near[one, 0] + u * (near[one, 1] - near[one, 0]) + v * (near[one, 2] - near[one, 0])
        np.maximum.at(level, pixel, found)
        top = found >= level[pixel]
        which[pixel[top]] = one[top]
    return level.reshape(side_px, side_px), which.reshape(side_px, side_px)


if __name__ == "__main__":
    main()
