"""The panel says all that the millimetres rest on; the form starts from what holds."""

from dataclasses import replace
from typing import Any

import numpy as np
from dash.development.base_component import Component

from core.geometry.camera import CALIBRATED, Intrinsics
from core.geometry.facts import FaceFacts, FitFacts, PriorFacts, SensorFacts
from core.options import Options
from dashboard.components import assumptions
from tests.facts import facts_of, written

PLAIN = facts_of(Intrinsics(900.0, 255.5, 255.5, mm_per_px=0.9), np.zeros((68, 2)), network="dpt_large_384")
ABOUT = written(
    replace(
        PLAIN,
        ipd_mm=61.5,
        distance_mm=812.4,
        camera=replace(PLAIN.camera, focal_source="given focal length", focal_equivalent_mm=85.0, fov_deg=28.6),
        scale_and_shift=FitFacts(
            a=1.5e-6, b=0.00123, equation="", then="", fitted_to="the built-in network's face", residual_mm=2.25,
            inlier_share=0.87,
        ),
        prior=PriorFacts(mm_per_unit=23.5, weight=0.4),
        smooth=0.75,
        face=FaceFacts(score=0.98, roll_deg=1.0, yaw_deg=-3.0, pitch_deg=0.0),
        warnings=("Take care.",),
    ),
    options=Options(ipd_mm=61.5, focal_mm=85.0, projection="orthographic", smooth=0.75),
)  # fmt: skip


def text_of(part: Any) -> str:
    if isinstance(part, Component):
        return text_of(getattr(part, "children", None))
    if isinstance(part, (list, tuple)):
        return " ".join(text_of(child) for child in part)
    return "" if part is None else str(part)


def found(part: Any, key: str) -> Any:
    return next(child for child in part._traverse() if getattr(child, "id", None) == key)


def test_every_assumption_is_said_with_its_unit() -> None:
    said = text_of([assumptions.panel(ABOUT), assumptions.warnings(ABOUT)])
    for words in (
        "IPD, assumed 61.5 mm",
        "Focal length from given focal length",
        "Focal length, 35 mm equivalent 85.0 mm",
        "Projection orthographic",
        "Distance to camera 812 mm",
        "a (scale) 1.5e-06",
        "b (shift) 0.00123",
        "Residual of the fit, median 2.2 mm",
        "Of the face within 5 mm 87 %",
        "Broad shape from the face network 40 %",
        "Smoothing, 0 to 1 0.75",
        "Take care.",
    ):
        assert words in said, (words, said)


def test_assumptions_are_said_in_one_line() -> None:
    assert assumptions.in_words(ABOUT) == "61.5 mm between the eyes assumed; lens as given."
    for source, lens in (("EXIF, by the size of the sensor", "from the photo"), ("assumed field of view", "assumed")):
        about = replace(ABOUT, ipd_mm=None, camera=replace(ABOUT.camera, focal_source=source))
        assert assumptions.in_words(about) == f"An assumed range of distances; lens {lens}."


def test_a_face_that_nothing_was_fitted_for_names_no_residual() -> None:
    fit = replace(ABOUT.scale_and_shift, residual_mm=None, inlier_share=None)
    prior = PriorFacts(mm_per_unit=23.5, weight=None)
    said = text_of(assumptions.panel(replace(ABOUT, scale_and_shift=fit, prior=prior)))
    assert "Residual" not in said
    assert "Broad shape" not in said


def test_the_form_starts_from_what_holds() -> None:
    form = assumptions.form(ABOUT)
    names = ("ipd_mm", "lens", "focal_mm", "projection", "smooth", "background")
    assert {name: found(form, f"recompute-{name}").value for name in names} == {
        "ipd_mm": 61.5, "lens": "focal_mm", "focal_mm": 85.0, "projection": "orthographic", "smooth": 0.75,
        "background": False,
    }  # fmt: skip


def test_of_a_scan_nothing_is_assumed() -> None:
    told = SensorFacts(
        source="the scan a.ply", said={}, is_absolute=True, step=0.0, along="axis", pitch_px=1.0, used="millimetres",
        ipd_mm=59.46, is_exact=True,
    )  # fmt: skip
    scan = replace(ABOUT, sensor=told, camera=replace(ABOUT.camera, focal_source=CALIBRATED))
    assert assumptions.in_words(scan) == "59.5 mm between the eyes, measured by a scan."
    said = text_of(assumptions.panel(scan))
    for there in (
        "A scan gives every millimetre here.",
        "Picture of the scan",
        "the camera that drew the scan's picture",
    ):
        assert there in said
    for absent in ("assumed", "Depth network", "Scale and shift", CALIBRATED):
        assert absent not in said
    unused = replace(scan, sensor=replace(told, used="no"))
    assert assumptions.in_words(unused) == "61.5 mm between the eyes assumed; of the picture of a scan."
    assert "Scale and shift" in text_of(assumptions.panel(unused))
