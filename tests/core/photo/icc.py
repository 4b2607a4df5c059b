"""ICC profiles for tests, byte by byte (ICC.1:2001, version 2): gray or RGB, with a power as curve."""

import struct

import numpy as np

D50 = (0.9642, 1.0, 0.8249)
# light of Display P3 -> XYZ under D50, as Apple's own profile has it
P3_TO_XYZ = ((0.51512, 0.29198, 0.15710), (0.24120, 0.69225, 0.06657), (-0.00105, 0.04189, 0.78407))


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def _xyz(values: tuple[float, ...]) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(map(_fixed, values))


def _curve(gamma: float) -> bytes:
    """A table of 1024 points of the curve of sRGB where gamma is 0, else a power."""
    if gamma:
        return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    level = np.linspace(0, 1, 1024)
    light = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    return b"curv\0\0\0\0" + struct.pack(">I", 1024) + np.round(65535 * light).astype(">u2").tobytes()


def profile(space: str, gamma: float) -> bytes:
    """space : 'GRAY', or 'RGB ' of Display P3. gamma : 0 for the curve of sRGB."""
    text = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(78)
    tags = {"desc": text, "cprt": b"text\0\0\0\0none\0", "wtpt": _xyz(D50)}
    if space == "GRAY":
        tags["kTRC"] = _curve(gamma)
    else:
        for band, column in zip("rgb", zip(*P3_TO_XYZ, strict=True), strict=True):
            tags[f"{band}XYZ"], tags[f"{band}TRC"] = _xyz(column), _curve(gamma)
    table, body, at = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        padded = data + bytes(-len(data) % 4)
        table += name.encode() + struct.pack(">II", at + len(body), len(data))
        body += padded
    header = struct.pack(">I4sI4s4s4s", at + len(body), b"none", 0x02400000, b"mntr", space.encode(), b"XYZ ")
    header += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + b"".join(map(_fixed, D50))
    return header.ljust(128, b"\0") + table + body
