"""`python -m tests.benchmarks.rims PHOTO...`: what is drawn out on a surface, and how much background is in its rim.

`stretched`: share of the surface, in percent, on which a pixel of the photo is drawn out to more than 5 times its size;
on the depth map as it is, and bent. `facets`: mean angle in degrees between neighbouring triangles there (more than 3
times). `triangles`: of the surface. `moved`: share of the inner face, in percent, that bending moves by more than 1 mm.
`rim`: share of the background, in percent, in the colours of the outermost 3 pixels of the head, before and after;
taken where the colours 7 to 16 pixels inside and 4 to 12 outside differ by more than 60 of 255.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
import trimesh

from core.depth.estimator import Networks
from core.geometry.reconstruction import Reconstruction
from core.mesh import surface as surfaces
from core.mesh.colours import without_background
from core.mesh.grazing import bent
from core.options import Options
from core.photo import read_photo
from core.pipeline import reconstruct

COLUMNS = ("stretched", "bent", "facets", "bent", "triangles", "bent", "moved", "rim", "cleaned")


def drawn_out(face: Reconstruction) -> list[float]:
    """Share drawn out in percent, angle in degrees between triangles there, triangles."""
    surface = surfaces.make_surface(face)
    mesh = trimesh.Trimesh(surface.vertices_mm, surface.faces, process=False)
    corners = surface.uv[surface.faces] * face.depth_mm.shape[0]
    (ax, ay), (bx, by) = (corners[:, 1] - corners[:, 0]).T, (corners[:, 2] - corners[:, 0]).T
    depth = (face.origin_mm[2] - surface.vertices_mm[surface.faces][..., 2]).mean(1)
    seen = np.maximum(np.abs(ax * by - ay * bx) / 2 * face.intrinsics.pixel_mm(depth) ** 2, 1e-12)
    stretch = mesh.area_faces / seen
    steep = (stretch[mesh.face_adjacency] > 3).all(1)
    ends = surface.vertices_mm[mesh.face_adjacency_edges[steep]]
    length = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1)
    angle = float(np.degrees((mesh.face_adjacency_angles[steep] * length).sum() / max(length.sum(), 1e-9)))
    return [100 * float(mesh.area_faces[stretch > 5].sum() / mesh.area), angle, len(surface.faces)]


def background_share(face: Reconstruction, picture: np.ndarray) -> float:
    """Of a picture's rim, in percent; NaN where head and background are alike all round."""
    own = face.crop_rgb.astype(np.float32)
    within, beyond = (cv2.distanceTransform(m.astype(np.uint8), cv2.DIST_L2, 5) for m in (face.mask, ~face.mask))
    inside, near_inside = local_mean(own, (within > 7) & (within < 16))
    outside, near_outside = local_mean(own, (beyond > 4) & (beyond < 12))
    apart = outside - inside
    clear = near_inside & near_outside & (np.linalg.norm(apart, axis=-1) > 60) & (within > 0) & (within <= 3)
    share = ((picture - inside) * apart).sum(-1)[clear] / (apart**2).sum(-1)[clear]
    return 100 * float(np.clip(share, -1, 2).mean()) if clear.any() else float("nan")


def local_mean(picture: np.ndarray, where: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean colours of the pixels near, and where there are enough of them."""
    weight = cv2.GaussianBlur(where.astype(np.float32), (0, 0), 6)
    total = cv2.GaussianBlur(picture * where[..., None].astype(np.float32), (0, 0), 6)
    return total / np.maximum(weight, 1e-4)[..., None], weight > 0.02


def measure(face: Reconstruction) -> list[float]:
    """One row of the table."""
    surfaces.bent = lambda depth_mm, head, pixel: depth_mm
    before = drawn_out(face)
    surfaces.bent = bent
    after = drawn_out(face)
    assert face.landmarks_px is not None
    inner = np.zeros(face.mask.shape, np.uint8)
    cv2.fillConvexPoly(inner, cv2.convexHull(np.round(face.landmarks_px[17:]).astype(np.int32)), 1)
    distance = float(np.nanmedian(face.head_depth_mm))
    moved = face.depth_mm - bent(face.depth_mm, face.head, float(face.intrinsics.pixel_mm(distance)) / distance)
    rims = [background_share(face, p) for p in (face.crop_rgb, without_background(face.crop_rgb, face.mask))]
    both = [value for pair in zip(before, after, strict=True) for value in pair]
    return [*both, 100 * float((moved[face.head & (inner > 0)] > 1).mean()), *rims]


def main() -> None:
    """Read the command line, print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.rims", description=__doc__)
    parser.add_argument("photos", nargs="+", type=Path)
    networks, rows = Networks(), []
    print(f"{'photo':20}" + "".join(f"{name:>10}" for name in COLUMNS))
    for path in parser.parse_args().photos:
        for face in reconstruct(read_photo(path), Options(model="builtin"), networks):
            rows.append(measure(face))
            print(f"{path.name[:19]:20}" + "".join(f"{value:10.2f}" for value in rows[-1]), flush=True)
    for name, of in (("median", np.nanmedian), ("most", np.nanmax)):
        print(f"{name:20}" + "".join(f"{value:10.2f}" for value in of(rows, axis=0)))


if __name__ == "__main__":
    main()
