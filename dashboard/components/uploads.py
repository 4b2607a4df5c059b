"""The ways in: drop zone, options, and the rows of what runs."""

from collections.abc import Sequence
from dataclasses import replace

from dash import html

from core.depth.catalog import MODELS
from core.errors import NoFaceError
from core.options import Options
from core.options.table import rows
from dashboard.components.names import cut_name
from dashboard.components.options import control
from dashboard.components.page import Child, button, icon, link_button, marks
from dashboard.library.records import PhotoRecord, RunRecord

OPTIONS = (
    *("model", "refine", "ipd_mm", "fov_deg", "focal_mm", "projection", "smooth", "fine_relief"),
    "max_triangles",
    *("whole_photo", "background"),
)
"""What can be chosen for the next photos; the command line has all options."""

SAMPLES = (("Eileen Collins", "eileen-collins"), ("Grace Hopper", "grace-hopper"))


def drop_zone(*, small: bool) -> html.Div:
    """Return the place for photos; assets/upload.js puts the file inputs into it."""
    return html.Div(
        [
            html.Div(id="photo-inputs"),
            html.Div("Drop photos of faces here", className="drop-title"),
            html.Div(
                [
                    html.Label([icon("upload"), "Choose photos"], htmlFor="photo-input", className="btn btn-primary"),
                    html.Label(
                        [icon("camera"), "Take a photo"], htmlFor="camera-input", className="btn btn-quiet only-touch"
                    ),
                ],
                className="row-of",
            ),
            html.P(
                "JPEG, PNG, WebP or HEIC. They stay on this machine. Pasting works, too.",
                className="soft small",
            ),
            html.Div(
                [html.Span("No photo at hand? Try one of these:", className="soft small"), *map(_sample, SAMPLES)],
                className="samples",
            ),
        ],
        id="photo-drop",
        className="drop small-drop" if small else "drop",
    )


def _sample(sample: tuple[str, str]) -> html.Button:
    name, file = sample
    return html.Button(
        [html.Img(src=f"/assets/samples/{file}-thumbnail.jpg", alt="", width=40, height=40), name],
        type="button",
        className="sample",
        **marks(data_sample=f"{file}.jpg"),
    )


def shown() -> html.Div:
    """Return what comes out of a photo, for a page that has no result yet."""
    pictures = (
        ("crop", "Photo of Eileen Collins", "The photo, levelled by the eyes and cropped."),
        ("depth", "Its depth", "Depth in millimetres: near is bright, and every pixel of the head has a value."),
        ("relief", "Its surface in plaster", "The surface, to turn, to compare and to print."),
    )
    return html.Div(
        [
            html.Figure([html.Img(src=f"/assets/samples/shown-{name}.webp", alt=alt), html.Figcaption(text)])
            for name, alt, text in pictures
        ],
        className="shown",
    )


def options(installed: Sequence[str], default: str) -> html.Details:
    """Return the settings of the next photos, folded away; each starts from its default."""
    table = rows(Options)
    here = {"auto": f"Automatic: {title(default)}", **{name: title(name) for name in ("builtin", *installed)}}
    shown = {**table, "model": replace(table["model"], choices=here)}
    return html.Details(
        [
            html.Summary("Options for the next photos"),
            html.Div([control("option", shown[name], shown[name].default) for name in OPTIONS], className="fold-body"),
        ],
        className="fold",
    )


def title(network: str) -> str:
    """Return a network's name for people."""
    return MODELS[network].title if network in MODELS else network


def run_row(run: RunRecord, photo: PhotoRecord | None) -> html.Div:
    """Return one photo's work: what it does now, how far it is, and how to stop it or try again."""
    name = photo.name if photo else "A photo"
    thumbnail = (
        html.Img(src=f"/photos/{photo.id}/thumbnail.jpg", alt="", width=56, height=56)
        if photo
        else html.Div(className="blank")
    )
    if run.state in ("queued", "running"):
        return html.Div(
            [
                thumbnail,
                html.Div(
                    [
                        html.Div(cut_name(name), className="run-name"),
                        html.Div(run.stage, className="run-stage"),
                        bar(run),
                    ]
                ),
                html.Div(button("Cancel", _key("cancel", run), "plain"), className="row-of"),
            ],
            className="run",
            key=run.id,
        )
    actions: list[Child] = [
        button("Try again", _key("retry", run), sign="retry"),
        button("Dismiss", _key("dismiss", run), "plain"),
    ]
    if run.error_kind == NoFaceError.__name__ and photo is not None:
        actions = [
            link_button("Show where the face is", f"/mark/{photo.id}", small=True),
            button("Process the whole photo", _key("whole", run)),
            actions[1],
        ]
    sentence = run.error if run.state == "failed" else "Cancelled."
    look = "run-stage run-error" if run.state == "failed" else "run-stage"
    return html.Div(
        [
            thumbnail,
            html.Div([html.Div(cut_name(name), className="run-name"), html.Div(sentence, className=look)]),
            html.Div(actions, className="row-of"),
        ],
        className="run",
        key=run.id,
    )


def bar(run: RunRecord) -> html.Div:
    """Return a run's progress bar."""
    percent = round(100 * run.progress)
    return html.Div(
        html.Div(style={"width": f"{max(percent, 2)}%"}),
        className="bar",
        role="progressbar",
        **marks(aria_valuenow=str(percent), aria_valuemin="0", aria_valuemax="100", aria_label=run.stage or "Progress"),
    )


def _key(action: str, run: RunRecord) -> dict[str, str]:
    return {"kind": "run-action", "action": action, "run": run.id}
