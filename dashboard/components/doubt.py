"""What makes a face less sure than others: a badge for wherever it is shown, and the question whether it is a face."""

from dash import html

from dashboard.components.page import Child, button, link_button, marks
from dashboard.library.records import FaceRecord
from dashboard.readings import results
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
    answers: list[Child] = [
        _answer(say("Keep it"), "keep", face),
        link_button(say("Mark the face"), f"/mark/{face.photo_id}?face={face.id}", small=True),
    ]
    if on_card:
        answers.append(_answer(say("Delete"), "delete", face, "danger-quiet"))
    return html.Div(
        [html.P(say(f"Doubtful: is this a face? It scores {face.score:.2f}.")), html.Div(answers, className="row-of")],
        className="doubt",
    )


def _answer(text: str, answer: str, face: FaceRecord, look: str = "quiet") -> html.Button:
    """Return a button of the question; assets/doubt.js has what it does."""
    return button(text, f"{answer}-{face.id}", look, **marks(data_doubt=answer, data_face=face.id))
