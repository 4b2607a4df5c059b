"""`python -m tests.benchmarks.meshing [FACE]`: what the triangulation of a depth map costs, and how true it is.

FACE is a photo (default: the first of assets/samples), whose depth the built-in network gives, or an .npz of a rendered
head (`rgb`, `depth` in mm, `mask`, `K`). First, at one number of triangles and in one run: our adaptive surface, a
regular grid, quadric decimation of the dense grid, and scipy's Delaunay over all pixels without any choice of points.
RMS is taken along the depth and at right angles to the triangle, over the pixels more than two from the rim; an open
rim is drawn a pixel inside the mask. Then many triangles on finer maps, with details of half a millimetre laid on the
head (waves and grooves of 0.15 mm): seconds, peak memory and RMS of the surface, and what the solid's triangulation
takes. Then how many triangles and seconds a tolerance takes there. Last, seconds and peak memory of the adaptive
surface at 1, 4 and 16 megapixels, for one number of triangles and for one that grows with the map.
Seconds are by the clock, medians of several runs where not said otherwise; beside them stand those of the processor,
of both threads together, which a busy machine lengthens less.
"""

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

import cv2
import numpy as np
from scipy import ndimage
from scipy.spatial import Delaunay

from core.geometry.camera import Intrinsics
from core.geometry.reconstruction import Reconstruction
from core.mesh.surface import make_surface, without_streaks
from core.mesh.triangulation import Triangulation, grid, sample, triangulate
from core.options import SolidOptions
from core.solid import make_solid

TRIANGLES = 33_000
LIMIT_RMS_MM = 0.10
FINE_TRIANGLES, LIMIT_S, LIMIT_MB = 150_000, 1.5, 1000
FINE_SIDES = (1024, 2048)
RELIEF_MM = 0.15
DETAIL_MM = 0.5, 4.0  # half a wave, of the finest and of the broadest
TOLERANCES_MM = (0.15, 0.1, 0.05)
FINEST_MM = 1e-3  # a tolerance that leaves the budget to decide
TIMES = 3
SIDES = (1024, 2048, 4096)
PIXELS_PER_TRIANGLE = 32

Made = TypeVar("Made")
Mesh = tuple[np.ndarray, np.ndarray, np.ndarray]  # points in px, depth in mm, faces


def read(path: Path) -> Reconstruction:
    if path.suffix == ".npz":
        data = np.load(path)
        depth = np.where(data["mask"] > 0, data["depth"], np.nan).astype(np.float32)
        camera = Intrinsics(data["K"][0, 0], data["K"][0, 2], data["K"][1, 2])
        landmarks = data["landmarks_2d"].astype(float)
        return Reconstruction(data["rgb"], data["rgb"], (1 / depth).astype(np.float32), depth, camera, landmarks, {})
    from core.depth.estimator import Networks
    from core.options import Options
    from core.photo import read_photo
    from core.pipeline import reconstruct

    options = Options(model="builtin", fine_relief=0)  # details are added where they are meant
    return without_streaks(next(iter(reconstruct(read_photo(path), options, Networks()))))


def enlarged(face: Reconstruction, side: int) -> Reconstruction:
    """The same head on a finer map; the texture stays as it is, since the mesh alone is timed."""
    factor = side / face.depth_mm.shape[0]
    filled = np.where(face.mask, face.depth_mm, np.nanmedian(face.depth_mm))
    depth = cv2.resize(filled, (side, side), interpolation=cv2.INTER_CUBIC)
    mask = cv2.resize(ndimage.binary_erosion(face.mask).astype(np.float32), (side, side)) > 0.5
    camera = face.intrinsics
    camera = Intrinsics(
        camera.focal_px * factor, (camera.cx_px + 0.5) * factor - 0.5, (camera.cy_px + 0.5) * factor - 0.5
    )
    rgb = cv2.resize(face.crop_rgb, (side, side))
    return Reconstruction(rgb, rgb, depth, np.where(mask, depth, np.nan).astype(np.float32), camera, None, {})


def with_relief(face: Reconstruction) -> Reconstruction:
    """The head with waves of all directions, of different height over the face, and with grooves across its top."""
    side = face.depth_mm.shape[0]
    pixel = float(face.intrinsics.pixel_mm(float(np.nanmedian(face.depth_mm))))
    numbers = np.random.default_rng(0)
    per_mm = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None]) / pixel
    finest, broadest = (1 / (2 * size) for size in DETAIL_MM)
    kept = np.where((per_mm >= broadest) & (per_mm <= finest), 1 / np.maximum(per_mm, broadest), 0)
    waves = np.fft.irfft2(np.fft.rfft2(numbers.normal(size=(side, side))) * kept, (side, side))
    strength = ndimage.gaussian_filter(numbers.random((side, side)), side / 12)
    strength = 0.6 + 2 * (strength - strength.min()) / np.ptp(strength)
    y, x = np.mgrid[:side, :side] * pixel
    grooves = np.exp(-(((x + 4 * np.sin(y / 20)) % 8 - 4) ** 2) / DETAIL_MM[0] ** 2) * (y < side * pixel / 3)
    depth = (face.depth_mm - RELIEF_MM * (waves / waves.std() / 2 * strength + grooves)).astype(np.float32)
    return replace(face, inverse_depth=1 / depth, depth_mm=depth)


def of_surface(face: Reconstruction, triangles: int = TRIANGLES, **choice: object) -> Mesh:
    surface = make_surface(face, triangles, **choice)
    in_camera = surface.vertices_mm * [1, -1, -1] + face.origin_mm
    return face.intrinsics.project(in_camera), in_camera[:, 2], surface.faces


def regular(face: Reconstruction) -> Mesh:
    step = float(np.sqrt(2 * face.mask.sum() / TRIANGLES / np.sqrt(0.75)))
    points = grid(face.mask, step)
    faces = Delaunay(points).simplices
    middle = np.round(points[faces].mean(1)).astype(int)
    faces = faces[face.mask[middle[:, 1], middle[:, 0]]]
    return points, sample(np.where(face.mask, face.depth_mm, np.nanmedian(face.depth_mm)), points), faces


def all_pixels(face: Reconstruction) -> Mesh:
    rows, columns = np.indices(face.mask.shape).reshape(2, -1)
    points = np.stack([columns, rows], axis=-1).astype(float)
    return points, face.depth_mm.ravel(), Delaunay(points).simplices


def rms(face: Reconstruction, mesh: Mesh) -> tuple[float, float]:
    """Along the depth and at right angles, mm; each pixel is looked up in every triangle whose box holds it."""
    points, depth, faces = mesh
    corners, z = points[faces], depth[faces]
    low, high = np.ceil(corners.min(1)).astype(int), np.floor(corners.max(1)).astype(int)
    size = np.maximum(high - low + 1, 0)
    count = size.prod(1)
    of = np.repeat(np.arange(len(faces)), count)
    along = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
    x, y = low[of, 0] + along % size[of, 0], low[of, 1] + along // size[of, 0]
    (bx, by), (cx, cy) = (corners[:, 1] - corners[:, 0]).T, (corners[:, 2] - corners[:, 0]).T
    area = np.where(bx * cy == by * cx, np.inf, bx * cy - by * cx)
    dx, dy = x - corners[of, 0, 0], y - corners[of, 0, 1]
    v, w = (dx * cy[of] - dy * cx[of]) / area[of], (dy * bx[of] - dx * by[of]) / area[of]
    b, c = z[:, 1] - z[:, 0], z[:, 2] - z[:, 0]
    inside = (v >= -1e-6) & (w >= -1e-6) & (v + w <= 1 + 1e-6)
    error = np.abs(z[of, 0] + v * b[of] + w * c[of] - face.depth_mm[y, x])
    pixel = float(face.intrinsics.pixel_mm(float(np.nanmedian(face.depth_mm))))
    slope = np.hypot(b * cy - c * by, c * bx - b * cx) / np.abs(area) / pixel
    nearest = np.full((2, *face.mask.shape), np.inf)
    for result, value in zip(nearest, (error, error / np.hypot(1, slope[of])), strict=True):
        np.minimum.at(result, (y[inside], x[inside]), np.nan_to_num(value[inside], nan=np.inf))
    counted = (ndimage.distance_transform_edt(face.mask) > 2) & np.isfinite(nearest[0])
    depth_rms, distance_rms = np.sqrt((nearest[:, counted] ** 2).mean(1))
    return float(depth_rms), float(distance_rms)


def timed(work: Callable[[], Made], times: int = TIMES) -> tuple[Made, float, float]:
    """What it makes, and its seconds by the clock and of the processor."""
    seconds = []
    for _ in range(times):
        clock, processor = time.perf_counter(), time.process_time()
        made = work()
        seconds.append((time.perf_counter() - clock, time.process_time() - processor))
    by_clock, of_processor = np.median(seconds, axis=0)
    return made, float(by_clock), float(of_processor)


def peak_kb() -> int:
    """Of this process since it began; `ru_maxrss` counts its parent's as well, but is all that other systems have."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def cost(face: Reconstruction, side: int, triangles: int, send) -> None:
    """In a process of its own, whose peak memory is this mesh's."""
    large = enlarged(face, side)
    before = peak_kb()
    surface, clock, processor = timed(lambda: make_surface(large, triangles, FINEST_MM), 1)
    send.send((len(surface.faces), clock, processor, before, peak_kb()))


def fine(face: Reconstruction, side: int, send) -> None:
    """As `cost`, with details; and the RMS."""
    large = with_relief(enlarged(face, side))
    before = peak_kb()
    mesh, clock, processor = timed(lambda: of_surface(large, FINE_TRIANGLES, tolerance_mm=FINEST_MM))
    peak = peak_kb()
    send.send((len(mesh[2]), clock, processor, before, peak, *rms(large, mesh)))


def solid(face: Reconstruction, side: int, send) -> None:
    """As `cost`, of the triangulation of a plaque's upper side; and the seconds of the whole solid by the clock."""
    large = with_relief(enlarged(face, side))
    found = []

    def triangulated(*arguments: object) -> Triangulation:
        mesh, clock, processor = timed(lambda: triangulate(*arguments[:-2], FINE_TRIANGLES, FINEST_MM), 1)
        found.append((len(mesh.faces), clock, processor))
        return mesh

    before = peak_kb()
    with patch("core.solid.slab.triangulate", triangulated):
        _, whole, _ = timed(lambda: make_solid(large, SolidOptions(kind="relief")))
    largest = max(count for count, *_ in found)
    clock, processor = np.median([seconds for count, *seconds in found if count == largest], axis=0)
    send.send((largest, clock, processor, before, peak_kb(), whole))


def in_tolerance(face: Reconstruction, side: int, send) -> None:
    """Triangles, largest error, seconds by the clock and of the processor, for each of the tolerances."""
    large = with_relief(enlarged(face, side))
    for tolerance in TOLERANCES_MM:
        surface, clock, processor = timed(lambda t=tolerance: make_surface(large, 2_000_000, t), 1)
        send.send((len(surface.faces), surface.error_mm, clock, processor))


def apart(work: Callable[..., None], *arguments: object, answers: int = 1) -> list[tuple]:
    """What the work sends from a process of its own."""
    context = multiprocessing.get_context("spawn")
    receive, send = context.Pipe(duplex=False)
    child = context.Process(target=work, args=(*arguments, send))
    child.start()
    found = [receive.recv() for _ in range(answers)]
    child.join()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    samples = sorted(Path("assets/samples").glob("*[!l].jpg"))
    parser.add_argument("face", type=Path, nargs="?", default=samples[0])
    face = read(parser.parse_args().face)
    print(f"{face.depth_mm.shape[1]}x{face.depth_mm.shape[0]} px, {face.mask.sum()} of head")
    print(f"{'':34}triangles  seconds  (processor)  RMS mm along depth, at right angles")
    mesh, ours, seconds = timed(lambda: of_surface(face, tolerance_mm=FINEST_MM))
    off = rms(face, mesh)
    print(f"{'adaptive (ours)':34}{len(mesh[2]):9d} {ours:8.2f} {seconds:9.2f} {off[0]:10.3f} {off[1]:10.3f}")
    met = max(off) <= LIMIT_RMS_MM
    for name, work in (
        ("regular grid", lambda: regular(face)),
        ("quadric decimation of dense grid", lambda: of_surface(face, kind="grid")),
    ):
        mesh, clock, seconds = timed(work)
        off = rms(face, mesh)
        print(f"{name:34}{len(mesh[2]):9d} {clock:8.2f} {seconds:9.2f} {off[0]:10.3f} {off[1]:10.3f}")
    mesh, whole, seconds = timed(lambda: all_pixels(face), 1)
    print(f"{'scipy over all pixels':34}{len(mesh[2]):9d} {whole:8.2f} {seconds:9.2f}       none       none")
    print(f"adaptive takes {ours / whole:.2f} of scipy over all pixels")
    print(f"limit: RMS {LIMIT_RMS_MM} mm {'met' if met else 'NOT met'}")
    many(face)
    print(f"cost of {TRIANGLES} triangles, n the pixels:")
    costs(face, lambda _: TRIANGLES)
    print(f"cost of a triangle per {PIXELS_PER_TRIANGLE} pixels, n the triangles:")
    costs(face, lambda side: side**2 // PIXELS_PER_TRIANGLE)


def many(face: Reconstruction) -> None:
    """Print what many triangles cost, of the surface and of the solid, and what tolerances take."""
    print(f"{FINE_TRIANGLES} triangles, with details of {RELIEF_MM} mm:")
    slowest, most = 0.0, 0.0
    for side in FINE_SIDES:
        ((count, clock, processor, before, peak, *off),) = apart(fine, face, side)
        memory = f"peak {peak / 1024:.0f} MB ({(peak - before) / 1024:.0f} MB of it the mesh)"
        print(f"{side} px, surface: {count} triangles {clock:.2f} s ({processor:.2f} s of the processor), {memory},")
        print(f"    RMS {off[0]:.3f} mm along the depth, {off[1]:.3f} mm at right angles")
        slowest, most = max(slowest, clock), max(most, peak / 1024)
        ((count, clock, processor, before, peak, whole),) = apart(solid, face, side)
        print(
            f"{side} px, plaque: {count} triangles {clock:.2f} s ({processor:.2f} s of the processor), "
            f"the whole solid {whole:.2f} s, peak {peak / 1024:.0f} MB"
        )
        slowest, most = max(slowest, clock), max(most, peak / 1024)
    for name, value, limit in (("s", slowest, LIMIT_S), ("MB", most, LIMIT_MB)):
        print(f"limit: {limit} {name} {'met' if value <= limit else 'NOT met'}")
    side = FINE_SIDES[0]
    found = apart(in_tolerance, face, side, answers=len(TOLERANCES_MM))
    for tolerance, (count, error, clock, processor) in zip(TOLERANCES_MM, found, strict=True):
        print(
            f"{side} px, tolerance {tolerance} mm: {count} triangles {clock:.2f} s "
            f"({processor:.2f} s of the processor), largest error {error:.2f} mm"
        )


def costs(face: Reconstruction, triangles: Callable[[int], int]) -> None:
    """Print a line for each size of map."""
    first = None
    for side in SIDES:
        ((count, clock, seconds, before, peak),) = apart(cost, face, side, triangles(side))
        n = side**2 if triangles(side) == TRIANGLES else count
        work = n * np.log(n)
        first = first or seconds / work
        growth = f"{seconds / work / first:5.2f} of n log n from the first"
        memory = f"peak {peak / 1024:6.0f} MB ({(peak - before) / 1024:.0f} MB of it the mesh)"
        print(f"{side**2 / 2**20:5.0f} MP {count:9d} triangles {clock:8.2f} s, {growth}, {memory}")


if __name__ == "__main__":
    main()
