"""`python -m tests.benchmarks.scans FOLDER`: how heads of known shape come back from scans.

Each head is written as OBJ, PLY, STL and GLB, in m, cm and mm, turned in six ways. Three errors, in mm: *place*, how
far the true landmarks, moved as the scan was, lie from the surface that its picture has (those on what the picture
shows); *landmarks*, how far those of the face that comes of it lie from the true ones; *turn*, in degrees, from
straight. Then what else people may send, and how far the estimate from each head's photo is from its scan.
"""

import argparse
import time
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch

import core
from core.errors import LifemaskError
from core.face.landmarks import INNER, LEFT_EYE, MEAN_MM, RIGHT_EYE
from core.scan.front import similarity
from core.scan.limits import ScanLimits
from core.scan.read import photo_of, placed
from tests.scans import ENDINGS, TURNS, Scan, cube, dense, known, landmarks_off_mm, landscape, matrix
from tests.truth import read_truth

REPORTED = ("place", "worst place", "landmarks", "inner", "worst landmark", "turn", "seconds")


def measured(scan: Scan, data: bytes, ending: str, networks: core.Networks) -> dict[str, float]:
    """The errors of one file; `size` is by how much it came back too large."""
    began = time.monotonic()
    found = placed(data, networks.face(), f"scan.{ending}", "auto", ScanLimits())
    photo = photo_of(found, "scan")
    seconds = time.monotonic() - began
    assert photo.sensor is not None
    nearness = photo.sensor.nearness.astype(np.float64)
    unit = scan.landmarks / found.unit.mm  # of the file, if its unit was found
    true = found.to_camera_mm(unit)
    turn, *_ = similarity(MEAN_MM[INNER].astype(float), true[INNER], np.ones(51))
    view = found.view
    pixels = true[:, :2] / true[:, 2:] * view.focal_px + view.middle_px
    deep = view.lifted(pixels, nearness)[:, 2] - true[:, 2]
    there = np.abs(deep) < 8  # nearer ones hide a landmark, and some lie behind the surface: of the jaw, of the lips
    (face,) = core.reconstruct(photo, core.Options(), networks)
    off = landmarks_off_mm(found, face, unit)
    return {
        "place": float(np.median(np.abs(deep[there]))),
        "worst place": float(np.percentile(np.abs(deep[there]), 90)),
        "landmarks": float(np.nanmedian(off)),
        "inner": float(np.nanmedian(off[INNER])),
        "worst landmark": float(np.nanpercentile(off, 90)),
        "turn": float(np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1)))),
        "seconds": seconds,
        "score": found.front.score,
        "unit": found.unit.mm,
    }


def of_head(path: Path, step: int) -> list[dict[str, float | str]]:
    torch.set_num_threads(1)
    networks, scan, found = core.Networks(), known(path), []
    for ending, unit, turn in matrix()[::step]:
        case: dict[str, float | str] = {"head": path.stem, "ending": ending, "file unit": unit, "turned": turn}
        turned = scan.turned(TURNS[turn])
        try:
            case |= measured(turned, turned.file(ending, unit), ending, networks)
        except LifemaskError as error:
            case["error"] = str(error)
        found.append(case)
    return found


def table(cases: list[dict[str, float | str]], by: str) -> None:
    groups = defaultdict(list)
    for case in cases:
        groups[str(case[by])].append(case)
    print(f"\n{by:32}    n  lost" + "".join(f"  {name:>15}" for name in REPORTED) + "   (median / worst)")
    for name, group in groups.items():
        there = [case for case in group if "error" not in case]
        columns = [[float(case[one]) for case in there] for one in REPORTED]
        numbers = "".join(f"  {np.median(some):7.2f}/{max(some):7.2f}" for some in columns) if there else ""
        print(f"{name:32}  {len(group):3d}  {len(group) - len(there):4d}{numbers}")


def others(network: core.face.maps.FaceNetwork, scan: Scan) -> None:
    many = dense(scan, 2_000_000)
    askew = many.turned(TURNS["40, 35 and 25 degrees askew"])
    print("\nwhat else people may send")
    given = [("cube", cube(), "stl"), ("landscape", landscape(1000), "ply")]
    given += [(f"{len(many.faces) / 1e6:.1f} million triangles", many, ending) for ending in ENDINGS]
    given += [("the same askew", askew, "ply")]
    for name, what, ending in given:
        data, began, busy = what.file(ending), time.monotonic(), time.process_time()
        try:
            said = ", ".join(core.scan.read_scan(data, network, f"scan.{ending}").warnings)
        except LifemaskError as error:
            said = str(error)
        took = f"{time.monotonic() - began:5.1f} s, {time.process_time() - busy:5.1f} s of processors"
        print(f"{name:24} {ending}  {len(data) / 1e6:6.1f} MB  {took}  {said}", flush=True)


def beside_photo(path: Path, networks: core.Networks) -> None:
    truth = read_truth(path)
    photo = core.photo.Photo(path.stem, truth.rgb, None, "0" * 64)
    head = known(path)
    scan = core.scan.read_scan(head.file("ply"), networks.face(), "scan.ply")
    (of_scan,) = core.reconstruct(scan, core.Options(), networks)
    (of_photo,) = core.reconstruct(photo, core.Options(fov_deg=truth.fov_deg, ipd_mm=truth.ipd_mm), networks)
    found, ipd = core.compare(of_scan, of_photo), of_scan.facts.sensor and of_scan.facts.sensor.ipd_mm
    assert found.rms_mm is not None
    true = np.linalg.norm(head.landmarks[LEFT_EYE].mean(0) - head.landmarks[RIGHT_EYE].mean(0))
    print(f"{path.stem:24} RMS {found.rms_mm:5.2f} mm   IPD {ipd:.1f} mm, truly {true:.1f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="heads as `tests.truth` reads them")
    parser.add_argument("--step", type=int, default=1, help="of the cases of each head, take each so many")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--files-alone", action="store_true", help="leave out all but the heads in every form")
    args = parser.parse_args()
    paths = sorted(args.folder.glob("*.npz"))
    with ProcessPoolExecutor(args.processes) as pool:
        cases = [case for found in pool.map(of_head, paths, [args.step] * len(paths)) for case in found]
    for by in ("head", "ending", "file unit", "turned"):
        table(cases, by)
    per = {"m": 1000.0, "cm": 10.0, "mm": 1.0}
    there = [case for case in cases if "error" not in case]
    print(f"\nunit found rightly: {sum(case['unit'] == per[str(case['file unit'])] for case in there)} of {len(cases)}")
    for error, count in Counter(str(case["error"]) for case in cases if "error" in case).items():
        print(f"{count}: {error}")
    if args.files_alone:
        return
    networks = core.Networks()
    others(networks.face(), known(paths[0]))
    print("\nestimate from the photo beside the scan")
    for path in paths:
        beside_photo(path, networks)


if __name__ == "__main__":
    main()
