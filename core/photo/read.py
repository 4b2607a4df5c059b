"""Bytes of a picture file -> `Photo`: upright 8-bit sRGB, focal length and hash; nothing else of the EXIF is kept."""

import contextlib
import hashlib
import io
import re
import struct
import sys
import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
from pillow_heif import HeifImageFile, register_heif_opener

from core.errors import PhotoError
from core.names import readable
from core.photo import jpeg
from core.photo.colour import Encoding, gray_levels, to_srgb
from core.photo.exif import DNG_VERSION, SUBFILE_TYPE, Tags, orientation, read_tags
from core.photo.formats import NAMES
from core.photo.lens import EXIF, read_lens
from core.sensor import MapFile, SensorDepth, parse_map_name, read_map, read_sensor
from core.storage import refusal

NEUTRAL = (128, 128, 128)  # what shows through transparent pixels: mid gray, neither hair nor skin
MIN_SIDE_PX = 32
STRIP_ROWS = 256
MOST_MISSING = 0.05  # of a JPEG's rows, where its file ends too early
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
UPRIGHT_ALREADY = ("HEIF",)  # libheif turns the picture itself, and HEIF gives its EXIF no say in that
CONTAINERS = ("HEIF", "AVIF")
HIGH_RANGE = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")
WITHOUT_PALETTE = {"P": "RGBA", "PA": "RGBA", "1": "L"}  # levels of which there is a mean

_silence = threading.Lock()  # Python has one list of warnings for all threads

register_heif_opener()


class _TiffFile(TiffImagePlugin.TiffImageFile):
    """As Pillow's, which reads EXIF once more when the pixels are there, and fails at a broken tag."""

    def load_end(self) -> None:
        """Nothing: the picture is turned here, as that of any other format."""


# Each by its own plugin. JPEG by the class itself: the plugin's function would look for more pictures behind the first
PLUGINS: tuple[tuple[str, Callable[[io.BytesIO, str], ImageFile.ImageFile]], ...] = (
    ("JPEG", JpegImagePlugin.JpegImageFile),
    ("PNG", PngImagePlugin.PngImageFile),
    ("WEBP", WebPImagePlugin.WebPImageFile),
    ("HEIF", HeifImageFile),
    ("AVIF", AvifImagePlugin.AvifImageFile),
    ("TIFF", _TiffFile),
    ("BMP", BmpImagePlugin.BmpImageFile),
    ("GIF", GifImagePlugin.GifImageFile),
)


@dataclass(frozen=True)
class Limits:
    """What is accepted: bytes of the file, pixels of the picture; of a moving one the first is taken.

    max_kept_pixels : a picture of more is read at a half, a quarter or an eighth of its sides, with no more than these.
    """

    max_bytes: int = 50 * 10**6
    max_pixels: int = 200 * 10**6
    max_kept_pixels: int = 100 * 10**6

    def check_size(self, name: str, size_bytes: int) -> None:
        """Refuse a file of that size.

        Raises
        ------
        PhotoError
            It is empty or too large.
        """
        if size_bytes > self.max_bytes:
            raise PhotoError(
                f"{name} has {size_bytes / 1e6:.1f} MB, over the limit of {self.max_bytes / 1e6:.0f} MB. "
                "Use a smaller file."
            )
        if size_bytes == 0:
            raise PhotoError(f"{name} is empty (0 bytes). Choose the file again.")

    def reduction(self, width_px: int, height_px: int) -> int:
        """By how much the sides of such a picture are divided: a power of 2."""
        factor = 1
        while width_px * height_px > self.max_kept_pixels * factor**2:
            factor *= 2
        return factor


UNLIMITED = Limits(sys.maxsize, sys.maxsize, sys.maxsize)
"""For a file that was checked when it came."""


@dataclass(frozen=True)
class Photo:
    """A picture as a person sees it.

    name : the file's name as the person gave it, in letters that can be printed.
    rgb : (H, W, 3) uint8, sRGB, upright.
    focal_35mm : EXIF focal length as on 35 mm film, in mm, or None. focal_from : what it follows from, in words.
    sha256 : hexadecimal hash of the file's bytes; of those of the depth map and what its name says of it, too, where
    one was given.
    warnings : what to know of the file, as sentences.
    sensor : the depth that came with it, in its file or as a map that was given; or None.
    """

    name: str
    rgb: NDArray[np.uint8]
    focal_35mm: float | None
    sha256: str
    focal_from: str = EXIF
    warnings: tuple[str, ...] = ()
    sensor: SensorDepth | None = None


def read_photo(
    source: bytes | str | Path,
    name: str | None = None,
    limits: Limits | None = None,
    depth_map: str | Path | MapFile | None = None,
) -> Photo:
    """Read a picture of one of the `core.photo.formats`, of any mode, within `limits`.

    source : the file's path, or its bytes.
    depth_map : a depth map of it, given by hand: a PNG, TIFF, EXR or NPY file of the photo's shape, of any size. Its
    name says what its values are, as `anna.depth-mm.png` does (see `core.sensor.map_name`). It goes before depth in the
    photo's own file. One that cannot be used is named in the photo's warnings, and the photo is read without it.

    Raises
    ------
    PhotoError
        The file cannot be read, is no such picture, is broken, too large or too small; or the map cannot be opened.

    Examples
    --------
    >>> import core
    >>> photo = core.read_photo("photo.jpg")
    >>> photo.name, photo.rgb.shape
    ('photo.jpg', (512, 512, 3))

    With a depth map: `core.read_photo("anna.jpg", depth_map="anna.depth-mm.png")`.
    """
    limits = limits or Limits()
    if isinstance(depth_map, str | Path):
        with MapFile.opened(Path(depth_map)) as opened:
            return read_photo(source, name, limits, opened)
    source = Path(source) if isinstance(source, str) else source
    name = readable(name or (source.name if isinstance(source, Path) else "photo"))
    data = _bytes(source, name, limits)
    image: Image.Image = _opened(data, name, limits)
    _check_size(image, name, limits)
    try:
        kind, stored_px = image.format or "", image.size
        if kind == "TIFF":
            _refuse_raw(read_tags(data), name)
        image, cut_off = _loaded(image, data, name, limits)
        tags = read_tags(data if kind == "TIFF" else _exif(image))  # a PNG may have it behind its pixels
        lens = read_lens(tags, *stored_px)
        turned = 1 if kind in UPRIGHT_ALREADY else orientation(tags, _xmp(image))
        image = _srgb(image, *_colours(kind, image.info, data), limits)
        rgb = _pixels(image.transpose(TURNS[turned]) if turned in TURNS else image)
    except (PhotoError, MemoryError):
        raise
    except Exception as error:  # a decoder may raise anything at bytes that it was not made for
        raise PhotoError(f"{name} is damaged: its picture data ends early or is broken. Use an intact copy.") from error
    sensor, unused = _sensor(data, kind, turned, (rgb.shape[1], rgb.shape[0]), limits)
    said = tuple(warning for warning in (cut_off, lens.warning, unused) if warning)
    photo = Photo(name, rgb, lens.focal_35mm, hashlib.sha256(data).hexdigest(), lens.source, said, sensor)
    return photo if depth_map is None else _with_map(photo, depth_map, limits)


def _with_map(photo: Photo, given: MapFile, limits: Limits) -> Photo:
    """The photo with a depth map that was given; else with a sentence that says why it is not used."""
    height, width = photo.rgb.shape[:2]
    sensor, said, data, means = photo.sensor, photo.warnings, b"", given.name
    try:
        told = parse_map_name(given.name)
        means = f"{told.scale!r} {told.unit}"
        data = _map_bytes(given, limits)
        sensor = read_map(data, given.name, told.unit, told.scale, (width, height), limits.max_kept_pixels)
    except PhotoError as error:
        said = (*said, str(error))
    both = hashlib.sha256(f"{photo.sha256} {means} {hashlib.sha256(data).hexdigest()}".encode()).hexdigest()
    return replace(photo, sha256=both, warnings=said, sensor=sensor)


def _map_bytes(given: MapFile, limits: Limits) -> bytes:
    """All of its file, which is not read if it is too large."""
    size = given.file.seek(0, io.SEEK_END)
    if size > limits.max_bytes:
        raise PhotoError(
            f"{given.name} is not used as a depth map: it has {size / 1e6:.1f} MB, over the limit of "
            f"{limits.max_bytes / 1e6:.0f} MB."
        )
    if size == 0:
        raise PhotoError(f"{given.name} is not used as a depth map: it is empty (0 bytes).")
    given.file.seek(0)
    return given.file.read()


def _sensor(
    data: bytes, kind: str, turned: int, size_px: tuple[int, int], limits: Limits
) -> tuple[SensorDepth | None, str | None]:
    """The depth in the file; a sentence where there is some that cannot be used."""
    try:
        return read_sensor(data, kind, turned, size_px, limits.max_kept_pixels), None
    except PhotoError as why:
        return None, f"The depth that came with the photo is not used: {why}."


def _bytes(source: bytes | Path, name: str, limits: Limits) -> bytes:
    if isinstance(source, Path):
        try:
            limits.check_size(name, source.stat().st_size)
            return source.read_bytes()
        except OSError as error:
            why = refusal(error) or str(error)
            raise PhotoError(f"{name} cannot be opened: {why}") from error
    limits.check_size(name, len(source))
    return source


def _opened(data: bytes, name: str, limits: Limits) -> ImageFile.ImageFile:
    """Read the header, by the plugin of the format.

    Not by Image.open: its limit on pixels is a global of the process, below what `limits` may allow, and other code
    in the process may rely on it.
    """
    failure: Exception | None = None
    for kind, opener in PLUGINS:
        accepts = Image.OPEN[kind][1]
        if accepts is None or accepts(data[:16]) is not True:
            continue
        try:
            with _silence, warnings.catch_warnings(action="ignore"):
                return _with_or_without_exif(opener, data, kind)
        except Image.DecompressionBombError as error:  # the plugin of WebP looks at that limit, too
            most = min(limits.max_pixels, 2 * (Image.MAX_IMAGE_PIXELS or sys.maxsize))
            raise PhotoError(
                f"{name} has more pixels than can be read of a WebP file, {most / 1e6:.0f} megapixels. "
                "Use a smaller copy."
            ) from error
        except MemoryError:
            raise
        except Exception as error:  # as above; another plugin may take it: HEIC and AVIF begin alike
            failure = error
    raise PhotoError(f"{name} is not a picture that can be read. Use a {NAMES} file.") from failure


def _with_or_without_exif(
    opener: Callable[[io.BytesIO, str], ImageFile.ImageFile], data: bytes, kind: str
) -> ImageFile.ImageFile:
    """The plugin of AVIF writes the EXIF anew, and fails at a broken tag: then it is hidden from it."""
    try:
        return opener(io.BytesIO(data), "")
    except Exception:
        if kind != "AVIF":
            raise
    header, media, rest = data.partition(b"mdat")
    return opener(io.BytesIO(header.replace(b"Exif", b"skip") + media + rest), "")


def _check_size(image: Image.Image, name: str, limits: Limits) -> None:
    width, height = image.size
    if width * height > limits.max_pixels:
        raise PhotoError(
            f"{name} has {width} x {height} pixels, over the limit of {limits.max_pixels / 1e6:.0f} megapixels. "
            "Use a smaller copy."
        )
    if min(width, height) < MIN_SIDE_PX:
        raise PhotoError(f"{name} has {width} x {height} pixels; each side needs at least {MIN_SIDE_PX}.")


def _refuse_raw(tags: Tags, name: str) -> None:
    """Raw photos are TIFF files whose first picture is a small preview."""
    if DNG_VERSION in tags or int(tags.get(SUBFILE_TYPE, 0)) & 1:
        raise PhotoError(f"{name} is a camera's raw photo, of which only a preview could be read. Export it as JPEG.")


def _exif(image: Image.Image) -> bytes:
    exif = image.info.get("exif")
    if isinstance(exif, bytes):
        return exif
    written = image.info.get("Raw profile type exif")  # ImageMagick's, in a PNG: name and length, then hexadecimal
    digits = "".join(written.split("\n")[3:]) if isinstance(written, str) else ""
    with contextlib.suppress(ValueError):
        return bytes.fromhex(digits)
    return b""


def _xmp(image: Image.Image) -> bytes:
    xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    return xmp.encode(errors="replace") if isinstance(xmp, str) else bytes(xmp)


def _loaded(image: Image.Image, data: bytes, name: str, limits: Limits) -> tuple[Image.Image, str | None]:
    """Decode the pixels that are kept. With a sentence for a JPEG whose file ends too early."""
    if not isinstance(image, JpegImagePlugin.JpegImageFile):
        image.load()
        return (image if image.mode in HIGH_RANGE else _reduced(image, limits)), None
    if jpeg.has_too_many_passes(data):
        raise PhotoError(f"{name} comes in more than {jpeg.MOST_PASSES} passes. Save it anew as a plain JPEG.")
    factor, (width, height) = limits.reduction(*image.size), image.size
    try:
        image.draft(None, (width // factor, height // factor))  # no more is decoded
        image.load()
        return image, None
    except OSError:
        ended = JpegImagePlugin.JpegImageFile(io.BytesIO(data + jpeg.END), "")
        ended.draft(None, (width // factor, height // factor))
        ended.load()
    missing = jpeg.missing_rows(data, ended)
    if missing > MOST_MISSING:
        raise PhotoError(f"{name} is damaged: its file ends before its picture is complete. Use an intact copy.")
    share = f"{100 * missing:.0f} % of its rows are gray" if missing >= 0.005 else "its last rows may be wrong"
    return ended, f"The photo's file is cut off at its end: {share}."


def _reduced(image: Image.Image, limits: Limits) -> Image.Image:
    factor = limits.reduction(*image.size)
    if factor == 1:
        return image
    return (image.convert(WITHOUT_PALETTE[image.mode]) if image.mode in WITHOUT_PALETTE else image).reduce(factor)


def _srgb(image: Image.Image, profile: bytes | None, encoding: Encoding | None, limits: Limits) -> Image.Image:
    """Any mode -> RGB in sRGB, before a neutral colour where it is transparent."""
    if image.mode in HIGH_RANGE:
        rgb = _from_high_range(np.asarray(image), profile, encoding)
        return _reduced(Image.fromarray(rgb), limits)
    image = to_srgb(image, profile, encoding)
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, (*NEUTRAL, 255)), image).convert("RGB")
    return image


def _pixels(image: Image.Image) -> NDArray[np.uint8]:
    """RGB -> (H, W, 3) uint8, strip by strip: at once it would be in memory three times more."""
    width, height = image.size
    rgb = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, STRIP_ROWS):
        bottom = min(top + STRIP_ROWS, height)
        rgb[top:bottom] = np.asarray(image.crop((0, top, width, bottom)))
    return rgb


def _colours(kind: str, info: Mapping[Any, Any], data: bytes) -> tuple[bytes | None, Encoding | None]:
    """ICC profile or encoding that holds; of several in a PNG the one that its standard (3rd edition) puts first."""
    profile = info.get("icc_profile") or None
    if kind == "PNG":
        if codes := _cicp(data):
            return None, Encoding.of_codes(*codes)
        if profile or "srgb" in info:
            return profile, None
        return None, Encoding.of_png(info.get("gamma"), info.get("chromaticity"))
    if kind in CONTAINERS and not profile and (box := re.search(rb"colrnclx(....)", data, re.DOTALL)):
        return None, Encoding.of_codes(*struct.unpack(">HH", box[1]))
    return profile, None


def _cicp(png: bytes) -> tuple[int, int] | None:
    """Code points of primaries and transfer of a PNG's `cICP`, which comes before the pixels."""
    at = 8
    while at + 12 <= len(png) and png[at + 4 : at + 8] != b"IDAT":
        if png[at + 4 : at + 8] == b"cICP":
            return png[at + 8], png[at + 9]
        at += 12 + int.from_bytes(png[at : at + 4])
    return None


def _from_high_range(gray: NDArray[np.generic], profile: bytes | None, encoding: Encoding | None) -> NDArray[np.uint8]:
    """(H, W) integers of 16 bits or floats -> (H, W, 3) uint8; floats are taken from their least to their greatest."""
    if gray.dtype.kind in "ui":
        return gray_levels(profile, encoding)[np.clip(gray, 0, 65535).astype(np.uint16)]
    values = np.nan_to_num(gray.astype(np.float64))
    low, high = float(values.min()), float(values.max())
    eight_bit = np.clip(np.round((values - low) * (255 / max(high - low, 1e-12))), 0, 255).astype(np.uint8)
    return np.repeat(eight_bit[..., None], 3, axis=2)
