"""Depth in photos of Android phones: GDepth in the photo's XMP, and Dynamic Depth behind its end.

Sources: developers.google.com/depthmap-metadata (GDepth); 'Dynamic Depth', version 1.0, 2019. A level of 0 is near, the
highest one is far.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import PhotoError
from core.sensor.jpeg_parts import JpegParts
from core.sensor.sensor_depth import Along, Calibration, SensorDepth, of_depth, of_disparity, spread
from core.sensor.xmp import BEGIN, Packet

GDEPTH, DYNAMIC = "photos/1.0/depthmap", "dd/1.0/depthmap"
MODEL = "dd/1.0/imagingmodel"
MILLIMETRES = {"m": 1000.0, "meters": 1000.0, "metres": 1000.0, "mm": 1.0, "millimeters": 1.0, "cm": 10.0}

Decode = Callable[[bytes], NDArray[Any]]


def read_depth(data: bytes, parts: JpegParts, decode: Decode) -> SensorDepth | None:
    """The depth of a JPEG by its parts; None where it has none. decode : the bytes of a picture -> its gray levels.

    Raises
    ------
    PhotoError
        It cannot be used.
    """
    if BEGIN not in parts.xmp:
        return None
    if b"dd/1.0/depthmap" not in parts.xmp and b"photos/1.0/depthmap" not in parts.xmp:
        return None
    packet = Packet.of(parts.xmp)
    if packet.says(DYNAMIC):
        picture, confidence = (_behind(data, parts.end, packet, name) for name in ("DepthURI", "ConfidenceURI"))
        return _read(packet, DYNAMIC, picture, confidence, decode, "Dynamic Depth")
    if packet.says(GDEPTH):
        more = Packet.of(parts.extended) if BEGIN in parts.extended else packet
        picture, confidence = (_within(packet, more, name) for name in ("Data", "Confidence"))
        return _read(packet, GDEPTH, picture, confidence, decode, "GDepth")
    return None


def _read(
    packet: Packet, namespace: str, picture: bytes | None, confidence: bytes | None, decode: Decode, name: str
) -> SensorDepth:
    if picture is None:
        raise PhotoError("its picture is missing")
    levels = decode(picture)
    most = 65535 if levels.dtype.itemsize > 1 else 255
    shape = packet.text(namespace, "Format", "RangeInverse") or ""
    unit = (packet.text(namespace, "Units") or "").lower()
    near, far = packet.number(namespace, "Near"), packet.number(namespace, "Far")
    share, step = spread(levels, 0.0, 1.0, 0, most)
    if not (np.isfinite([near, far]).all() and 0 < near < far):
        raise PhotoError(f"it goes from {near:g} to {far:g}, which is no range of depths")
    mm = MILLIMETRES.get(unit, 1000.0)
    if shape.lower() == "rangeinverse":  # share = far (d - near) / (d (far - near)), solved for 1 / d
        per_unit = 1 / near - 1 / far
        nearness, step = of_disparity((1 / near - share * per_unit) * 1000 / mm, step * per_unit * 1000 / mm)
    elif shape.lower() == "rangelinear":
        nearness, step = of_depth((near + share * (far - near)) * mm, step * (far - near) * mm)
    else:
        raise PhotoError(f"its format is {shape[:20]!r}, which is neither RangeInverse nor RangeLinear")
    along: Along = "ray" if (packet.text(namespace, "MeasureType") or "").lower() == "opticray" else "axis"
    sure = None if confidence is None else decode(confidence)
    if sure is not None:
        if sure.shape != levels.shape:
            raise PhotoError("its confidence is of another size")
        nearness = np.where(sure > 0, nearness, np.float32(np.nan)).astype(np.float32)
    known = 100 * float((sure > 0).mean()) if sure is not None else 100.0
    said = {
        "kind": f"{shape}, {near:g} to {far:g} {unit}" if unit else f"{shape}, {near:g} to {far:g} without a unit",
        "accuracy": "absolute" if unit in MILLIMETRES else "relative: no unit is stated",
        "confidence": f"{known:.0f} % of it is measured" if sure is not None else "not stated",
    }
    maker = " ".join(filter(None, (packet.text(namespace, key) for key in ("Manufacturer", "Model"))))
    source = f"{maker} ({name})" if maker else name
    return SensorDepth(nearness, unit in MILLIMETRES, step, along, source, said, _calibration(packet))


def _calibration(packet: Packet) -> Calibration | None:
    """Of Dynamic Depth; the focal length and the principal point are in pixels, or in parts of the picture's size."""
    width, height = (packet.number(MODEL, f"Image{side}", 0) for side in ("Width", "Height"))
    across, down = (packet.number(MODEL, f"FocalLength{axis}", 0) for axis in "XY")
    if not (np.isfinite([width, height, across, down]).all() and min(width, height, across, down) > 0):
        return None
    x, y = (packet.number(MODEL, f"PrincipalPoint{axis}", 0.5) for axis in "XY")
    if max(abs(x), abs(y)) <= 1:
        x, y = x * width - 0.5, y * height - 0.5
    if max(across, down) < 10:
        across, down = across * max(width, height), down * max(width, height)
    return Calibration((across + down) / 2, x, y, (width, height))


def _within(packet: Packet, more: Packet, name: str) -> bytes | None:
    written = packet.text(GDEPTH, name) or more.text(GDEPTH, name)
    if not written:
        return None
    try:
        return base64.b64decode("".join(written.split()) + "=" * (-len(written) % 4))
    except (binascii.Error, ValueError) as error:
        raise PhotoError("its picture is not written in base64") from error


def _behind(data: bytes, end: int, packet: Packet, name: str) -> bytes | None:
    """An item of the container: items lie behind the photo, one after the other."""
    wanted = packet.text(DYNAMIC, name)
    if not wanted:
        return None
    at = end
    for item in packet.items():
        address = item.text("dd/1.0/item", "DataURI")
        length, padding = (int(item.number("dd/1.0/item", part, 0)) for part in ("Length", "Padding"))
        if min(length, padding) < 0:
            raise PhotoError(f"the length of an item is {length}")
        if address == wanted:
            if not 0 < length <= len(data) - at:
                raise PhotoError("the file ends before its depth is complete")
            return data[at : at + length]
        at += length + padding
    raise PhotoError(f"there is no item {wanted[:40]!r} behind the photo")
