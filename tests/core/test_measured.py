"""Photos that carry depth, through the whole chain: millimetres that are measured, and said to be; and when not."""

import io
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import core
from core.depth.estimator import Networks
from core.face.landmarks import LEFT_EYE, PER_LIDS, RIGHT_EYE
from core.geometry.facts import MEASURED, PARTLY_MEASURED, SCALED, all_scaled
from core.geometry.reconstruction import Reconstruction, assumptions
from core.options import Options
from core.photo import Photo, read_photo
from core.pipeline import recompute, reconstruct
from tests.phone_photos import FORMS, Form, as_measured, photo_with_depth
from tests.truth import Truth, read_truth

FILES = sorted((Path(__file__).parents[3] / "shared" / "faces" / "ground_truth").glob("*.npz"))
WALL_MM = 1400.0


class Known:
    """A portrait whose depth is taken for the truth: the network's, grown by 6 percent and bent."""

    def __init__(self, photo: Path, networks: Networks) -> None:
        self.rgb = read_photo(photo).rgb
        height, width = self.rgb.shape[:2]
        (found,) = reconstruct(read_photo(photo), Options(fine_relief=0, smooth=0), networks)
        side = found.depth_mm.shape[0]
        x, y = np.meshgrid(np.linspace(-1, 1, side), np.linspace(-1, 1, side))
        behind = found.depth_mm - found.reference_mm
        bent = 1.06 * (found.reference_mm + behind) + 12 * x * y + 15 * x**2  # no longer what the network knows
        bent /= found.intrinsics.depth_per_axial((side, side))
        flags = cv2.INTER_LINEAR
        to_photo, size = found.facts.crop.to_photo, (width, height)
        there = cv2.warpAffine(found.head.astype(np.float32), to_photo, size, flags=flags) > 0.99
        filled = np.where(found.head, bent, np.nanmax(bent)).astype(np.float32)
        self.depth_mm = np.where(there, cv2.warpAffine(filled, to_photo, size, flags=flags), np.nan)
        focal = found.facts.camera.focal_photo_px
        self.K = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]])

    def in_crop(self, face: Reconstruction) -> np.ndarray:
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        side = face.depth_mm.shape[0]
        seen = cv2.warpAffine(
            self.depth_mm.astype(np.float32), face.facts.crop.to_photo, (side, side), flags=flags,
            borderMode=cv2.BORDER_CONSTANT, borderValue=float("nan"),
        )  # fmt: skip
        return np.asarray(seen * face.intrinsics.depth_per_axial((side, side)))

    def error_mm(self, face: Reconstruction) -> float:
        """Median of the amount, without any shift."""
        error = np.abs(face.depth_mm - self.in_crop(face))[face.head]
        return float(np.median(error[np.isfinite(error)]))

    def ipd_mm(self, face: Reconstruction) -> float:
        depth, eyes = self.in_crop(face), []
        assert face.landmarks_px is not None
        for eye in (RIGHT_EYE, LEFT_EYE):
            x, y = face.landmarks_px[eye].mean(0)
            window = depth[int(y) - 4 : int(y) + 5, int(x) - 4 : int(x) + 5]
            eyes.append(face.intrinsics.unproject(np.array([[x, y]]), np.array([np.nanmedian(window)]))[0])
        return PER_LIDS * float(np.linalg.norm(eyes[1] - eyes[0]))


@pytest.fixture(scope="module")
def known(astronaut: Path, networks: Networks) -> Known:
    return Known(astronaut, networks)


def photo_of(known: Known, form: Form = "apple", **more: bool) -> Photo:
    data = photo_with_depth(known.rgb, as_measured(known.depth_mm, blur_px=1), form, K=known.K, **more)
    photo = read_photo(data, "a.jpg")
    assert photo.sensor is not None
    return photo


@pytest.fixture(scope="module")
def measured(known: Known, networks: Networks) -> Reconstruction:
    return reconstruct(photo_of(known), Options(), networks)[0]


def test_absolute_depth_gives_millimetres_without_an_assumption(known: Known, measured: Reconstruction) -> None:
    facts = measured.facts
    assert facts.sensor is not None
    assert facts.sensor.used == "millimetres"
    assert known.error_mm(measured) < 0.8
    assert facts.sensor.ipd_mm == pytest.approx(known.ipd_mm(measured), rel=0.03)
    assert facts.scale_ipd_mm == facts.sensor.ipd_mm != facts.ipd_mm == 63
    assert facts.camera.focal_source == "the camera's own calibration"
    assert 0.5 < (facts.sensor.trusted_share or 0) < 0.98


def test_the_fused_map_is_better_than_either(known: Known, measured: Reconstruction, networks: Networks) -> None:
    photo = photo_of(known)
    (alone,), (without,) = (reconstruct(photo, Options(depth=way), networks) for way in ("sensor", "network"))
    errors = [known.error_mm(one) for one in (measured, alone, without)]
    assert errors[0] < errors[1] < errors[2]
    assert without.facts.sensor is not None
    assert without.facts.sensor.used == "no"
    assert not without.facts.is_measured
    assert without.sensor_mm is None


def test_relative_depth_gives_shape_and_keeps_the_assumed_scale(
    known: Known, networks: Networks, measured: Reconstruction
) -> None:
    def bent_mm(face: Reconstruction) -> float:
        """What is left of the error once shift and depth of all of the face are taken out, which are assumed."""
        true = known.in_crop(face)
        where = face.head & np.isfinite(true)
        design = np.c_[face.depth_mm[where], np.ones(where.sum())]
        return float(np.median(np.abs(design @ np.linalg.lstsq(design, true[where], rcond=None)[0] - true[where])))

    photo, ipd_mm = photo_of(known, absolute=False), round(known.ipd_mm(measured), 1)
    (found,), (without,) = (
        reconstruct(photo, Options(depth=way, ipd_mm=ipd_mm), networks) for way in ("auto", "network")
    )
    assert found.facts.sensor is not None
    assert found.facts.sensor.used == "shape"
    assert not found.facts.is_measured
    assert found.facts.sensor.ipd_mm is None
    assert bent_mm(found) < 0.5 * bent_mm(without)
    assert assumptions(found.facts)["scaled to"] == f"an assumed interpupillary distance of {ipd_mm:g} mm"


def test_computing_anew_gives_the_same_and_back(measured: Reconstruction, known: Known) -> None:
    options = Options()
    again = recompute(measured, known.rgb, options)
    np.testing.assert_array_equal(again.depth_mm, measured.depth_mm)
    assert again.facts.sensor == measured.facts.sensor
    without = recompute(measured, known.rgb, replace(options, depth="network", ipd_mm=70))
    assert without.facts.sensor is not None
    assert without.facts.sensor.used == "no"
    assert without.facts.distance_mm != measured.facts.distance_mm
    back = recompute(without, known.rgb, options)
    np.testing.assert_array_equal(back.depth_mm, measured.depth_mm)
    assert back.facts.sensor == measured.facts.sensor


def test_the_assumed_ipd_moves_nothing_that_is_measured(measured: Reconstruction, known: Known) -> None:
    other = recompute(measured, known.rgb, Options(ipd_mm=72))
    np.testing.assert_allclose(other.depth_mm, measured.depth_mm, atol=0.02)


def test_what_is_given_by_hand_goes_before_the_calibration(known: Known, networks: Networks) -> None:
    (found,) = reconstruct(photo_of(known), Options(focal_mm=50), networks)
    assert found.facts.camera.focal_source == "given focal length"
    assert found.facts.camera.focal_equivalent_mm == pytest.approx(50, rel=1e-3)


@pytest.mark.parametrize("factor", [0.3, 3.0])
def test_depth_of_another_unit_is_not_believed(known: Known, networks: Networks, factor: float) -> None:
    photo = photo_of(known)
    assert photo.sensor is not None
    wrong = replace(photo.sensor, nearness=photo.sensor.nearness / np.float32(factor))
    (found,) = reconstruct(replace(photo, sensor=wrong), Options(), networks)
    assert found.facts.sensor is not None
    assert found.facts.sensor.used == "shape"
    assert any("the eyes would be" in warning for warning in found.facts.warnings)


def test_a_hole_at_the_eyes_leaves_the_shape(known: Known, networks: Networks, measured: Reconstruction) -> None:
    photo = photo_of(known)
    assert photo.sensor is not None
    torn = photo.sensor.nearness.copy()
    marks = measured.facts.crop.to_photo @ np.c_[np.asarray(measured.landmarks_px), np.ones(68)].T
    low, high = marks[:, 36:48].min(1) - 8, marks[:, 36:48].max(1) + 8
    torn[int(low[1]) : int(high[1]), int(low[0]) : int(high[0])] = np.nan
    (found,) = reconstruct(replace(photo, sensor=replace(photo.sensor, nearness=torn)), Options(), networks)
    assert found.facts.sensor is not None
    assert found.facts.sensor.used == "shape"
    assert any("has a hole at the eyes" in warning for warning in found.facts.warnings)


def test_depth_that_is_no_face_is_not_used(known: Known, networks: Networks) -> None:
    photo = photo_of(known, absolute=False)
    assert photo.sensor is not None
    inside_out = replace(photo.sensor, nearness=photo.sensor.nearness.max() - photo.sensor.nearness)
    (found,) = reconstruct(replace(photo, sensor=inside_out), Options(), networks)
    assert found.facts.sensor is not None
    assert found.facts.sensor.used == "no"
    assert any("does not look like a face" in warning for warning in found.facts.warnings)
    (plain,) = reconstruct(replace(photo, sensor=None), Options(fov_deg=found.facts.camera.fov_deg), networks)
    np.testing.assert_allclose(found.depth_mm, plain.depth_mm, atol=0.5)


def test_a_photo_taken_whole_takes_the_distance(known: Known, networks: Networks) -> None:
    rgb = np.full_like(known.rgb, 128)  # no face
    data = photo_with_depth(rgb, as_measured(known.depth_mm, blur_px=1), "apple", K=known.K)
    (found,) = reconstruct(read_photo(data, "a.jpg"), Options(whole_photo=True), networks)
    assert found.facts.is_measured
    assert found.facts.scale_ipd_mm is None
    assert "scaled to" not in assumptions(found.facts)
    assert not any("assumed" in warning for warning in found.facts.warnings)


def test_a_turned_photo_is_the_same_face(known: Known, networks: Networks, measured: Reconstruction) -> None:
    photo = photo_of(known)
    assert photo.sensor is not None
    assert photo.sensor.calibration is not None
    turned = replace(
        photo,
        rgb=np.ascontiguousarray(np.rot90(photo.rgb, -1)),
        sensor=photo.sensor.turned(6),  # a quarter clockwise
    )
    (found,) = reconstruct(turned, Options(turn_deg=270), networks)
    assert found.facts.is_measured
    assert found.facts.distance_mm == pytest.approx(measured.facts.distance_mm, rel=0.003)
    assert found.facts.sensor is not None
    assert measured.facts.sensor is not None
    assert found.facts.sensor.ipd_mm == pytest.approx(measured.facts.sensor.ipd_mm, rel=0.01)


def test_files_say_that_it_was_measured(measured: Reconstruction, tmp_path: Path) -> None:
    core.write_face(measured, tmp_path / "face", core.Options(formats=("stl", "ply"), max_triangles=2000))
    folder = tmp_path / "face"
    assert (folder / "solid.stl").read_bytes()[:80].startswith(b"Lifemask, mm, measured")
    assert b"measured: yes: by an Apple camera" in (folder / "mesh.ply").read_bytes()[:4000]
    statistics = core.json_files.read_object(folder / "statistics.json")
    assert statistics["scaled_to"] == "nothing: the depth was measured"
    assert statistics["face"]["ipd_mm"] == measured.facts.scale_ipd_mm
    for name in ("sensor_preview.png", "apart_preview.png"):
        with Image.open(io.BytesIO((folder / name).read_bytes())) as picture:
            assert picture.size == measured.depth_mm.shape[::-1]
    read = core.load_face(folder)
    assert read.facts.sensor == measured.facts.sensor
    assert read.facts.is_measured


def test_words_for_several_faces(measured: Reconstruction) -> None:
    one = measured.facts
    other = replace(one, sensor=None)
    assert all_scaled([one, one]) == MEASURED
    assert all_scaled([other]) == SCALED
    assert all_scaled([one, other]) == PARTLY_MEASURED


@pytest.mark.skipif(not FILES, reason="shared/faces/ground_truth is not beside the repository")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("path", FILES[1:3], ids=[path.stem for path in FILES[1:3]])
def test_known_heads(path: Path, form: Form, networks: Networks) -> None:
    truth = read_truth(path)
    with np.load(path) as data:
        right, left = (data["landmarks_3d"][eye].mean(0) for eye in (RIGHT_EYE, LEFT_EYE))
    error_mm, ipd, distance = of_known_head(truth, PER_LIDS * float(np.linalg.norm(right - left)), form, networks)
    assert error_mm < 1.0
    assert abs(ipd) < 0.01
    assert abs(distance) < 0.005


def of_known_head(truth: Truth, ipd_mm: float, form: Form, networks: Networks) -> tuple[float, float, float]:
    """Median error in mm without any shift; errors of IPD and distance as shares."""
    depth = as_measured(np.where(truth.mask, truth.depth_mm, np.nan))
    photo = read_photo(photo_with_depth(truth.rgb, depth, form, K=truth.K), "a.jpg")
    (found,) = reconstruct(
        photo, Options(fov_deg=None if photo.sensor and photo.sensor.calibration else truth.fov_deg), networks
    )
    side = found.depth_mm.shape[0]
    seen = 1 / truth.inverse_in_crop(found.facts.crop.to_photo, found.intrinsics, side)
    where = found.head & (seen < 2000)
    sensor = found.facts.sensor
    assert sensor is not None
    assert sensor.ipd_mm is not None
    eyes = np.r_[found.landmarks_px[36:42], found.landmarks_px[42:48]].round().astype(int)
    true_mm = float(np.median(seen[eyes[:, 1], eyes[:, 0]]))
    return (
        float(np.median(np.abs(found.depth_mm - seen)[where])),
        sensor.ipd_mm / ipd_mm - 1,
        found.facts.distance_mm / true_mm - 1,
    )
