"""What the millimetres of a face rest on."""

from typing import Any

from dash import html

from dashboard.components.page import Child, facts, number
from dashboard.components.uploads import title


def panel(about: dict[str, Any]) -> html.Div:
    """Return the list of assumptions and the warnings of a reconstruction.json."""
    return html.Div([facts(_rows(about)), *[html.P(text, className="warning") for text in about.get("warnings") or []]])


def _rows(about: dict[str, Any]) -> list[tuple[str, Child]]:
    camera, network, fit = about["camera"], about["network"], about["scale_and_shift"]
    face, photo = about.get("face") or {}, about["photo"]
    rows: list[tuple[str, Child]] = [
        ("Photo", f"{photo['width_px']:,} x {photo['height_px']:,} px"),
        ("Depth network", title(network["name"])),
    ]
    if network.get("face_network") and network["face_network"] != network["name"]:
        rows.append(("Face found by", title(network["face_network"])))
    if about["ipd_mm"]:
        rows.append(("Interpupillary distance, assumed", number(about["ipd_mm"], "mm")))
    rows += [
        ("Focal length from", camera["focal_source"]),
        ("Focal length", number(camera["focal_px"], "px", 0)),
        ("Field of view", number(camera.get("fov_deg"), "degrees")),
        ("Distance, from these", number(about["distance_mm"], "mm", 0)),
        ("Scale and shift fitted to", fit["fitted_to"]),
        ("a (scale)", f"{fit['a']:.4g}"),
        ("b (shift)", f"{fit['b']:.4g}"),
    ]
    if fit.get("residual_mm") is not None:
        rows.append(("Residual of the fit", number(fit["residual_mm"], "mm")))
    if face:
        rows += [
            ("Face score", number(face.get("score"), "", 2)),
            ("Roll levelled", number(face.get("roll_deg"), "degrees")),
            ("Yaw", number(face.get("yaw_deg"), "degrees")),
        ]
    return rows
