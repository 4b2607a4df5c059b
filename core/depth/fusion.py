"""A camera's and a network's relief as one: in each band of detail by their inverse variances."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

RIM_SHARE = 6 / 512  # of the map's side: so close to the head's rim a sensor's map is torn or mixed with what is behind
FARTHEST_SHARE = 1 / 16  # of the map's side: standard deviation of the blur that leaves the broadest band
STEEPEST_MM = 12.0  # between neighbours in the sensor's own grid: more is a tear, not a face
FARTHEST_OFF_MM = 20.0  # from a network's relief that is fitted to it: glasses, holes, strands of hair
NEIGHBOURHOOD = 3.0  # standard deviation over which a band's power is taken, in blurs of the band
WIDEST = 8.0  # blurs of a band: no terrace counts as wider, for what is broader is not in the band
LEAST_TERRACE_PX = 1e-3
LEAST_NOISE_MM = 0.1  # of a sensor whose levels are finer than what it measures


@dataclass(frozen=True)
class Fused:
    """relief_mm : (S, S) float64. trusted : (S, S) bool, where the sensor's map was used.

    Of each band of detail, from the finest to the broadest: detail_px, the standard deviation of the blur that takes
    it away; shares, of the sensor; apart_mm, the standard deviation of what both differ by.
    """

    relief_mm: NDArray[np.float64]
    trusted: NDArray[np.bool_]
    detail_px: tuple[float, ...]
    shares: tuple[float, ...]
    apart_mm: tuple[float, ...]


def trusted(
    sensor_mm: NDArray[np.floating], network_mm: NDArray[np.floating], mask: NDArray[np.bool_],
    head: NDArray[np.bool_], pitch_px: float,
) -> NDArray[np.bool_]:  # fmt: skip
    """(S, S) bool: where a sensor's relief is neither torn nor, on a head, mixed with what is behind it.

    sensor_mm, network_mm : (S, S) relief in mm. mask : what is kept. head : what of it networks know; the rest need not
    agree. pitch_px : of the sensor's own pixels, in those of the map.
    """
    there = np.isfinite(sensor_mm)
    rim = 2 * round(max(mask.shape) * RIM_SHARE + 1.5 * pitch_px) + 1
    inside = (
        cv2.erode(np.pad(mask, 1).astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (rim, rim)))[
            1:-1, 1:-1
        ]
        > 0
    )
    reach = 2 * max(1, round(pitch_px)) + 1
    box = np.ones((reach, reach), np.uint8)
    filled = np.where(there, sensor_mm, np.float64(0)).astype(np.float32)
    steep = cv2.dilate(filled, box) - cv2.erode(filled, box) > STEEPEST_MM * (reach - 1) / 2
    off = head & (np.abs(np.where(there, sensor_mm - network_mm, np.inf)) > FARTHEST_OFF_MM)
    wrong = cv2.dilate((~there | steep | off).astype(np.uint8), box) > 0
    return np.asarray(inside & ~wrong)


def fuse(
    sensor_mm: NDArray[np.floating], network_mm: NDArray[np.floating], where: NDArray[np.bool_], pitch_px: float,
    step_mm: float,
) -> Fused:  # fmt: skip
    """One relief of both: the sensor's broad shape, the network's detail, and where they meet by how far each errs.

    What both differ by is parted into bands. A sensor's noise is that of its levels; what they differ by beyond it is
    the network's. Each has the weight of its inverse variance, place by place. Detail finer than the sensor's pixels is
    the network's. Beyond `where` the network's relief is moved to meet it.

    sensor_mm, network_mm : (S, S) relief in mm, the network's fitted to the sensor's. where : (S, S), as `trusted`
    says. pitch_px : of the sensor's pixels, in those of the map. step_mm : between two of its levels.
    """
    network, pitch = np.asarray(network_mm, np.float64), max(pitch_px, 1.0)
    if not where.any():
        return Fused(network, where, (), (), ())
    farthest = max(where.shape) * FARTHEST_SHARE
    sensor = np.where(where, np.nan_to_num(np.asarray(sensor_mm, np.float64)), 0.0)
    difference = np.where(where, sensor - network, 0.0)
    difference = np.where(where, difference, _blurred(difference, where, farthest))
    noise_mm, terrace_px = max(step_mm / np.sqrt(12), LEAST_NOISE_MM), _terrace_px(sensor, where, step_mm, pitch)
    sigmas = [pitch]
    while 2 * sigmas[-1] < farthest:
        sigmas.append(2 * sigmas[-1])
    fused, finer = network.copy(), _blurred(difference, where, sigmas[0])
    shares, bands = [], []
    for fine, broad in zip(sigmas, [*sigmas[1:], None], strict=True):
        coarser = _blurred(difference, where, broad) if broad else np.zeros_like(finer)
        band = finer - coarser
        own = (noise_mm * pitch) ** 2 * (
            _power(fine, fine) + (_power(broad, broad) - 2 * _power(fine, broad) if broad else 0)
        )
        power = band**2
        if broad:
            power = _blurred(power, where, NEIGHBOURHOOD * broad)
            terraces = np.minimum(np.maximum(terrace_px, LEAST_TERRACE_PX), WIDEST * broad)
            own = own + noise_mm**2 * np.exp(-((2 * np.pi * fine / terraces) ** 2))
        else:
            power = np.full_like(band, power[where].mean())
        share = np.maximum(power - own, 0.0) / np.maximum(power, 1e-12)
        fused += share * band
        shares.append(float(share[where].mean()))
        bands.append(float(np.sqrt((band[where] ** 2).mean())))
        finer = coarser
    return Fused(fused, where, (*sigmas[1:], 2 * sigmas[-1]), tuple(shares), tuple(bands))


def _terrace_px(
    sensor: NDArray[np.float64], where: NDArray[np.bool_], step_mm: float, pitch_px: float
) -> NDArray[np.float64]:
    """(S, S) how wide each level's terrace is on the surface.

    Across terraces the error of levels is a sawtooth, of whose power a blur of standard deviation s leaves
    exp(-(2 pi s / width)^2): on steep places nothing, on flat ones all.
    """
    down, right = np.gradient(_blurred(sensor, where, 2 * pitch_px))
    return step_mm / np.maximum(np.hypot(down, right), 1e-6)


def _power(one: float, other: float) -> float:
    """The integral of the product of two Gaussians: what is left of white noise of variance 1."""
    return float(1 / (2 * np.pi * (one**2 + other**2)))


def _blurred(values: NDArray[np.float64], where: NDArray[np.bool_], sigma: float) -> NDArray[np.float64]:
    """(S, S) blur of what is within `where`; where that does not reach, the value of the nearest place that it does."""
    weight = cv2.GaussianBlur(where.astype(np.float64), (0, 0), sigma)
    blurred = cv2.GaussianBlur(np.where(where, values, 0.0), (0, 0), sigma) / np.maximum(weight, 1e-9)
    lost = weight < 1e-3
    if lost.any() and not lost.all():
        _, labels = cv2.distanceTransformWithLabels(
            lost.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
        )
        value_of = np.zeros(labels.max() + 1)
        value_of[labels[~lost]] = blurred[~lost]
        blurred = np.where(lost, value_of[labels], blurred)
    return np.asarray(blurred, np.float64)
