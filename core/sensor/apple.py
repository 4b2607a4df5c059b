"""Depth and mattes in photos of iPhones and iPads: what a picture beside the photo is, by its XMP.

Kinds, ranges and calibration have the names of AVDepthData and AVCameraCalibrationData, and the same meaning. HEIC
stores the pictures as auxiliary images, JPEG behind the photo; the XMP is the same.
"""

import numpy as np
from numpy.typing import NDArray

from core.sensor.sensor_depth import SQUARE, Calibration, SensorDepth, of_depth, of_disparity, spread
from core.sensor.xmp import Packet

PIXELS, DEPTH = "pixeldatainfo/1.0", "depthData/1.0"
MATTES = {
    "portraiteffectsmatte": "person",
    "semanticskinmatte": "skin",
    "semantichairmatte": "hair",
    "semanticglassesmatte": "glasses",
    "semanticteethmatte": "teeth",
}
ABSOLUTE, RELATIVE = "absolute", "relative"
MOST_PERCENT = 20.0  # a lens table that says more is of another unit


def is_depth(packet: Packet) -> bool:
    """Whether the picture is a depth map; a matte is of the type 'depth' too, but has a type below that."""
    kind = packet.text(PIXELS, "AuxiliaryImageType")
    return kind in ("disparity", "depth") and packet.text(PIXELS, "AuxiliaryImageSubType") is None


def matte_of(kind: str | None) -> str | None:
    """What a matte shows. kind : the last part of the name of its type."""
    return MATTES.get((kind or "").rpartition(":")[2].lower())


def read_depth(levels: NDArray[np.generic], packet: Packet) -> SensorDepth:
    """A depth map by its levels (h, w) and its XMP.

    Raises
    ------
    PhotoError
        The XMP does not say what they mean.
    """
    low, high = (packet.number(PIXELS, name) for name in ("FloatMinValue", "FloatMaxValue"))
    least, most = (packet.number(PIXELS, name, default) for name, default in (("IntMinValue", 0), ("IntMaxValue", 255)))
    values, step = spread(levels, low, high, least, most)
    is_disparity = packet.text(PIXELS, "AuxiliaryImageType") == "disparity"
    nearness, step = of_disparity(values, step) if is_disparity else of_depth(values * 1000, step * 1000)
    accuracy, quality = packet.text(DEPTH, "Accuracy"), packet.text(DEPTH, "Quality")
    across, down = _focal_lengths(packet)
    calibration, moved = _calibration(packet), _lens_percent(packet)
    said = {
        "kind": f"disparity, {low:g} to {high:g} per metre" if is_disparity else f"depth, {low:g} to {high:g} m",
        "accuracy": "absolute" if accuracy == ABSOLUTE else "relative" if accuracy == RELATIVE else "not stated",
        "quality": "high" if quality == "high" else "low" if quality == "low" else "not stated",
        "holes filled": "yes" if packet.text(DEPTH, "Filtered", "") == "True" else "no",
        "calibration": f"{calibration.focal_px:.1f} pixels of {calibration.size_px[0]:g} x {calibration.size_px[1]:g}"
        if calibration
        else f"not used: {across:.0f} pixels across and {down:.0f} down do not agree"
        if across
        else "none",
        "lens table": f"not applied: it would move no place by more than {moved:.2g} % of its way from the middle"
        if moved
        else "",
    }
    source = "an Apple camera"
    told = {name: text for name, text in said.items() if text}
    return SensorDepth(nearness, accuracy == ABSOLUTE, step, "axis", source, told, calibration)


def _focal_lengths(packet: Packet) -> tuple[float, float]:
    """Across and down, in pixels of the reference size; 0 where there are none. The matrix is stored by columns."""
    matrix = packet.numbers(DEPTH, "IntrinsicMatrix")
    if len(matrix) != 9 or not np.isfinite(matrix).all() or min(matrix[0], matrix[4]) <= 0:
        return 0.0, 0.0
    return matrix[0], matrix[4]


def _calibration(packet: Packet) -> Calibration | None:
    (across, down), size = _focal_lengths(packet), _size(packet)
    if not across or not min(size) > 0 or abs(np.log(across / down)) > SQUARE:
        return None
    matrix = packet.numbers(DEPTH, "IntrinsicMatrix")
    return Calibration((across + down) / 2, matrix[6], matrix[7], size)


def _size(packet: Packet) -> tuple[float, float]:
    """Width and height that the calibration is of."""
    width, height = (packet.number(DEPTH, f"IntrinsicMatrixReference{side}", 0) for side in ("Width", "Height"))
    return width, height


def _lens_percent(packet: Packet) -> float:
    """What correcting the picture by its lens table would move at most, which is not done; 0 where there is none.

    The table is a polynomial: of the distance from its centre, in mm on the sensor, it gives percent.
    """
    table = packet.numbers(DEPTH, "InverseLensDistortionCoefficients")
    pixel_mm, size = packet.number(DEPTH, "PixelSize", 0), _size(packet)
    if not any(table) or not np.isfinite(table).all() or not (pixel_mm > 0 and min(size) > 0):
        return 0.0
    out = np.linspace(0, pixel_mm * np.hypot(*size) / 2, 50)
    percent = float(np.abs(np.polynomial.Polynomial(table)(out)).max())
    return percent if percent < MOST_PERCENT else 0.0
