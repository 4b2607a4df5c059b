"""What the millimetres of a face rest on, and the form that changes it."""

from typing import TYPE_CHECKING

from dash import html

from core.measure.table import DISTANCE, IPD
from core.options import Options
from core.options.run import DRAWN
from core.options.table import rows
from core.photo.lens import EXIF
from dashboard.components.options import control
from dashboard.components.page import Child, button, facts, number, statistic, switch_pair
from dashboard.components.uploads import title

if TYPE_CHECKING:
    from core.files.facts import WrittenFacts
    from core.geometry.facts import CameraFacts, Facts

LENSES = (("auto", "Automatic"), *((name, rows(Options)[name].label) for name in ("fov_deg", "focal_mm")))


def in_words(about: "Facts") -> str:
    """Return what the millimetres rest on as one sentence: the size, and where the lens is known from."""
    size = f"{about.ipd_mm:g} mm between the eyes assumed" if about.ipd_mm else "An assumed range of distances"
    source = about.camera.focal_source
    lens = "from the photo" if source.startswith(EXIF) else "assumed" if source.startswith("assumed") else "as given"
    return f"{size}; lens {lens}."


def warnings(about: "Facts") -> list[html.P]:
    """Return what speaks against the numbers, but for doubts of the face, which have badges of their own."""
    doubts = {doubt.sentence for doubt in about.doubts}
    return [html.P(text, className="warning") for text in about.warnings if text not in doubts]


def panel(about: "Facts", *, is_open: bool = False) -> html.Details:
    """Return the table of assumptions, behind its title."""
    why = "A photo has no scale. These are the assumptions behind every millimetre here."
    return html.Details(
        [html.Summary("What this rests on"), html.P(why, className="note mb-2"), facts(_rows(about))],
        className="fold",
        open=is_open,
    )


def _rows(about: "Facts") -> list[tuple[str, Child]]:
    network, face, photo = about.network, about.face, about.photo
    rows: list[tuple[str, Child]] = [
        ("Photo", f"{photo.width_px:,} x {photo.height_px:,} px"),
        ("Depth network", title(network.name)),
    ]
    if network.face_network != network.name:
        rows.append(("Face found by", title(network.face_network)))
    if about.ipd_mm:
        rows.append((IPD.name, statistic(IPD, about.ipd_mm)))
    rows += [*_camera(about.camera, about.distance_mm), *_fit(about)]
    if face:
        rows += [
            ("Face score", number(face.score, "", 2)),
            ("Roll levelled", number(face.roll_deg, "degrees")),
            ("Yaw", number(face.yaw_deg, "degrees")),
        ]
    return rows


def _camera(camera: "CameraFacts", distance_mm: float) -> list[tuple[str, Child]]:
    return [
        ("Focal length from", camera.focal_source),
        ("Focal length, 35 mm equivalent", number(camera.focal_equivalent_mm, "mm")),
        ("Field of view, over the diagonal", number(camera.fov_deg, "degrees")),
        ("Projection", camera.projection),
        (DISTANCE.name, statistic(DISTANCE, distance_mm)),
    ]


def _fit(about: "Facts") -> list[tuple[str, Child]]:
    fit, prior = about.scale_and_shift, about.prior
    rows: list[tuple[str, Child]] = [
        ("Scale and shift fitted to", fit.fitted_to),
        ("a (scale)", f"{fit.a:.4g}"),
        ("b (shift)", f"{fit.b:.4g}"),
    ]
    if fit.residual_mm is not None:
        rows.append(("Residual of the fit, median", number(fit.residual_mm, "mm")))
    if fit.inlier_share is not None:
        rows.append((f"Of the face within {fit.inlier_mm:g} mm", number(100 * fit.inlier_share, "%", 0)))
    if prior and prior.weight is not None:
        rows.append(("Broad shape from the face network", number(100 * prior.weight, "%", 0)))
    rows.append(("Smoothing, 0 to 1", number(about.smooth, "", 2)))
    if about.fine_relief:
        rows.append((f"Fine relief, 0 to 1, {DRAWN}", number(about.fine_relief, "", 2)))
    return rows


def form(about: "WrittenFacts", *, is_open: bool = False) -> html.Details:
    """Return the controls that compute a face anew from its stored inverse depth, set as they are now."""
    options, camera, table = about.options, about.camera, rows(Options)
    lens = "fov_deg" if options.fov_deg else "focal_mm" if options.focal_mm else "auto"
    held = {
        **options.to_dict(),
        "fov_deg": round(camera.fov_deg, 1),
        "focal_mm": round(camera.focal_equivalent_mm, 1),
    }

    def one(name: str) -> Child:
        return control("recompute", table[name], held[name])

    controls = [
        one("ipd_mm"),
        html.Fieldset(
            [
                html.Legend("Lens"),
                switch_pair("recompute-lens", LENSES, lens),
                html.Div("Automatic: what EXIF says, else the stated default.", className="hint"),
            ],
            className="field",
        ),
        html.Div(one("fov_deg"), id="recompute-fov_deg-row"),
        html.Div(one("focal_mm"), id="recompute-focal_mm-row"),
        html.Fieldset(
            [
                html.Legend(table["projection"].label),
                switch_pair("recompute-projection", list(table["projection"].choices.items()), options.projection),
                html.Div(table["projection"].help, className="hint"),
            ],
            className="field",
        ),
        one("smooth"),
        one("fine_relief"),
        one("background"),
        html.Div(
            [
                button("Compute anew", "recompute-start", "primary", sign="retry", small=False),
                button("Cancel", "recompute-cancel", "plain", small=False, disabled=True),
            ],
            className="row-of",
        ),
    ]
    return html.Details(
        [
            html.Summary("Change them"),
            html.P(
                "Worked out from the stored inverse depth, without the network: a few seconds. Mesh, solid, numbers "
                "and pictures follow.",
                className="note",
            ),
            html.Div(controls, className="d-grid gap-3 mt-3"),
        ],
        className="fold",
        id="recompute-fold",
        open=is_open,
    )
