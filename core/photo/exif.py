"""EXIF as far as it is used: numbers of the picture and of its lens, by tag. No EXIF of any form raises.

Not by Pillow: it writes a broken tag anew and then refuses it, and warns of others.
"""

import math
import re
import struct
from collections.abc import Iterator, Mapping

# tags, types and units of CIPA DC-008 (Exif 2.32)
ORIENTATION = 0x0112
FOCAL_LENGTH = 0x920A
WIDTH, HEIGHT = 0xA002, 0xA003
PLANE_X_RESOLUTION, PLANE_Y_RESOLUTION, PLANE_UNIT = 0xA20E, 0xA20F, 0xA210
DIGITAL_ZOOM = 0xA404
FOCAL_LENGTH_35MM = 0xA405
SUBFILE_TYPE, DNG_VERSION = 0x00FE, 0xC612  # of TIFF files: whether this is a smaller copy; whether it is a raw photo

_EXIF_IFD = 0x8769
_TYPES = {1: "B", 3: "H", 4: "L", 5: "LL", 6: "b", 8: "h", 9: "l", 10: "ll", 11: "f", 12: "d", 13: "L"}
_XMP_ORIENTATION = re.compile(rb'tiff:Orientation(?:="|>)([1-8])')

Tags = Mapping[int, float]


def read_tags(exif: bytes) -> Tags:
    """The first number of each tag of an EXIF block, or of a TIFF file: of its first directory and of its EXIF's.

    A tag that holds no number, or lies outside the block, is left out.
    """
    exif = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None or len(exif) < 8:
        return {}
    found = dict(_directory(exif, struct.unpack_from(f"{order}L", exif, 4)[0], order))
    return {**found, **dict(_directory(exif, int(found.get(_EXIF_IFD, len(exif))), order))}


def _directory(exif: bytes, at: int, order: str) -> Iterator[tuple[int, float]]:
    if not 0 <= at <= len(exif) - 2:
        return
    (count,) = struct.unpack_from(f"{order}H", exif, at)
    for entry in range(at + 2, min(at + 2 + 12 * count, len(exif) - 11), 12):
        tag, kind = struct.unpack_from(f"{order}HH", exif, entry)
        value = _number(exif, entry + 8, f"{order}{_TYPES[kind]}", order) if kind in _TYPES else None
        if value is not None:
            yield tag, value


def _number(exif: bytes, at: int, kind: str, order: str) -> float | None:
    """The number of an entry whose value field is at `at`: in it if it has room, else where it points to."""
    if struct.calcsize(kind) > 4:
        (at,) = struct.unpack_from(f"{order}L", exif, at)
    if at + struct.calcsize(kind) > len(exif):
        return None
    value, *below = struct.unpack_from(kind, exif, at)
    if below:
        value = value / below[0] if below[0] else math.nan
    return float(value) if math.isfinite(value) else None


def orientation(tags: Tags, xmp: bytes) -> int:
    """1 to 8, of the EXIF, else of the XMP; 1, upright, where neither says it."""
    turned = tags.get(ORIENTATION)
    if turned is None and (said := _XMP_ORIENTATION.search(xmp)):
        turned = int(said[1])
    return int(turned) if turned is not None and turned in range(1, 9) else 1
