"""What the millimetres of a face rest on, and the form that changes it."""

from typing import TYPE_CHECKING

from dash import html

from core.geometry.camera import CALIBRATED
from core.measure.table import DISTANCE, IPD
from core.options import Options
from core.options.run import DRAWN
from core.options.table import rows
from core.photo.lens import EXIF
from dashboard.components.options import control
from dashboard.components.page import Child, button, facts, number, said, statistic, switch_pair
from dashboard.components.uploads import title
from dashboard.words import say, word

if TYPE_CHECKING:
    from core.files.facts import WrittenFacts
    from core.geometry.facts import Facts

LENSES = (("auto", word("Automatic")), *((name, rows(Options)[name].label) for name in ("fov_deg", "focal_mm")))


def in_words(about: "Facts") -> str:
    """Return what the millimetres rest on as one sentence: the size, and where the lens is known from."""
    if about.is_scan and about.is_measured:
        eyes = f"{about.scale_ipd_mm:.1f}" if about.scale_ipd_mm else None
        return say(f"{eyes} mm between the eyes, measured by a scan." if eyes else "Measured by a scan.")
    size, source = _size(about), about.camera.focal_source
    if about.is_scan:
        return say(f"{size}; of the picture of a scan.")
    if source.startswith((EXIF, CALIBRATED)):
        return say(f"{size}; lens from the photo.")
    return say(f"{size}; lens assumed." if source.startswith("assumed") else f"{size}; lens as given.")


def _size(about: "Facts") -> str:
    ipd, told = about.ipd_mm, about.sensor
    if about.is_measured and told is not None:
        eyes = f"{told.ipd_mm:.1f}" if told.ipd_mm else None
        return say(f"{eyes} mm between the eyes, measured" if eyes else "Measured, not assumed")
    return say(f"{ipd:g} mm between the eyes assumed" if ipd else "An assumed range of distances")


def warnings(about: "Facts") -> list[html.P]:
    """Return what speaks against the numbers, but for doubts of the face, which have badges of their own."""
    doubts = {doubt.sentence for doubt in about.doubts}
    return [html.P(say(text), className="warning") for text in about.warnings if text not in doubts]


def panel(about: "Facts", *, is_open: bool = False) -> html.Details:
    """Return the table of assumptions, behind its title."""
    why = say(
        "A scan gives every millimetre here. This is how its picture from the front was drawn and read."
        if about.is_scan and about.is_measured
        else "Depth came with this photo and gives its scale. This is what else the millimetres rest on."
        if about.is_measured
        else "A photo has no scale. These are the assumptions behind every millimetre here."
    )
    return html.Details(
        [html.Summary(say("What this rests on")), html.P(why, className="note mb-2"), facts(_rows(about))],
        className="fold",
        open=is_open,
    )


def _rows(about: "Facts") -> list[tuple[str, Child]]:
    network, face, photo = about.network, about.face, about.photo
    rows: list[tuple[str, Child]] = [
        (say("Picture of the scan" if about.is_scan else "Photo"), f"{photo.width_px:,} x {photo.height_px:,} px"),
    ]
    its_own = about.is_scan and about.is_measured  # the network's map, and what it is fitted by, count for nothing
    if not its_own:
        rows.append((say("Depth network"), title(network.name)))
    if its_own or network.face_network != network.name:
        rows.append((say("Face found by"), title(network.face_network)))
    if about.sensor and about.sensor.ipd_mm:
        rows.append((say("IPD, measured"), statistic(IPD, about.sensor.ipd_mm)))
    if about.ipd_mm and not its_own:
        name = say("IPD that would be assumed" if about.is_measured else "IPD, assumed")
        rows.append((name, statistic(IPD, about.ipd_mm)))
    rows += [*_camera(about), *([] if its_own else _fit(about)), *_smoothing(about)]
    if face:
        rows += [
            (say("Face score"), number(face.score, "", 2)),
            (say("Roll levelled"), number(face.roll_deg, say("degrees"))),
            (say("Yaw"), number(face.yaw_deg, say("degrees"))),
        ]
    return rows


def _camera(about: "Facts") -> list[tuple[str, Child]]:
    camera, source = about.camera, say(about.camera.focal_source)
    if about.is_scan and camera.focal_source.startswith(CALIBRATED):
        source = say("the camera that drew the scan's picture")
    return [
        (say("Focal length from"), source),
        (say("Focal length, 35 mm equivalent"), number(camera.focal_equivalent_mm, "mm")),
        (say("Field of view, over the diagonal"), number(camera.fov_deg, say("degrees"))),
        (say("Projection"), say("orthographic" if camera.projection == "orthographic" else "perspective")),
        (say(DISTANCE.name), statistic(DISTANCE, about.distance_mm)),
    ]


def _fit(about: "Facts") -> list[tuple[str, Child]]:
    fit, prior = about.scale_and_shift, about.prior
    rows: list[tuple[str, Child]] = [
        (say("Scale and shift fitted to"), say(fit.fitted_to)),
        (say("a (scale)"), f"{fit.a:.4g}"),
        (say("b (shift)"), f"{fit.b:.4g}"),
    ]
    if fit.residual_mm is not None:
        rows.append((say("Residual of the fit, median"), number(fit.residual_mm, "mm")))
    if fit.inlier_share is not None:
        rows.append((say(f"Of the face within {fit.inlier_mm:g} mm"), number(100 * fit.inlier_share, "%", 0)))
    if prior and prior.weight is not None:
        rows.append((say("Broad shape from the face network"), number(100 * prior.weight, "%", 0)))
    return rows


def _smoothing(about: "Facts") -> list[tuple[str, Child]]:
    rows: list[tuple[str, Child]] = [(say("Smoothing, 0 to 1"), number(about.smooth, "", 2))]
    if about.fine_relief:
        drawn = say(DRAWN)
        rows.append((say(f"Fine relief, 0 to 1, {drawn}"), number(about.fine_relief, "", 2)))
    return rows


def form(about: "WrittenFacts", *, is_open: bool = False) -> html.Details:
    """Return the controls that compute a face anew from its stored inverse depth, set as they are now."""
    options, camera, table = about.options, about.camera, rows(Options)
    projection = table["projection"]
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
                html.Legend(say("Lens")),
                switch_pair("recompute-lens", said(LENSES), lens),
                html.Div(say("Automatic: what EXIF says, else the stated default."), className="hint"),
            ],
            className="field",
            hidden=about.is_scan,  # its picture was drawn by a camera that is known
        ),
        html.Div(one("fov_deg"), id="recompute-fov_deg-row"),
        html.Div(one("focal_mm"), id="recompute-focal_mm-row"),
        html.Div(one("depth"), hidden=about.sensor is None),  # only some photos come with depth
        html.Fieldset(
            [
                html.Legend(say(projection.label)),
                switch_pair(
                    "recompute-projection",
                    said(projection.choices.items()),
                    options.projection,
                ),
                html.Div(say(projection.help), className="hint"),
            ],
            className="field",
        ),
        one("smooth"),
        one("fine_relief"),
        one("background"),
        html.Div(
            [
                button(say("Compute anew"), "recompute-start", "primary", sign="retry", small=False),
                button(say("Cancel"), "recompute-cancel", "plain", small=False, disabled=True),
            ],
            className="row-of",
        ),
    ]
    return html.Details(
        [
            html.Summary(say("Change them")),
            html.P(
                say(
                    "Worked out from the stored inverse depth, without the network: a few seconds. Mesh, solid, "
                    "numbers and pictures follow."
                ),
                className="note",
            ),
            html.Div(controls, className="d-grid gap-3 mt-3"),
        ],
        className="fold",
        id="recompute-fold",
        open=is_open,
    )
