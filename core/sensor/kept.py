"""A photo's depth written into one file beside the photo, and read back to the last bit."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core import packing
from core.errors import FormatError
from core.json_files import damaged, typed
from core.sensor.sensor_depth import Along, Calibration, SensorDepth

MATTE = "matte."


@dataclass(frozen=True)
class _Said:
    """What is kept beside the arrays, as in `SensorDepth`."""

    is_absolute: bool
    step: float
    along: Along
    source: str
    said: dict[str, str]
    calibration: Calibration | None
    is_exact: bool


def save(sensor: SensorDepth, path: Path) -> None:
    """Write all of it as one packed file, its facts as JSON within."""
    said = _Said(
        sensor.is_absolute, sensor.step, sensor.along, sensor.source, dict(sensor.said), sensor.calibration,
        sensor.is_exact,
    )  # fmt: skip
    facts = np.frombuffer(json.dumps(asdict(said), allow_nan=False).encode(), np.uint8)
    mattes = {f"{MATTE}{name}": matte for name, matte in sensor.mattes.items()}
    packing.save({"facts": facts, "nearness": sensor.nearness, **mattes}, path)


def load(path: Path) -> SensorDepth | None:
    """Read back what `save` wrote; None where there is no such file.

    Raises
    ------
    FormatError
        It is damaged.
    """
    if not path.is_file():
        return None
    try:
        arrays: Mapping[str, Any] = packing.read(path)
        said = typed(_Said, json.loads(arrays["facts"].tobytes()), path)
        nearness = arrays["nearness"]
        mattes = {name.removeprefix(MATTE): matte for name, matte in arrays.items() if name.startswith(MATTE)}
        if nearness.dtype != np.float32 or nearness.ndim != 2:
            raise damaged(path, f"it holds {nearness.dtype} of shape {nearness.shape}")
    except (FormatError, MemoryError, OSError):
        raise
    except Exception as error:  # a zip, an array or JSON within that is broken: each fails in its own way
        raise damaged(path, str(error) or type(error).__name__) from error
    return SensorDepth(nearness, mattes=mattes, **vars(said))
