"""Bytes of a photo's file -> the depth that its camera stored in it; or of a depth map that somebody gives with it."""

import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin
from pillow_heif import open_heif

import core
from core.errors import PhotoError
from core.sensor import apple, google
from core.sensor.jpeg_parts import pictures_behind, read_parts
from core.sensor.map_name import MapUnit, source_of_map
from core.sensor.sensor_depth import SensorDepth, of_depth, of_disparity, spread
from core.sensor.xmp import BEGIN, END, Packet

UNITS_MM: Mapping[str, float] = {"mm": 1.0, "cm": 10.0, "m": 1000.0}
DISPARITY_KINDS, DEPTH_KIND = (0, 1, 3), 2  # depth_representation_type of ITU-T H.265, table G.3
MOST_MATTES = 8


def read_sensor(data: bytes, kind: str, orientation: int, size_px: tuple[int, int], most_px: int) -> SensorDepth | None:
    """The depth in a photo's file, upright; None where it has none.

    kind : of the file, as Pillow calls it. orientation : EXIF's, that the photo was turned by. size_px : width and
    height of the upright photo. most_px : how many pixels a map may have.

    Raises
    ------
    PhotoError
        It is there and cannot be used; the text goes on a sentence about the depth.
    """
    try:
        found = _of_heif(data, most_px) if kind == "HEIF" else _of_jpeg(data, most_px) if kind == "JPEG" else None
        return found and found.turned(orientation).checked(*size_px)
    except (PhotoError, MemoryError):
        raise
    except Exception as error:  # a decoder may raise anything at bytes that it was not made for
        raise PhotoError("it is damaged") from error


def _of_jpeg(data: bytes, most_px: int) -> SensorDepth | None:
    parts = read_parts(data)
    if parts is None:
        return None

    def decode(picture: bytes) -> NDArray[np.generic]:
        return _gray(picture, most_px)

    found = google.read_depth(data, parts, decode)
    if found is not None:
        return found
    mattes: dict[str, NDArray[np.uint8]] = {}
    for picture, its in pictures_behind(data, parts.end):
        if BEGIN not in its.xmp:
            continue
        packet = Packet.of(its.xmp)
        if apple.is_depth(packet):
            found = apple.read_depth(decode(picture), packet)
        elif matte := apple.matte_of(packet.text(apple.PIXELS, "AuxiliaryImageSubType")):
            mattes[matte] = decode(picture).astype(np.uint8)
    return found and _with(found, mattes)


def _of_heif(data: bytes, most_px: int) -> SensorDepth | None:
    image = open_heif(io.BytesIO(data))
    maps = image.info.get("depth_images") or []
    if not maps:
        return None
    _check(maps[0].size, most_px)
    levels = np.asarray(maps[0].to_pillow())
    packet = _packet_of_depth(data)
    found = (
        apple.read_depth(levels, packet) if packet else _by_representation(levels, maps[0].info.get("metadata") or {})
    )
    mattes = {}
    for kind, ids in list((image.info.get("aux") or {}).items())[:MOST_MATTES]:
        if matte := apple.matte_of(kind):
            stored = image.get_aux_image(ids[0])  # type: ignore[no-untyped-call]
            _check(stored.size, most_px)
            mattes[matte] = np.asarray(stored.to_pillow().convert("L"))
    return _with(found, mattes)


def _packet_of_depth(data: bytes) -> Packet | None:
    """The XMP of the depth map: libheif does not hand out that of auxiliary pictures, but it lies there as it is."""
    at = 0
    while (begin := data.find(BEGIN, at)) >= 0 and (end := data.find(END, begin)) >= 0:
        at = end + len(END)
        if b"AuxiliaryImageType" in data[begin:at]:
            packet = Packet.of(data[begin:at])
            if apple.is_depth(packet):
                return packet
    return None


def _by_representation(levels: NDArray[np.generic], said: Mapping[str, Any]) -> SensorDepth:
    """By what HEVC's own message says of a depth map, which says nothing of its accuracy."""
    kind = said.get("representation_type")
    most = 65535 if levels.dtype.itemsize > 1 else 255
    if kind in DISPARITY_KINDS and "d_max" in said:
        values, step = spread(levels, said.get("d_min", 0.0), said["d_max"], 0, most)
        nearness, step = of_disparity(values, step)
    elif kind == DEPTH_KIND and "z_far" in said:
        values, step = spread(levels, said.get("z_near", 0.0), said["z_far"], 0, most)
        nearness, step = of_depth(values * 1000, step * 1000)
    else:
        raise PhotoError("its file does not say what its levels mean")
    source = "the photo's camera"
    return SensorDepth(nearness, False, step, "axis", source, {"accuracy": "not stated"})


def _with(found: SensorDepth, mattes: Mapping[str, NDArray[np.uint8]]) -> SensorDepth:
    """With the mattes that are of the depth's shape."""
    height, width = found.nearness.shape
    fitting = {
        name: matte
        for name, matte in mattes.items()
        if abs(np.log(matte.shape[1] / matte.shape[0] * height / width)) < 0.02
    }
    return replace(found, mattes=fitting)


def read_map(
    data: bytes, name: str, unit: MapUnit, scale: float, size_px: tuple[int, int], most_px: int
) -> SensorDepth:
    """A depth map that comes as a file of its own: PNG or TIFF of 16 bits, TIFF or EXR of floats, or NPY.

    name : of the file, by whose ending it is read. unit : of its values, times `scale`; '1/m' for inverse depth,
    'relative' for one of which scale and shift are unknown. A value of 0, or none, is where nothing was measured; so is
    one below 0, but of a relative map. size_px : width and height of the upright photo.

    Raises
    ------
    PhotoError
        It cannot be used.
    """
    ending = name[name.rfind(".") :].lower()
    try:
        levels = (
            _npy(data, most_px)
            if ending == ".npy"
            else _exr(data, most_px)
            if ending == ".exr"
            else _gray(data, most_px)
        )
        values = levels.astype(np.float64) * scale
        step = scale if levels.dtype.kind in "ui" else 0.0
        if unit == "relative":
            nearness = np.where(np.isfinite(values) & (values != 0), values, np.nan).astype(np.float32)
        elif unit == "1/m":
            nearness, step = of_disparity(values, step)
        else:
            nearness, step = of_depth(values * UNITS_MM[unit], step * UNITS_MM[unit])
        said = _said_of(unit, scale)
        found = SensorDepth(nearness, unit != "relative", step, "axis", source_of_map(name), said)
        return found.checked(*size_px)
    except PhotoError as why:
        raise PhotoError(f"{name} is not used as a depth map: {why}.") from why
    except MemoryError:
        raise
    except Exception as error:
        raise PhotoError(f"{name} is damaged, or no depth map that can be read. Use a {_ENDINGS} file.") from error


def _said_of(unit: MapUnit, scale: float) -> dict[str, str]:
    said = {"kind": f"values times {scale:g}, in {unit}", "accuracy": "absolute, as it was given"}
    if unit == "relative":
        said = {"kind": "inverse depth of unknown scale and shift", "accuracy": "relative, as it was given"}
    return said


_ENDINGS = "PNG, TIFF, NPY or EXR"


def _gray(data: bytes, most_px: int) -> NDArray[np.generic]:
    """(h, w) levels of a picture; of a coloured one those of its first channel where all agree, else their mean."""
    for accepts, opener in (
        (b"\x89PNG", PngImagePlugin.PngImageFile),
        (b"\xff\xd8", JpegImagePlugin.JpegImageFile),
        (b"II*\0", TiffImagePlugin.TiffImageFile),
        (b"MM\0*", TiffImagePlugin.TiffImageFile),
    ):
        if data.startswith(accepts):
            image: Image.Image = opener(io.BytesIO(data))
            break
    else:
        raise PhotoError("its picture is of no format that is read")
    _check(image.size, most_px)
    if image.mode not in ("L", "I", "F", "I;16", "I;16B", "I;16L"):
        image = image.convert("L")
    levels = np.asarray(image)
    return levels.astype(np.uint16) if image.mode == "I" and levels.min() >= 0 and levels.max() < 65536 else levels


def _npy(data: bytes, most_px: int) -> NDArray[np.generic]:
    file = io.BytesIO(data)
    first = np.lib.format.read_magic(file) == (1, 0)
    shape, _, kind = (np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0)(file)
    if len(shape) != 2 or kind.kind not in "uif":
        raise PhotoError(f"it holds {kind} of shape {shape}, and a map is numbers in rows and columns")
    _check((shape[1], shape[0]), most_px)
    return np.asarray(np.load(io.BytesIO(data), allow_pickle=False))


def _exr(data: bytes, most_px: int) -> NDArray[np.generic]:
    _check(core.sensor.exr.size_px(data), most_px)
    return core.sensor.exr.depth_channel(data)


def _check(size: tuple[int, int], most_px: int) -> None:
    width, height = size
    if not (0 < width * height <= most_px):
        raise PhotoError(f"it has {width} x {height} pixels, over the limit of {most_px / 1e6:.0f} megapixels")
