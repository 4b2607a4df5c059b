"""Depth that is kept is the same when it is read back, or is said to be damaged."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import FormatError
from core.sensor import Calibration, SensorDepth, kept

RNG = np.random.default_rng(0)
NEARNESS = np.where(RNG.random((30, 40)) < 0.1, np.nan, RNG.random((30, 40)) / 700).astype(np.float32)
PLAIN = SensorDepth(NEARNESS, True, 1 / 3, "axis", "a phone")
FULL = replace(
    PLAIN,
    is_absolute=False,
    along="ray",
    said={"accuracy": "relative", "größe": "ä"},
    calibration=Calibration(1234.5678901234567, 1.1, 2.2, (4032.0, 3024.0)),
    mattes={"hair": RNG.integers(0, 256, (60, 80), np.uint8), "skin": np.zeros((1, 1), np.uint8)},
)


@pytest.mark.parametrize("sensor", [PLAIN, FULL], ids=["plain", "full"])
def test_what_is_kept_is_read_back_to_the_last_bit(sensor: SensorDepth, tmp_path: Path) -> None:
    kept.save(sensor, tmp_path / "a.npz")
    kept.save(sensor, tmp_path / "b.part")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.part").read_bytes()
    back = kept.load(tmp_path / "a.npz")
    assert back is not None
    assert np.array_equal(back.nearness.view(np.uint32), sensor.nearness.view(np.uint32))
    assert {name: matte.tolist() for name, matte in back.mattes.items()} == {
        name: matte.tolist() for name, matte in sensor.mattes.items()
    }
    assert replace(back, nearness=sensor.nearness, mattes=sensor.mattes) == sensor


def test_where_there_is_none_there_is_none(tmp_path: Path) -> None:
    assert kept.load(tmp_path / "sensor.npz") is None


@pytest.mark.parametrize("harm", ["cut", "text", "empty", "flipped", "other"])
def test_a_damaged_file_is_a_sentence(harm: str, tmp_path: Path) -> None:
    path = tmp_path / "photo" / "sensor.npz"
    path.parent.mkdir()
    kept.save(FULL, path)
    data = path.read_bytes()
    if harm == "other":
        with path.open("wb") as file:
            np.savez(file, nearness=NEARNESS)
    else:
        middle = len(data) // 3
        flipped = data[:middle] + bytes(255 - byte for byte in data[middle : middle + 40]) + data[middle + 40 :]
        path.write_bytes({"cut": data[:middle], "text": b"text", "empty": b"", "flipped": flipped}[harm])
    with pytest.raises(FormatError, match=r"^photo/sensor\.npz is damaged or was not written by Lifemask"):
        kept.load(path)
