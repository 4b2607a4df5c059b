"""Where rendered samples lie on disk: one memory-mapped array per field, filled from the front while training reads."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.atomic import replacing_file

IMAGE_SIDE = 256
TARGET_SIDE = 256

# The relief is (d_eyes / d - 1) * d_eyes, with depths d along the line of sight to the face, in units of this share of
# the subject's interpupillary distance: close to one standard deviation of a head's relief, 25.2 mm at an IPD of 63 mm.
UNIT_IPD = 0.4

# One row of numbers per sample, for tables of errors by bucket. Angles in degrees, lengths in cm.
FACTS = (
    "yaw_deg",
    "pitch_deg",
    "roll_deg",
    "skin_tone",  # 0 (lightest) .. 7 (darkest)
    "hair",  # index in hair.STYLES
    "headgear",
    "glasses",
    "occluder",
    "beard",  # 0 none .. 1 full
    "child",
    "eyes_closed",
    "distance_cm",
    "ipd_cm",
    "dark",
)


@dataclass(frozen=True)
class Sample:
    """One rendered picture and all that is known of it.

    image : (256, 256, 3) uint8 RGB.
    relief : (256, 256) float16, relative inverse depth in units of 0.4 IPD, 0 at the eyes, larger is nearer; 0 where
        there is no subject.
    masks : (256, 256, 2) uint8, coverage of the head (skin, hair, headgear) and of the whole subject with clothes.
    landmarks : (68, 2) float32, x and y as shares of the side (0 is the left or top edge); -1 without a face.
    facts : (14,) float32, see `FACTS`.
    """

    image: NDArray[np.uint8]
    relief: NDArray[np.float16]
    masks: NDArray[np.uint8]
    landmarks: NDArray[np.float32]
    facts: NDArray[np.float32]


SHAPES: dict[str, tuple[tuple[int, ...], type]] = {
    "image": ((IMAGE_SIDE, IMAGE_SIDE, 3), np.uint8),
    "relief": ((TARGET_SIDE, TARGET_SIDE), np.float16),
    "masks": ((TARGET_SIDE, TARGET_SIDE, 2), np.uint8),
    "landmarks": ((68, 2), np.float32),
    "facts": ((len(FACTS),), np.float32),
}


class Pool:
    """A folder of samples. `count` grows while a renderer writes; what lies below it is complete."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in SHAPES}

    def __len__(self) -> int:
        return int(json.loads((self.folder / "pool.json").read_text())["count"])

    def __getitem__(self, index: int) -> Sample:
        return Sample(**{name: array[index] for name, array in self.arrays.items()})

    def fact(self, name: str) -> NDArray[np.float32]:
        """Return one column of the facts, (n,) float32."""
        column: NDArray[np.float32] = self.arrays["facts"][: len(self), FACTS.index(name)]
        return column


class PoolWriter:
    """Fills a new pool of a fixed size; `add` is called in order, `flush` makes what was added visible to readers."""

    def __init__(self, folder: Path, size: int, seed: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.size, self.seed, self.count = folder, size, seed, 0
        self.arrays = {
            name: np.lib.format.open_memmap(folder / f"{name}.npy", "w+", kind, (size, *shape))
            for name, (shape, kind) in SHAPES.items()
        }
        self.flush()

    def add(self, sample: Sample) -> None:
        """Store the next sample."""
        for name, array in self.arrays.items():
            array[self.count] = getattr(sample, name)
        self.count += 1

    def flush(self) -> None:
        """Write the count beside its place and rename it, so that no reader sees half of it."""
        with replacing_file(self.folder / "pool.json") as part:
            part.write_text(json.dumps({"count": self.count, "size": self.size, "seed": self.seed}))
