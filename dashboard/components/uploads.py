"""The ways in: drop zone, options, and the rows of what runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dash import html

from core.depth.catalog import MODELS
from core.errors import NoFaceError
from core.options import Options
from core.options.table import rows
from core.photo.formats import ACCEPT, NAMES
from core.scan.formats import ENDINGS as SCAN_ENDINGS
from core.scan.formats import NAMES as SCANS
from core.sensor.map_name import MAP_ENDINGS
from dashboard.components.names import cut_name
from dashboard.components.options import control
from dashboard.components.page import Child, button, icon, lazily, link_button, marks
from dashboard.library.records import PhotoRecord, RunRecord
from dashboard.web.prefix import at
from dashboard.words import say, word

OPTIONS = (
    *("model", "refine", "ipd_mm", "fov_deg", "focal_mm", "depth", "unit", "projection", "smooth"),
    "fine_relief",
    "max_triangles",
    *("whole_photo", "background"),
)
"""What can be chosen for the next photos; the command line has all options."""

SAMPLES = (("Eileen Collins", "eileen-collins"), ("Grace Hopper", "grace-hopper"))


def drop_zone(*, small: bool) -> html.Div:
    """Return the place for photos and scans; assets/upload.js puts the file inputs into it."""
    formats, scans = say(NAMES), say(SCANS)
    inputs = marks(data_accept=ACCEPT, data_maps=",".join(MAP_ENDINGS), data_scans=",".join(SCAN_ENDINGS))
    return html.Div(
        [
            html.Div(id="photo-inputs", **inputs),
            html.Div(say("Drop photos or scans of faces here"), className="drop-title"),
            html.Div(
                [
                    html.Label(
                        [icon("upload"), say("Choose files")], htmlFor="photo-input", className="btn btn-primary"
                    ),
                    html.Label(
                        [icon("camera"), say("Take a photo")],
                        htmlFor="camera-input",
                        className="btn btn-quiet only-touch",
                    ),
                ],
                className="row-of",
            ),
            html.P(
                say(f"Photos: {formats}. Scans: {scans}. They stay on this machine. Pasting works, too."),
                className="soft small",
            ),
            html.Div(
                [html.Span(say("No photo at hand? Try one of these:"), className="soft small"), *map(_sample, SAMPLES)],
                className="samples",
            ),
        ],
        id="photo-drop",
        className="drop small-drop" if small else "drop",
    )


def _sample(sample: tuple[str, str]) -> html.Button:
    name, file = sample
    return html.Button(
        [html.Img(src=at(f"/assets/samples/{file}-thumbnail.jpg"), alt="", width=40, height=40), name],
        type="button",
        className="sample",
        **marks(data_sample=f"{file}.jpg"),
    )


def shown() -> html.Div:
    """Return what comes out of a photo, for a page that has no result yet."""
    pictures = (
        ("crop", say("Photo of Eileen Collins"), say("The photo, levelled by the eyes and cropped.")),
        (
            "depth",
            say("Its depth"),
            say("Depth in millimetres: near is bright, and every pixel of the head has a value."),
        ),
        ("relief", say("Its surface in plaster"), say("The surface, to turn, to compare and to print.")),
    )
    return html.Div(
        [
            html.Figure([html.Img(src=at(f"/assets/samples/shown-{name}.webp"), alt=alt), html.Figcaption(text)])
            for name, alt, text in pictures
        ],
        className="shown",
    )


def options(installed: Sequence[str], default: str) -> html.Details:
    """Return the settings of the next photos, folded away; each starts from its default."""
    table = rows(Options)
    network = title(default)
    here = {"auto": say(f"Automatic: {network}"), **{name: title(name) for name in ("builtin", *installed)}}
    shown = {**table, "model": replace(table["model"], choices=here)}
    return html.Details(
        [
            html.Summary(say("Options for the next photos")),
            html.Div([control("option", shown[name], shown[name].default) for name in OPTIONS], className="fold-body"),
        ],
        className="fold",
    )


def title(network: str) -> str:
    """Return a network's name for people."""
    return say(MODELS[network].title) if network in MODELS else network


FOLDED_FROM = 4  # rows: so many would push the results out of sight
MOST_ROWS = 50  # in an opened fold
PAUSE_S = 20.0  # between two runs of one batch there is less


@dataclass(frozen=True)
class Batch:
    """How far the photos are that are worked on without a pause. left_s : None until one of them was measured."""

    over: int
    total: int
    left_s: float | None

    @property
    def words(self) -> str:
        """As in '3 of 30, about 5 min left'."""
        if self.left_s is None:
            return say(f"{self.over} of {self.total}")
        if self.left_s < 55:
            seconds = max(5, 5 * round(self.left_s / 5))
            return say(f"{self.over} of {self.total}, about {seconds} s left")
        minutes = round(self.left_s / 60)
        return say(f"{self.over} of {self.total}, about {minutes} min left")


def batch(waiting: Sequence[RunRecord], ended: Sequence[RunRecord], to_upload: int, now: datetime) -> Batch:
    """Return how far the present work is.

    waiting : runs that wait or work. ended : runs that are done or failed, in any order; those before the last pause
    are left out. to_upload : photos whose run is not started yet. The time that is left is what one photo took so far
    from the start of the first to the end of the last, however many are worked on at a time.
    """
    began = min((run.started for run in waiting if run.started), default=now)
    of_this: list[RunRecord] = []
    for run in sorted(ended, key=lambda run: run.ended or now, reverse=True):
        if run.started is None or run.ended is None or (began - run.ended).total_seconds() > PAUSE_S:
            break
        of_this.append(run)
        began = min(began, run.started)
    left = len(waiting) + to_upload
    total = left + len(of_this)
    if not of_this:
        return Batch(0, total, None)
    last = max(run.ended for run in of_this if run.ended)
    each_s = (last - began).total_seconds() / len(of_this)
    return Batch(len(of_this), total, left * each_s - min((now - last).total_seconds(), each_s))


def fold() -> html.Div:
    """Return the one line that many rows fold into. It stays in the page, so that it stays open while rows change."""
    return html.Div(
        [
            html.Div(
                [
                    button(say("Cancel all"), "batch-cancel", "plain", hidden=True, **marks(data_cancel_uploads="1")),
                    button(say("Retry failed"), "batch-retry", sign="retry", hidden=True),
                    button(say("Dismiss"), "batch-dismiss", "plain", hidden=True),
                ],
                className="row-of batch-actions",
            ),
            html.Details(
                [
                    html.Summary(
                        [
                            html.Span(id="batch-words"),
                            html.Div(html.Div(id="batch-share"), className="bar", **marks(aria_hidden="true")),
                        ]
                    ),
                    html.Div(id="batch-rows"),
                ],
                className="batch",
            ),
        ],
        id="batch",
        className="batch-line",
        hidden=True,
    )


def words_of(progress: Batch | None, runs: Sequence[RunRecord]) -> str:
    """Return what the line says; progress : None where nothing waits or works."""
    failed, cancelled = (sum(run.state == state for run in runs) for state in ("failed", "cancelled"))
    parts = [
        progress.words if progress else "",
        say(f"{failed} failed") if failed else "",
        say(f"{cancelled} cancelled") if cancelled else "",
    ]
    return "; ".join(filter(None, parts))


def run_rows(runs: Sequence[RunRecord], photos: Mapping[str, PhotoRecord]) -> list[Child]:
    """Return the rows of runs in their order, the first `MOST_ROWS` of them."""
    rows: list[Child] = [run_row(run, photos.get(run.photo_id or "")) for run in runs[:MOST_ROWS]]
    left = len(runs) - MOST_ROWS
    if left > 0:
        rows.append(html.P(say(f"And {left} more."), className="soft small"))
    return rows


def run_row(run: RunRecord, photo: PhotoRecord | None) -> html.Div:
    """Return one photo's work: what it does now, how far it is, and how to stop it or try again."""
    name = photo.name if photo else say("A photo")
    thumbnail = (
        lazily(html.Img(src=at(f"/photos/{photo.id}/thumbnail.jpg"), alt="", width=56, height=56))
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
                        html.Div(say(run.stage), className="run-stage"),
                        bar(run),
                    ]
                ),
                html.Div(button(say("Cancel"), _key("cancel", run), "plain"), className="row-of"),
            ],
            className="run",
            key=run.id,
            **marks(data_run=run.id, data_of=run.id),  # by data-run assets/follow.js tells how far it is
        )
    actions: list[Child] = [
        button(say("Try again"), _key("retry", run), sign="retry"),
        button(say("Dismiss"), _key("dismiss", run), "plain"),
    ]
    if run.error_kind == NoFaceError.__name__ and photo is not None and not photo.is_scan:
        actions = [
            link_button(say("Show where the face is"), f"/mark/{photo.id}", small=True),
            button(say("Process the whole photo"), _key("whole", run)),
            actions[1],
        ]
    sentence = run.error and say(run.error) if run.state == "failed" else say("Cancelled.")
    look = "run-stage run-error" if run.state == "failed" else "run-stage"
    return html.Div(
        [
            thumbnail,
            html.Div([html.Div(cut_name(name), className="run-name"), html.Div(sentence, className=look)]),
            html.Div(actions, className="row-of"),
        ],
        className="run",
        key=run.id,
        **marks(data_of=run.id),
    )


def bar(run: RunRecord) -> html.Div:
    """Return a run's progress bar."""
    percent = round(100 * run.progress)
    return html.Div(
        html.Div(style={"width": f"{max(percent, 2)}%"}),
        className="bar",
        role="progressbar",
        **marks(
            aria_valuenow=str(percent),
            aria_valuemin="0",
            aria_valuemax="100",
            aria_label=say(run.stage or word("Progress")),
        ),
    )


def _key(action: str, run: RunRecord) -> dict[str, str]:
    return {"kind": "run-action", "action": action, "run": run.id}
