"""A JPEG of thousands of passes is refused at once; what lies behind a picture is none of its passes."""

import io
import time

import pytest
from PIL import Image

import core
from core.errors import PhotoError
from core.photo.jpeg import MOST_PASSES

SOS = b"\xff\xda"


def picture(*, progressive: bool) -> bytes:
    packed = io.BytesIO()
    Image.new("RGB", (2000, 2000), (200, 120, 90)).save(packed, "JPEG", progressive=progressive)
    return packed.getvalue()


def with_passes(count: int) -> bytes:
    """A progressive picture whose last pass comes so many times."""
    data = picture(progressive=True)
    at = data.rindex(SOS)
    return data[:at] + data[at:-2] * count + data[-2:]


def test_a_picture_of_thousands_of_passes_is_refused_before_it_is_decoded() -> None:
    began, bomb = time.process_time(), with_passes(2000)
    assert len(bomb) < 2_000_000
    with pytest.raises(PhotoError, match=r"^bomb\.jpg comes in more than 100 passes\. Save it anew as a plain JPEG\.$"):
        core.read_photo(bomb, "bomb.jpg")
    assert time.process_time() - began < 1.0  # decoding it takes longer


def test_a_picture_of_some_passes_is_read() -> None:
    assert core.read_photo(with_passes(MOST_PASSES // 2)).rgb.shape == (2000, 2000, 3)


@pytest.mark.parametrize("progressive", [False, True])
def test_what_lies_behind_a_picture_or_in_a_part_of_its_head_counts_as_no_pass(progressive: bool) -> None:
    """As the film of a motion photo, or a maker's note."""
    data = picture(progressive=progressive)
    note = SOS * 1000
    within = data[:2] + b"\xff\xe4" + (len(note) + 2).to_bytes(2) + note + data[2:]
    for found in (data + SOS * 1000, within):
        assert (core.read_photo(found).rgb == core.read_photo(data).rgb).all()
