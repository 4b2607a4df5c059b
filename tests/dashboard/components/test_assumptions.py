"""The panel says all that the millimetres rest on; the form starts from what holds."""

from typing import Any

from dash.development.base_component import Component

from dashboard.components import assumptions

ABOUT: dict[str, Any] = {
    "photo": {"name": "a.jpg", "width_px": 4000, "height_px": 3000},
    "network": {"name": "dpt_large_384", "face_network": "builtin"},
    "ipd_mm": 61.5,
    "distance_mm": 812.4,
    "camera": {
        "projection": "orthographic", "focal_source": "given focal length", "focal_px": 900.0,
        "focal_equivalent_mm": 85.0, "fov_deg": 28.6,
    },
    "scale_and_shift": {
        "a": 1.5e-6, "b": 0.00123, "fitted_to": "the built-in network's face", "residual_mm": 2.25,
        "inlier_share": 0.87, "inlier_mm": 5.0,
    },
    "prior": {"mm_per_unit": 23.5, "weight": 0.4},
    "smooth": 0.75,
    "face": {"score": 0.98, "roll_deg": 1.0, "yaw_deg": -3.0},
    "warnings": ["Take care."],
    "options": {"ipd_mm": 61.5, "focal_mm": 85.0, "fov_deg": None, "smooth": 0.75, "projection": "orthographic"},
}  # fmt: skip


def text_of(part: Any) -> str:
    if isinstance(part, Component):
        return text_of(getattr(part, "children", None))
    if isinstance(part, (list, tuple)):
        return " ".join(text_of(child) for child in part)
    return "" if part is None else str(part)


def found(part: Any, key: str) -> Any:
    return next(child for child in part._traverse() if getattr(child, "id", None) == key)


def test_every_assumption_is_said_with_its_unit() -> None:
    said = text_of(assumptions.panel(ABOUT))
    for words in (
        "Assumed IPD 61.5 mm",
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


def test_a_face_that_nothing_was_fitted_for_names_no_residual() -> None:
    fit = {**ABOUT["scale_and_shift"], "residual_mm": None, "inlier_share": None}
    said = text_of(assumptions.panel({**ABOUT, "scale_and_shift": fit, "prior": {"weight": None}}))
    assert "Residual" not in said
    assert "Broad shape" not in said


def test_the_form_starts_from_what_holds() -> None:
    form = assumptions.form(ABOUT)
    names = ("ipd_mm", "lens", "focal_mm", "projection", "smooth", "background")
    assert {name: found(form, f"recompute-{name}").value for name in names} == {
        "ipd_mm": 61.5, "lens": "focal_mm", "focal_mm": 85.0, "projection": "orthographic", "smooth": 0.75,
        "background": False,
    }  # fmt: skip
