"""What a page says of a face that is not there, or of a library that is empty."""

from dash import html

from dashboard.components.page import empty, head, link_button
from dashboard.words import say


def no_face() -> html.Div:
    """Return the answer to an address of a face that this workspace does not have."""
    actions = [
        link_button(say("Open the Library"), "/library", primary=True),
        link_button(say("Start with a photo"), "/"),
    ]
    return html.Div(
        [
            head(
                say("This face is not in your library"),
                say(
                    "It may have been deleted, or it belongs to another browser: each browser has a library of its own."
                ),
            ),
            html.Div(actions, className="row-of"),
        ]
    )


def none_of_these(title: str) -> html.Div:
    """Return what a page of several faces says of an address none of whose faces this workspace has."""
    why = say("They may have been deleted, or they belong to another browser: each browser has a library of its own.")
    return html.Div(
        [
            head(title),
            empty(
                say("These faces are not in your library"),
                why,
                link_button(say("Open the Library"), "/library", primary=True),
                link_button(say("Start with a photo"), "/"),
            ),
        ]
    )


def no_photo() -> html.Div:
    """Return the answer to an address of a photo that this workspace does not have."""
    return empty(
        say("This photo is not in your library"),
        say("It may have been deleted, or it belongs to another browser: each browser has a library of its own."),
        link_button(say("Start with a photo"), "/", primary=True),
    )


def no_faces(title: str, text: str) -> html.Div:
    """Return what a page shows while the library is empty."""
    return empty(title, text, link_button(say("Start with a photo"), "/", primary=True))
