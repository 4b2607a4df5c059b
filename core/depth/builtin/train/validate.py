"""How good the network is: on held-out renders and on heads whose depth is known."""

import json
import math
from dataclasses import dataclass, fields, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from core.depth.builtin.render.materials import NECK_CUT
from core.depth.builtin.render.people import EYE_LEVEL_CM
from core.depth.builtin.render.pool import UNIT_IPD, Pool, Sample
from core.depth.builtin.train.batches import (
    TIGHT_IPD,
    WIDE_IPD,
    Item,
    Window,
    batch,
    cut,
    face_window,
    has_face,
    move,
)
from core.face.landmarks import NOSE

MM_PER_UNIT = UNIT_IPD * 63.0
WINDOW_MM = 63.0 / TIGHT_IPD  # what the tight window shows
EYE_DEPTH_CM = 9.2  # z of the eyes' landmarks on the mean head
KEPT_SHARE = 0.98  # a few pixels at mouth and rim of the ground truth are outliers
BATCH = 32


@dataclass(frozen=True)
class Figures:
    """Mean errors. Lengths in mm at an IPD of 63 mm (truth: of the true head).

    amplitude : spread of the inner face's relief beside the true one's, each without its mean plane; 1 is as deep.
    tilt_deg : angle between the two planes.
    """

    aligned_median_mm: float
    aligned_rms_mm: float
    own_median_mm: float
    own_rms_mm: float
    landmarks_ipd: float
    head_iou: float
    amplitude: float
    tilt_deg: float

    def __str__(self) -> str:
        """One line for a log."""
        return (
            f"aligned {self.aligned_median_mm:.2f} / {self.aligned_rms_mm:.2f} mm, own scale {self.own_median_mm:.2f} /"
            f" {self.own_rms_mm:.2f} mm, landmarks {self.landmarks_ipd:.4f} IPD, mask IoU {self.head_iou:.4f},"
            f" amplitude {self.amplitude:.3f}, tilt {self.tilt_deg:.2f} degrees"
        )

    @staticmethod
    def mean(figures: "list[Figures]") -> "Figures":
        """Average, leaving out what a sample has no value for (NaN)."""
        table = np.array([list(vars(f).values()) for f in figures])
        return Figures(*np.nanmean(table, 0))


NOTHING = Figures(*[math.nan] * len(fields(Figures)))


@dataclass(frozen=True)
class Answer:
    """The network's answer for one picture: (256, 256) arrays, landmarks (68, 2) in shares of the side."""

    relief: NDArray[np.float32]
    head: NDArray[np.float32]
    subject: NDArray[np.float32]
    landmarks: NDArray[np.float32]


def answers(network: nn.Module, pictures: Tensor) -> list[Answer]:
    """Pictures (N, 3, S, S) normalised float32 -> the answers."""
    found = []
    with torch.inference_mode():
        for part in torch.split(pictures, BATCH):
            device = next(network.parameters()).device
            relief, masks, heatmaps = network(part.to(device))
            masks = functional.interpolate(masks.float(), scale_factor=2.0, mode="bilinear").sigmoid().cpu().numpy()
            relief = relief.float().cpu().numpy()
            places = peaks(heatmaps.float()).cpu().numpy()
            found += [Answer(r[0], m[0], m[1], p) for r, m, p in zip(relief, masks, places, strict=True)]
    return found


def peaks(heatmaps: Tensor, radius: int = 3) -> Tensor:
    """(N, 68, h, w) logits -> (N, 68, 2) shares of the side: the mean place near each peak."""
    height, width = heatmaps.shape[-2:]
    share = heatmaps.flatten(2).softmax(-1).view_as(heatmaps)
    top = heatmaps.flatten(2).argmax(-1)[..., None, None]
    rows = torch.arange(height, device=heatmaps.device).view(1, 1, height, 1)
    columns = torch.arange(width, device=heatmaps.device).view(1, 1, 1, width)
    share = share * ((rows - top // width).abs() <= radius) * ((columns - top % width).abs() <= radius)
    weight = share.sum((2, 3))
    place = torch.stack([(share * columns).sum((2, 3)) / weight, (share * rows).sum((2, 3)) / weight], -1)
    return (place + 0.5) / width


def on_held_out(network: nn.Module, pools: list[Pool], count: int) -> Figures:
    """Return the mean errors over the last `count` samples of every complete pool, in levelled tight windows."""
    figures = []
    for pool in pools:
        if len(pool) < len(pool.arrays["image"]):
            continue
        samples = [pool[i] for i in range(len(pool) - count, len(pool))]
        figures += on_samples(network, [s for s in samples if has_face(s.landmarks)])
    return Figures.mean(figures) if figures else NOTHING


def on_samples(network: nn.Module, samples: list[Sample]) -> list[Figures]:
    """Return the errors on each sample with a face: shape in the tight window, mask in the wide one."""
    figures = []
    for start in range(0, len(samples), BATCH):
        part = samples[start : start + BATCH]
        tight = [_item(sample, TIGHT_IPD) for sample in part]
        wide = [_item(sample, WIDE_IPD) for sample in part]
        found = answers(network, batch(tight)[0])
        heads = answers(network, batch(wide)[0])
        figures += [_compare(*four) for four in zip(tight, found, wide, heads, strict=True)]
    return figures


def _item(sample: Sample, ipd_share: float) -> Item:
    window = face_window(sample.landmarks, ipd_share)
    return Item(*cut(sample, window, 256), move(sample.landmarks, window))


def _compare(tight: Item, found: Answer, wide: Item, head: Answer) -> Figures:
    side = found.relief.shape[0]
    face = np.zeros((side, side), np.uint8)
    corners: NDArray[np.int32] = np.round(tight.landmarks * side - 0.5).astype(np.int32)
    cv2.fillConvexPoly(face, cv2.convexHull(corners), 1)
    where = (face > 0) & (tight.masks[..., 0] > 127)
    true_head, mask = wide.masks[..., 0] > 127, head.head > 0.5
    iou = float((true_head & mask).sum() / max(1, (true_head | mask).sum()))
    seen = ((tight.landmarks > 0.01) & (tight.landmarks < 0.99)).all(1)
    off = np.hypot(*(found.landmarks - tight.landmarks)[seen].T).mean() / TIGHT_IPD if seen.any() else math.nan
    if where.sum() < 100:
        return replace(NOTHING, landmarks_ipd=float(off), head_iou=iou)
    truth, relief = tight.relief[where] * MM_PER_UNIT, found.relief[where] * MM_PER_UNIT
    fit = np.polyfit(relief, truth, 1)
    aligned, own = _spread(np.polyval(fit, relief) - truth), _spread(_shifted(relief - truth))
    return Figures(*aligned, *own, float(off), iou, *_amplitude_and_tilt(relief, truth, where, WINDOW_MM))


def _amplitude_and_tilt(
    relief_mm: NDArray[np.floating], truth_mm: NDArray[np.floating], where: NDArray[np.bool_], width_mm: float
) -> tuple[float, float]:
    """See `Figures`. relief_mm, truth_mm : (n,) at the pixels `where` of a window that shows `width_mm`."""
    design = np.c_[np.argwhere(where) * (width_mm / where.shape[1]), np.ones(len(truth_mm))]
    planes = [np.linalg.lstsq(design, values, rcond=None)[0] for values in (relief_mm, truth_mm)]
    spreads = [
        float((values - design @ plane).std()) for values, plane in zip((relief_mm, truth_mm), planes, strict=True)
    ]
    one, other = (np.array([*plane[:2], 1.0]) / np.linalg.norm([*plane[:2], 1.0]) for plane in planes)
    return spreads[0] / spreads[1], float(np.degrees(np.arccos(np.clip(one @ other, -1, 1))))


def _shifted(error: NDArray[np.floating]) -> NDArray[np.floating]:
    return error - np.median(error)


def _spread(error: NDArray[np.floating]) -> tuple[float, float]:
    kept = np.sort(error**2)[: int(KEPT_SHARE * len(error))]
    return float(np.median(np.abs(error))), float(np.sqrt(kept.mean()))


def on_truth(network: nn.Module, files: list[Path]) -> Figures:
    """Return the mean errors on ground-truth heads: found, centred and cut as in the product (two passes)."""
    return Figures.mean([truth_figures(network, path) for path in files])


def truth_figures(network: nn.Module, path: Path) -> Figures:
    """Return the errors on one .npz with rgb (H, W, 3), depth (H, W) mm, K and landmarks_2d (68, 2) px."""
    with np.load(path) as stored:
        rgb, depth, marks = stored["rgb"], stored["depth"].astype(np.float64), stored["landmarks_2d"]
        meta = json.loads(str(stored["meta"]))
        bald = _bald_head(depth, stored["K"], stored["landmarks_3d"], meta["yaw_deg"])
        depth = _along_sight(depth, stored["K"], stored["landmarks_3d"][NOSE].mean(0))
    side = rgb.shape[0]
    window = face_window((marks + 0.5) / side, WIDE_IPD)
    for _ in range(2):
        wide = window
        answer = answers(network, batch([_item_of_picture(rgb, wide)])[0])[0]
        window = face_window(_back(answer.landmarks, wide), WIDE_IPD)
    head, window = answer.head, face_window(_back(answer.landmarks, wide), TIGHT_IPD)
    answer = answers(network, batch([_item_of_picture(rgb, window)])[0])[0]
    landmarks = _back(answer.landmarks, window) * side - 0.5
    ipd = np.hypot(*(marks[36:42].mean(0) - marks[42:48].mean(0)))
    z = _sampled(np.nan_to_num(depth, nan=-1.0), window, 256)
    face = np.zeros((256, 256), np.uint8)
    cv2.fillConvexPoly(face, cv2.convexHull((answer.landmarks * 256).astype(np.int32)), 1)
    where = (face > 0) & (z > 0)
    truth, value = z[where], answer.relief[where].astype(np.float64)
    fit = np.linalg.lstsq(np.c_[value, np.ones_like(value)], 1 / truth, rcond=None)[0]
    aligned = 1 / (value * fit[0] + fit[1]) - truth
    eyes = float(np.median(truth))
    own = eyes / (1 + (value - np.median(value)) * MM_PER_UNIT / eyes) - truth
    seen, mask = _sampled(bald.astype(np.float64), wide, 256) > 0.5, head > 0.5
    iou = float((seen & mask).sum() / (seen | mask).sum())
    off = float(np.hypot(*(landmarks - marks).T).mean() / ipd)
    width_mm = WINDOW_MM * meta["eye_centre_dist_mm"] / 63.0
    return Figures(
        *_spread(aligned),
        *_spread(_shifted(own)),
        off,
        iou,
        *_amplitude_and_tilt(-own - truth, -truth, where, width_mm),
    )


def _along_sight(
    depth: NDArray[np.float64], K: NDArray[np.floating], middle: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Depth (H, W) along the camera's axis -> depth along the line of sight to a point (3,), as the relief has it."""
    line = middle / np.linalg.norm(middle)
    v, u = np.mgrid[0 : depth.shape[0], 0 : depth.shape[1]]
    along: NDArray[np.float64] = line[0] * (u - K[0, 2]) / K[0, 0] + line[1] * (v - K[1, 2]) / K[1, 1] + line[2]
    return depth * along


def _bald_head(
    depth: NDArray[np.float64], K: NDArray[np.floating], marks_mm: NDArray[np.floating], yaw_deg: float
) -> NDArray[np.bool_]:
    """Head and neck without shoulders, cut where the renders cut them: depth (H, W) mm, landmarks (68, 3) mm."""
    v, u = np.mgrid[0 : depth.shape[0], 0 : depth.shape[1]]
    eyes = marks_mm[36:48].mean(0)
    x, y = (u - K[0, 2]) / K[0, 0] * depth - eyes[0], (v - K[1, 2]) / K[1, 1] * depth - eyes[1]
    turn = np.radians(yaw_deg)
    out = -np.sin(turn) * x - np.cos(turn) * (depth - eyes[2])
    with np.errstate(invalid="ignore"):
        above: NDArray[np.bool_] = EYE_LEVEL_CM - y / 10 + 0.45 * (EYE_DEPTH_CM + out / 10) > NECK_CUT
    return above & np.isfinite(depth)


def _item_of_picture(rgb: NDArray[np.uint8], window: Window) -> Item:
    nothing = np.zeros((256, 256), np.float16)
    sample = Sample(
        rgb, nothing, np.zeros((256, 256, 2), np.uint8), np.full((68, 2), -1, np.float32), np.zeros(1, np.float32)
    )
    return Item(*cut(sample, window, 256), sample.landmarks)


def _back(landmarks: NDArray[np.floating], window: Window) -> NDArray[np.floating]:
    """Shares of the window's side -> shares of the picture's side."""
    c, s = np.cos(np.radians(window.roll_deg)), np.sin(np.radians(window.roll_deg))
    p = (landmarks - 0.5) * window.side
    return np.stack([c * p[:, 0] - s * p[:, 1] + window.x, s * p[:, 0] + c * p[:, 1] + window.y], -1)


def _sampled(array: NDArray[np.float64], window: Window, side: int) -> NDArray[np.float64]:
    places = (np.arange(side) + 0.5) / side
    grid = np.stack(np.meshgrid(places, places), -1).reshape(-1, 2)
    x, y = np.round(_back(grid, window) * array.shape[0] - 0.5).astype(int).T
    inside = (x >= 0) & (y >= 0) & (x < array.shape[1]) & (y < array.shape[0])
    values = array[y.clip(0, array.shape[0] - 1), x.clip(0, array.shape[1] - 1)]
    return np.where(inside, values, -1.0).reshape(side, side)
