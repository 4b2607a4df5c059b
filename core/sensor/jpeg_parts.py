"""What a JPEG file holds beside its picture: XMP of any length, and more pictures behind its end."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

SOI, EOI, SOS, APP1 = b"\xff\xd8", 0xD9, 0xDA, 0xE1
NEXT = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # the marker that ends the data of a pass (ITU-T T.81, B.1.1)
XMP = b"http://ns.adobe.com/xap/1.0/\0"
EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\0"  # XMP specification, part 3, 1.1.3.1: a packet over 64 KB
GUID = 32  # hexadecimal digits: MD5 of the packet that the parts are of
MOST_PICTURES = 16


@dataclass(frozen=True)
class JpegParts:
    """A JPEG's XMP and end.

    xmp : the packet. extended : what it says that needs more than 64 KB; empty where there is none. end : of the
    picture, in bytes from the file's beginning.
    """

    xmp: bytes
    extended: bytes
    end: int


def read_parts(data: bytes, at: int = 0) -> JpegParts | None:
    """Go through the JPEG that begins at `at`; None where none does, or it does not end."""
    if data[at : at + 2] != SOI:
        return None
    xmp, extended, where = b"", b"", at + 2
    parts: dict[int, bytes] = {}
    while where + 4 <= len(data) and data[where] == 0xFF:
        kind, length = data[where + 1], int.from_bytes(data[where + 2 : where + 4])
        if kind == 0xFF:
            where += 1
            continue
        if kind == EOI:
            extended = b"".join(parts[offset] for offset in sorted(parts))
            return JpegParts(xmp, extended, where + 2)
        segment = data[where + 4 : where + 2 + length]
        if kind == APP1 and segment.startswith(XMP):
            xmp = xmp or segment[len(XMP) :]
        elif kind == APP1 and segment.startswith(EXTENDED_XMP):
            head = len(EXTENDED_XMP) + GUID
            parts[int.from_bytes(segment[head + 4 : head + 8])] = segment[head + 8 :]
        where += 2 + length
        if kind == SOS:
            found = NEXT.search(data, where)
            if found is None:
                return None
            where = found.start()
    if data[where : where + 2] == bytes((0xFF, EOI)):
        return JpegParts(xmp, b"".join(parts[offset] for offset in sorted(parts)), where + 2)
    return None


def pictures_behind(data: bytes, end: int) -> Iterator[tuple[bytes, JpegParts]]:
    """Each further JPEG behind the end of the first, whatever index tells of them, with its parts."""
    for _ in range(MOST_PICTURES):
        begin = data.find(SOI + b"\xff", end)
        parts = read_parts(data, begin) if begin >= 0 else None
        if parts is None:
            return
        yield data[begin : parts.end], parts
        end = parts.end
