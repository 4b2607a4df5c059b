"""The ways in: drop zone, options, and the rows of what runs."""

from collections.abc import Sequence

import dash_bootstrap_components as dbc
from dash import html

from core.depth.catalog import MODELS
from core.errors import NoFaceError
from dashboard.components.page import Child, button, field, icon, link_button, marks, number_field
from dashboard.library.records import PhotoRecord, RunRecord

REFINEMENTS = [
    {"label": "None", "value": "none"},
    {"label": "Mirror image averaged", "value": "mirror"},
    {"label": "The face looked at again, closer", "value": "two-scale"},
]
PROJECTIONS = [
    {"label": "Perspective", "value": "perspective"},
    {"label": "Orthographic", "value": "orthographic"},
]
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
    """Return the settings of the next photos, folded away; what is empty or untouched is the default."""
    choices = [{"label": f"Automatic: {title(default)}", "value": "auto"}]
    choices += [{"label": title(name), "value": name} for name in ("builtin", *installed)]
    return html.Details(
        [
            html.Summary("Options for the next photos"),
            html.Div(
                [
                    field(
                        "Depth network",
                        dbc.Select(id="option-model", options=choices, value="auto"),
                        "More of them on the Models page.",
                    ),
                    field(
                        "Refinement",
                        dbc.Select(id="option-refine", options=REFINEMENTS, value="none"),
                        "Of MiDaS networks; the built-in one does its own.",
                    ),
                    number_field(
                        "option-ipd", "Interpupillary distance", 63, unit="mm", low=40, high=80, step=0.5,
                        hint="It sets the scale. Adults: 63 mm in the mean, nearly all 45 to 80.",
                    ),
                    number_field(
                        "option-fov", "Field of view", None, unit="degrees", low=5, high=120, step=1,
                        hint="Empty: from the photo's EXIF data, else the stated default.", placeholder="auto",
                    ),
                    number_field(
                        "option-focal", "or focal length", None, unit="mm", low=5, high=2000, step=1,
                        hint="As of a lens on 35 mm film; it goes before the field of view.", placeholder="auto",
                    ),
                    field(
                        "Projection",
                        dbc.Select(id="option-projection", options=PROJECTIONS, value="perspective"),
                        "Orthographic: as from very far.",
                    ),
                    number_field(
                        "option-smooth", "Smoothing", 0.5, unit="of 1", low=0, high=1, step=0.05,
                        hint="Skin gets smoother, edges stay. 0: none.",
                    ),
                    number_field(
                        "option-triangles", "Most triangles", 60_000, unit="triangles", low=1_000, high=500_000,
                        step=1_000, hint="Of the surface and of the printable solid.",
                    ),
                    dbc.Checkbox(
                        id="option-whole", value=False,
                        label="Process the whole photo, even without a face",
                    ),
                    dbc.Checkbox(id="option-background", value=False, label="Keep what is round the head"),
                ],
                className="fold-body",
            ),
        ],
        className="fold",
    )  # fmt: skip


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
                html.Div([html.Div(name, className="run-name"), html.Div(run.stage, className="run-stage"), bar(run)]),
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
            html.Div([html.Div(name, className="run-name"), html.Div(sentence, className=look)]),
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
