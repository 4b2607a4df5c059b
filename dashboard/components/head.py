"""The whole head on the page of a face: made when asked for, seen all round, with what of it is a guess."""

from typing import Any

from dash import dcc, html

from core.errors import FormatError
from core.files.catalog import FILES
from core.files.facts import HEAD_FACTS, HeadFacts, read_head_facts
from dashboard.components import page, uploads, views
from dashboard.components.page import icon, lazily, marks
from dashboard.library.records import FaceRecord, RunRecord
from dashboard.readings.results import Result
from dashboard.web.prefix import at
from dashboard.words import say, word

POLL_MS = 300
NAMES = tuple(file.name for file in FILES.values() if file.subject == "head")
USUAL = ("head.glb", "head.zip", "head.ply", "head.stl")
ABOUT = word(
    "A model of a head is fitted to the face and closed all round. Where the photo shows the head, it is the photo's "
    "own depth; ears, sides, back and neck are a guess, and colours there are the mirror image or what lies beside."
)
POOR = word(
    "The head lies poorly on this face: the photo shows it from the side, or it is a child's, or something covers it. "
    "Take its shape for a sketch."
)


def section(face: FaceRecord, result: Result, said: Any = None) -> html.Section | None:
    """Return the part of the page about the head, `said` with it; None for a photo taken whole."""
    if result.facts.face is None:
        return None
    facts = None
    if (face.folder / HEAD_FACTS).is_file():
        try:
            facts = read_head_facts(face.folder)
        except FormatError as error:
            said = html.P(say(str(error)), className="run-error")
    shown = [] if facts is None else [_shown(face, result, facts)]
    return page.section(say("Head"), html.P(say(ABOUT), className="note"), *shown, _offer(said, anew=facts is not None))


def _offer(said: Any, *, anew: bool) -> html.Div:
    text, look = (say("Make it again"), "plain") if anew else (say("Make the head"), "primary")
    return html.Div(
        [page.button(text, "head-make", look, small=anew), html.Div(said, id="head-progress", role="status")],
        className="row-of",
    )


def working(run: RunRecord) -> html.Div:
    """Return how far the making is."""
    return html.Div([html.Div(say(run.stage), className="run-stage"), uploads.bar(run)])


def _shown(face: FaceRecord, result: Result, facts: HeadFacts) -> html.Div:
    place = views.viewer(
        views.address(face.id, "head.glb", face.folder), say(f"Head of {face.name} in 3D"), group="head",
        name=f"{face.name} head", scaled=views.scaled(result.facts),
    )  # fmt: skip
    stage = views.viewing("head", place, views.HEAD_LOOKS, label=say("The head in 3D"), id="head-stage")
    front = views.address(face.id, "front.png", face.folder)
    aside = [
        html.Figure(
            [
                lazily(html.Img(src=front, alt=say(f"Front view of {face.name}"))),
                html.Figcaption(say("The head straight from the front, however it was turned in the photo.")),
            ]
        ),
        html.P(say(POOR), className="warning") if facts.is_poor else None,
        page.facts(_facts(facts)),
        html.Div(
            [
                html.A(
                    [icon("download"), say(FILES[name].title)], download="",
                    href=at(f"/files/{face.id}/{name}?download=1"), className="btn btn-quiet btn-sm",
                )
                for name in USUAL
            ],
            className="row-of", role="group", **marks(aria_label=say("Download the head")),
        ),
    ]  # fmt: skip
    return html.Div([stage, html.Div(aside, className="head-aside")], className="head-view")


def _facts(facts: HeadFacts) -> list[tuple[Any, Any]]:
    rows = [(say("Seen in the photo"), page.number(100 * facts.seen_share, "%", 0))]
    if facts.residual_mm is not None:
        rows.append((say("Model from depth, median"), page.number(facts.residual_mm, "mm")))
    return [*rows, (say("Model from landmarks, RMS"), page.number(facts.landmarks_mm, "mm"))]


def stores() -> list[Any]:
    """Return what the page keeps of a head that is being made."""
    return [dcc.Store(id="head-run"), dcc.Interval(id="head-poll", interval=POLL_MS, disabled=True)]
