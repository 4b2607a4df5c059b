"""A JPEG whose file ends too early: how much of its picture is there; one that never ends (ITU-T T.81)."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

END = b"\xff\xd9"
SOS, EOI = 0xDA, 0xD9
MOST_PASSES = 100  # programs write 10 to 20
ALONE = {0x01, *range(0xD0, 0xDA)}  # markers that no length follows
GRAY = 128  # what libjpeg decodes where no data came: every coefficient is 0


def missing_rows(data: bytes, image: Image.Image) -> float:
    """The share of the rows of a JPEG of which nothing is there, 0 to 1.

    data : its bytes, which lack their end. image : what was decoded of them and an end. In a picture that comes in
    several passes every row is there or none: none until all passes have begun, the last of which brings the finest
    detail alone.
    """
    if not _all_passes(data):
        return 1.0
    pixels = np.asarray(image)
    for missing, row in enumerate(pixels[::-1]):
        if not GRAY - 1 <= row.min() <= row.max() <= GRAY + 1:
            return missing / len(pixels)
    return 1.0


def has_too_many_passes(data: bytes) -> bool:
    """Whether the picture comes in more passes than any program writes: each takes as long as a whole picture."""
    if data.count(bytes((0xFF, SOS))) <= MOST_PASSES:
        return False
    count = 0
    for kind, _ in _segments(data):
        if kind == EOI:  # what follows is no part of the picture
            break
        count += kind == SOS
    return count > MOST_PASSES


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Markers with what they hold; of those that hold nothing the end alone."""
    at = 2
    while (at := data.find(b"\xff", at)) >= 0 and at + 4 <= len(data):
        kind = data[at + 1]
        if kind == EOI:
            yield kind, b""
        if kind in ALONE or kind in (0x00, 0xFF):  # 00: a byte of FF in the data of a pass; FF: a filling byte
            at += 1 if kind == 0xFF else 2
            continue
        length = int.from_bytes(data[at + 2 : at + 4])
        yield kind, data[at + 4 : at + 2 + length]
        at += 2 + length


def _all_passes(data: bytes) -> bool:
    """Whether every coefficient of every component has a pass that brings its last bit."""
    whole: dict[int, NDArray[np.bool_]] = {}
    components: set[int] = set()
    for kind, segment in _segments(data):
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC) and len(segment) > 5:  # the frame
            components = {segment[6 + 3 * i] for i in range(segment[5]) if 6 + 3 * i < len(segment)}
        elif kind == SOS and len(segment) >= 4 + 2 * segment[0]:
            first, last, bits = segment[-3:]
            for name in segment[1 : 1 + 2 * segment[0] : 2]:
                if not bits & 15:
                    whole.setdefault(name, np.zeros(64, bool))[first : last + 1] = True
    return bool(components) and all(name in whole and bool(whole[name].all()) for name in components)
