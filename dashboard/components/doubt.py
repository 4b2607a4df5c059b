"""What makes a face less sure than others: a badge for wherever it is shown, and the question whether it is a face."""

from typing import Any

from dash import MATCH, Input, Output, callback, html, no_update

from dashboard.components import undo
from dashboard.components.page import button, link_button
from dashboard.library import deletion
from dashboard.library.records import FaceRecord
from dashboard.readings import results
from dashboard.web.context import current_library, current_workspace
from dashboard.words import say


def badges(face: FaceRecord) -> html.Span | None:
    """Return a word for each reason, 'doubtful', 'turned 52\u00b0' or 'small', that says more when pointed at."""
    found = results.doubts(face)
    if not found:
        return None
    return html.Span(
        [
            html.Span(
                [say(doubt.word), html.Span(f": {say(doubt.sentence)}", className="visually-hidden")],
                className="doubt-badge", title=say(doubt.sentence),
            )
            for doubt in found
        ],
        className="doubt-badges",
    )  # fmt: skip


def reasons(face: FaceRecord) -> html.Div | None:
    """Return the same in sentences, each with its badge, where there is room for them."""
    found = results.doubts(face)
    if not found:
        return None
    said = [html.P([html.Span(say(one.word), className="doubt-badge"), " ", say(one.sentence)]) for one in found]
    return html.Div(said, className="doubts", role="note")


def question(face: FaceRecord, *, on_card: bool = False) -> html.Div | None:
    """Return what a doubtful find asks, with the answers to choose from; None where there is no doubt.

    on_card : it stands in the face's card, which goes when the find is deleted there.
    """
    if not face.is_doubtful or face.score is None:
        return None
    answers = [
        button(say("Keep it"), _key("keep", face)),
        link_button(say("Mark the face"), f"/mark/{face.photo_id}?face={face.id}", small=True),
    ]
    if on_card:
        answers.append(button(say("Delete"), _key("delete", face), "danger-quiet"))
    return html.Div(
        [html.P(say(f"Doubtful: is this a face? It scores {face.score:.2f}.")), html.Div(answers, className="row-of")],
        id={"kind": "doubt", "face": face.id},
        className="doubt",
    )


def _key(answer: str, face: FaceRecord) -> dict[str, str]:
    return {"kind": f"doubt-{answer}", "face": face.id}


@callback(
    Output({"kind": "doubt", "face": MATCH}, "hidden"),
    Input({"kind": "doubt-keep", "face": MATCH}, "n_clicks"),
    Input({"kind": "doubt-keep", "face": MATCH}, "id"),
    prevent_initial_call=True,
)
def keep(clicks: int | None, key: dict[str, str]) -> Any:
    """Note that it is a face; the question goes."""
    if not clicks:
        return no_update
    current_library().keep_face(current_workspace(), key["face"])
    return True


@callback(
    Output({"kind": "face-card", "face": MATCH}, "hidden"),
    Input({"kind": "doubt-delete", "face": MATCH}, "n_clicks"),
    Input({"kind": "doubt-delete", "face": MATCH}, "id"),
    prevent_initial_call=True,
)
def delete(clicks: int | None, key: dict[str, str]) -> Any:
    """Delete what is no face; its card goes."""
    if not clicks:
        return no_update
    undo.offer(deletion.delete_faces(current_library(), current_workspace(), [key["face"]]))
    return True
