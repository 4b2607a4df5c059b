import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from core.errors import OptionError
from core.measure.regions import REGIONS
from core.measure.table import DEPTHS, numbers
from core.options import Options
from core.pipeline import recompute
from dashboard.readings.measured import PARTS, Measured, as_csv, bin_edges, summary
from tests.core.heads import with_background
from tests.dashboard.faces import face
from tests.facts import facts_of


@pytest.fixture(scope="module")
def found() -> Measured:
    return Measured(face(bump_mm=3.0))


def test_parts_are_made_of_regions_and_all_lie_in_the_head(found: Measured) -> None:
    assert found.parts == list(PARTS)
    sizes = {part: found.values(part, "mm").size for part in PARTS}
    assert sizes["face"] == sum(sizes[part] for part in ("forehead", "eyes", "nose", "cheeks", "mouth", "chin"))
    assert sizes["head"] == np.isfinite(found.behind_mm).sum() > sizes["face"]
    for number, name in enumerate(REGIONS, start=1):
        assert np.array_equal(found.numbered == number, found.regions[name])


def test_interpupillary_distances_are_millimetres_by_the_assumed_one(found: Measured) -> None:
    mm, ipd = (numbers(DEPTHS, found.depths("nose", unit)) for unit in ("mm", "ipd"))
    for one in DEPTHS:
        if one.unit == "mm":
            assert ipd[one.key] == pytest.approx(mm[one.key] / 63, rel=1e-5)
    assert (ipd["count"], ipd["skewness"]) == (mm["count"], pytest.approx(mm["skewness"], abs=1e-4))


def test_a_face_that_is_its_own_mirror_image_has_no_asymmetry_and_a_bump_shows_where_it_is() -> None:
    assert Measured(face()).symmetry_mm("face") == pytest.approx(0, abs=0.05)
    bumped = Measured(face(bump_mm=3.0))
    cheeks, chin = bumped.symmetry_mm("cheeks"), bumped.symmetry_mm("chin")
    assert cheeks is not None
    assert chin is not None
    assert cheeks > 0.5 > chin


def test_the_rows_of_the_csv_are_the_numbers_of_the_json(found: Measured) -> None:
    values = summary(found, "nose", "ipd", 32)
    rows = {(row["part"], row["name"]): row for row in csv.DictReader(io.StringIO(as_csv(values)))}
    for part, measured in values["parts"].items():
        for name, value in measured.items():
            assert float(rows[part, name]["value"]) == value
    assert rows["nose", "median"]["unit"] == "ipd"
    assert rows["nose", "count"]["unit"] == "pixels"
    assert float(rows["face", "left against right, RMS"]["value"]) == values["symmetry_rms_mm"]["face"]
    assert float(rows["face", "width"]["value"]) == values["measures_mm"]["width_mm"]
    counts, edges = values["histogram"]["counts"], np.array(values["histogram"]["edges"])
    assert sum(counts) == values["parts"]["nose"]["count"]
    assert (np.array(values["histogram"]["density"]) * np.diff(edges)).sum() == pytest.approx(1)


def test_the_rows_of_the_csv_are_named_as_ever(found: Measured) -> None:
    lines = as_csv(summary(found, "head", "ipd", 16)).splitlines()
    rows = [line.split(",") for line in lines if '"' not in line]
    lengths = ("mean", "median", "std", "min", "max", "range", "iqr", "p1", "p5", "p25", "p50", "p75", "p95", "p99")
    assert [(name, unit) for part, name, _, unit in rows if part == "nose"] == [
        ("count", "pixels"), *[(name, "ipd") for name in lengths], ("skewness", ""),
    ]  # fmt: skip
    assert [(name, unit) for part, name, _, unit in rows if part == "face"][-5:] == [
        (name, "mm") for name in ("ipd", "nose_protrusion", "width", "height", "nose_to_ears")
    ]
    assert sum(',"left against right, RMS",' in line for line in lines) == len(PARTS)


def test_the_head_is_the_head_where_the_background_was_kept(found: Measured) -> None:
    kept = Measured(with_background(found.reconstruction))
    assert summary(kept, "head", "mm", 64) == summary(found, "head", "mm", 64)
    assert np.nanmax(kept.with_background_mm) > 800  # it is there to be looked at


def test_what_cannot_be_measured_is_a_sentence(found: Measured) -> None:
    with pytest.raises(OptionError, match="no part called 'ear'"):
        found.values("ear", "mm")
    with pytest.raises(OptionError, match="no unit called 'inch'"):
        found.values("nose", "inch")
    with pytest.raises(OptionError, match="1000 bins"):
        bin_edges(found.behind_mm, 1000)


def test_a_whole_photo_has_its_depth_alone() -> None:
    whole = face()
    found = Measured(replace(whole, landmarks_px=None, facts=facts_of(whole.intrinsics)))
    assert found.parts == ["head"]
    assert found.symmetry is None
    values = summary(found, "head", "mm", 16)
    assert (values["measures_mm"], values["symmetry_rms_mm"]) == (None, None)
    with pytest.raises(OptionError, match="no interpupillary distance"):
        found.values("head", "ipd")
    with pytest.raises(OptionError, match="Nothing of the nose"):
        found.values("nose", "mm")


def test_the_depth_before_smoothing_is_that_of_no_smoothing() -> None:
    assert Measured(face()).unsmoothed_mm is None  # it was not smoothed
    rough = face()
    noise = np.random.default_rng(5).normal(0, 4e-7, rough.inverse_depth.shape).astype(np.float32)
    seen = np.nan_to_num(rough.inverse_depth, nan=1e-3) + noise
    coverage = np.where(rough.mask, 255, 0).astype(np.uint8)
    written = replace(rough, inverse_depth=seen, relief=seen, coverage=coverage)
    smooth, plain = (recompute(written, rough.crop_rgb, Options(smooth=strength)) for strength in (0.5, 0.0))
    found = Measured(replace(written, depth_mm=smooth.depth_mm, facts=replace(rough.facts, smooth=0.5)), Options())
    assert found.unsmoothed_mm is not None
    np.testing.assert_allclose(found.unsmoothed_mm, plain.depth_mm - found.reconstruction.reference_mm, atol=1e-3)
    kept, before = (np.nanstd(np.diff(values[100:160, 100:160])) for values in (found.behind_mm, found.unsmoothed_mm))
    assert kept < before
