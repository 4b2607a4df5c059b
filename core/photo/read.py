"""Bytes of a picture file -> `Photo`: upright 8-bit sRGB, focal length and hash; nothing else of the EXIF is kept."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from core.errors import PhotoError

FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
NEUTRAL = (128, 128, 128)  # what shows through transparent pixels: mid gray, neither hair nor skin
MIN_SIDE_PX = 32

_EXIF_IFD = 0x8769
_FOCAL_LENGTH_35MM = 0xA405

pillow_heif.register_heif_opener()
Image.MAX_IMAGE_PIXELS = None  # `Limits.max_pixels` is checked on the header, before any pixel is decoded


@dataclass(frozen=True)
class Limits:
    """What is accepted: bytes of the file, pixels of the picture, frames of a moving one (the first is taken)."""

    max_bytes: int = 50 * 2**20
    max_pixels: int = 100_000_000
    max_frames: int = 64


@dataclass(frozen=True)
class Photo:
    """A picture as a person sees it.

    name : the file's name as the person gave it.
    rgb : (H, W, 3) uint8, sRGB, upright.
    focal_35mm : EXIF focal length as on 35 mm film, in mm, or None.
    sha256 : hexadecimal hash of the file's bytes.
    """

    name: str
    rgb: NDArray[np.uint8]
    focal_35mm: float | None
    sha256: str


def read_photo(source: bytes | str | Path, name: str | None = None, limits: Limits | None = None) -> Photo:
    """Read a JPEG, PNG, WebP or HEIC picture of any mode, within `limits`.

    source : the file's path, or its bytes.

    Raises
    ------
    PhotoError
        The file cannot be read, is no such picture, is broken, too large or too small.

    Examples
    --------
    >>> import core
    >>> photo = core.read_photo("photo.jpg")
    >>> photo.name, photo.rgb.shape
    ('photo.jpg', (512, 512, 3))
    """
    limits = limits or Limits()
    source = Path(source) if isinstance(source, str) else source
    name = name or (source.name if isinstance(source, Path) else "photo")
    data = _bytes(source, name, limits)
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (OSError, ValueError, SyntaxError) as error:
        raise PhotoError(f"{name} is not a picture that can be read. Use a JPEG, PNG, WebP or HEIC file.") from error
    _check_header(image, name, limits)
    try:
        focal_35mm = _focal_35mm(image)
        upright = ImageOps.exif_transpose(image)
        rgb = _rgb(upright)
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise PhotoError(f"{name} is damaged: its picture data ends early or is broken. Use an intact copy.") from error
    return Photo(name, rgb, focal_35mm, hashlib.sha256(data).hexdigest())


def _bytes(source: bytes | Path, name: str, limits: Limits) -> bytes:
    if isinstance(source, Path):
        try:
            size = source.stat().st_size
            data = source.read_bytes() if size <= limits.max_bytes else b""
        except OSError as error:
            raise PhotoError(f"{name} cannot be opened: {error.strerror or error}. Check the path.") from error
    else:
        size, data = len(source), source
    if size > limits.max_bytes:
        raise PhotoError(
            f"{name} has {size / 2**20:.1f} MB, over the limit of {limits.max_bytes / 2**20:.0f} MB. "
            "Use a smaller file."
        )
    if size == 0:
        raise PhotoError(f"{name} is empty (0 bytes). Choose the file again.")
    return data


def _check_header(image: Image.Image, name: str, limits: Limits) -> None:
    width, height = image.size
    if width * height > limits.max_pixels:
        raise PhotoError(
            f"{name} has {width} x {height} pixels, over the limit of {limits.max_pixels / 1e6:.0f} megapixels. "
            "Use a smaller copy."
        )
    if min(width, height) < MIN_SIDE_PX:
        raise PhotoError(f"{name} has {width} x {height} pixels; each side needs at least {MIN_SIDE_PX}.")
    frames = getattr(image, "n_frames", 1)
    if frames > limits.max_frames:
        raise PhotoError(
            f"{name} holds {frames} pictures, over the limit of {limits.max_frames}. Use a single picture."
        )


def _focal_35mm(image: Image.Image) -> float | None:
    try:
        focal = float(image.getexif().get_ifd(_EXIF_IFD).get(_FOCAL_LENGTH_35MM, 0))
    except (TypeError, ValueError, ZeroDivisionError, SyntaxError):
        return None  # a mangled tag is no reason to refuse the picture
    return focal if 5 <= focal <= 2000 else None  # 0 stands for 'unknown' (Exif 2.32, 4.6.5)


def _rgb(image: Image.Image) -> NDArray[np.uint8]:
    """Any mode -> (H, W, 3) uint8 sRGB."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _from_high_range(np.asarray(image))
    image = _to_srgb(image)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, (*NEUTRAL, 255)), rgba)
    return np.array(image.convert("RGB"))


def _from_high_range(gray: NDArray[np.generic]) -> NDArray[np.uint8]:
    """(H, W) integers of 16 bits or floats -> (H, W, 3) uint8; floats are taken from their least to their greatest."""
    values = np.nan_to_num(gray.astype(np.float64))
    low, high = (0.0, 65535.0) if gray.dtype.kind in "ui" else (float(values.min()), float(values.max()))
    eight_bit = np.clip(np.round((values - low) * (255 / max(high - low, 1e-12))), 0, 255).astype(np.uint8)
    return np.repeat(eight_bit[..., None], 3, axis=2)


def _to_srgb(image: Image.Image) -> Image.Image:
    """Apply an embedded ICC profile (phones write Display P3); a profile that does not fit is ignored."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "CMYK"):
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return converted if converted is not None else image
