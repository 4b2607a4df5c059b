"""Arrays squeezed without loss, several in one file: a smooth map takes a tenth of its bytes.

Each number is told from its neighbours above and to the left (of an integer with the same bits: so nothing is rounded,
and NaN stays what it is), the bytes of equal weight stand together, and zlib does the rest.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MAPS = "maps.npz"  # the maps of a face that other programs know as NAME.npy


def save(arrays: Mapping[str, NDArray[np.generic]], path: Path) -> None:
    """Write arrays of 1, 2 or 4 bytes a number and of any shape; the same arrays give the same bytes."""
    members: dict[str, NDArray[np.generic]] = {}
    for name, array in arrays.items():
        members[name] = _planes(np.ascontiguousarray(array))
        members[f"{name}.as"] = np.array([array.dtype.str, *map(str, array.shape)])
    with path.open("wb") as file:  # given a path, NumPy adds an ending of its own
        np.savez_compressed(file, **members)  # type: ignore[arg-type]


def read(path: Path) -> dict[str, NDArray[np.generic]]:
    """Read back what `save` wrote."""
    with path.open("rb") as file, np.load(file) as members:
        return {name: _array(members[name], members[f"{name}.as"]) for name in _names(members.files)}


def names(path: Path) -> list[str]:
    """Names of the arrays in a file, without reading them."""
    with path.open("rb") as file, np.load(file) as members:
        return _names(members.files)


def load_map(folder: Path, name: str) -> NDArray[np.generic] | None:
    """Return a map of a face's folder, which lies there by itself (`NAME.npy`) or packed; None if it is in neither."""
    alone, packed = folder / f"{name}.npy", folder / MAPS
    if alone.is_file():
        return np.asarray(np.load(alone))
    if not packed.is_file():
        return None
    with packed.open("rb") as file, np.load(file) as members:
        return _array(members[name], members[f"{name}.as"]) if name in members.files else None


def _names(members: list[str]) -> list[str]:
    return [name for name in members if not name.endswith(".as")]


def _planes(array: NDArray[np.generic]) -> NDArray[np.uint8]:
    """(item size, n) uint8: differences, least significant bytes first."""
    size = array.dtype.itemsize
    found = array.view(f"<u{size}").copy()
    for axis in range(found.ndim):
        before = [slice(None)] * found.ndim
        before[axis] = slice(None, -1)
        after = [slice(None)] * found.ndim
        after[axis] = slice(1, None)
        found[tuple(after)] -= found[tuple(before)].copy()
    signed = found.view(f"<i{size}")
    small = ((signed << 1) ^ (signed >> (8 * size - 1))).view(np.uint8)  # -1, 1, -2 … as 1, 2, 3 …
    return small.reshape(-1, size).T.copy()


def _array(planes: NDArray[np.uint8], told: NDArray[np.str_]) -> NDArray[np.generic]:
    dtype, shape = np.dtype(str(told[0])), [int(n) for n in told[1:]]
    small = np.ascontiguousarray(planes.T).view(f"<u{dtype.itemsize}").reshape(shape)
    found = (small >> 1) ^ (0 - (small & 1))
    for axis in range(found.ndim):
        found = np.cumsum(found, axis=axis, dtype=found.dtype)
    return np.asarray(found).view(dtype)
