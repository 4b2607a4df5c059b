"""Depth that came with a photo, on the page of its face: what was measured, what the network says, and both."""

from typing import Any

from dash import html

from core.geometry.facts import SensorFacts
from dashboard.components import page, views
from dashboard.components.faces import signed_scale
from dashboard.components.page import Child, lazily, number
from dashboard.readings.results import Result
from dashboard.words import say, word

USED = {
    "no": word("It is not used."),
    "shape": word("Its shape is used, scaled to the assumed IPD."),
    "millimetres": word("It gives distance and size, too."),
}
SAID = {
    "kind": word("Values"),
    "accuracy": word("Accuracy"),
    "quality": word("Quality"),
    "holes filled": word("Holes filled"),
    "calibration": word("Focal length of the camera"),
    "lens table": word("Lens table"),
    "confidence": word("Confidence"),
    "unit": word("Unit"),
    "triangles": word("Triangles"),
    "its right, up and front": word("Its right, up and front on the file's axes"),
    "colours": word("Colours"),
}
"""What files say of their depth (`core.sensor`), by the names that it has there."""


def section(result: Result) -> html.Section | None:
    """Return the part of the page about depth that came with the photo; None where none did."""
    told = result.facts.sensor
    if told is None:
        return None
    if told.is_exact:
        return _scan(result, told)
    source, used = say(told.source), say(USED[told.used])
    sentences = [say(f"From {source}."), used]
    if told.trusted_share is not None:
        percent = f"{100 * told.trusted_share:.0f}"
        sentences.append(
            say(f"It counts on {percent} % of the head; where it is torn, missing or at the rim, the network goes on.")
        )
    drawn = [] if told.scale_mm is None else [_pictures(result, told, told.scale_mm)]
    aside: list[Child] = [_said(told)]
    if told.shares:
        aside = [_bands(told), *aside]
    return page.section(
        say("Depth that came with the photo"),
        html.P(" ".join(sentences), className="note"),
        *drawn,
        html.Div(aside, className="sources-facts"),
    )


def _said(told: SensorFacts) -> html.Dl:
    return page.facts([(say(SAID.get(name, name)), say(text)) for name, text in told.said.items()])


def _scan(result: Result, told: SensorFacts) -> html.Section:
    """Return the part of the page about the scan that the face was made of."""
    source = say(told.source)
    used = say(
        "Every millimetre is its own: no network and no assumed distance between the eyes changes them."
        if told.used == "millimetres"
        else USED[told.used]
    )
    drawn = [] if told.scale_mm is None else [_pictures(result, told, told.scale_mm)]
    return page.section(
        say("The scan"), html.P(" ".join([say(f"From {source}."), used]), className="note"), *drawn, _said(told)
    )


def _pictures(result: Result, told: SensorFacts, scale_mm: float) -> html.Div:
    face = result.face
    pictures = (
        (
            ("sensor_preview.png", say("The scan"), say("alone, as a plaster cast.")),
            (
                "plain_preview.png",
                say("What the network makes of its picture"),
                say("laid onto it by scale and shift."),
            ),
        )
        if told.is_exact
        else (
            ("sensor_preview.png", say("What was measured"), say("alone, as a plaster cast.")),
            ("plain_preview.png", say("What the network says"), say("laid onto it by scale and shift.")),
            (
                "relief_preview.png",
                say("Both together"),
                say("each in what it knows best; smoothed, with fine relief."),
            ),
        )
    )
    apart = None
    if told.median_apart_mm is not None:
        apart = html.Span([" ", say("Half of the places differ by less than"), " ", number(told.median_apart_mm, "mm")])
    difference: list[Any] = [
        _picture(result, "apart_preview.png", say(f"What they differ by on {face.name}")),
        signed_scale(scale_mm, (say("network farther in"), say("farther out"))),
        html.Figcaption([html.Strong(say("What they differ by.")), apart]),
    ]
    return html.Div(
        [
            *[
                html.Figure(
                    [
                        _picture(result, name, f"{title}: {face.name}"),
                        html.Figcaption([html.Strong(f"{title}, "), text]),
                    ]
                )
                for name, title, text in pictures
            ],
            html.Figure(difference),
        ],
        className="sources",
    )


def _picture(result: Result, name: str, alt: str) -> html.Div:
    address = views.address(result.face.id, name, result.face.folder, width=800)
    return html.Div(lazily(html.Img(src=address, alt=alt)), className="closer")


def _bands(told: SensorFacts) -> html.Div:
    """Return how much of each band of detail is the camera's."""
    bands = list(zip(told.detail_mm, told.shares, told.apart_mm, strict=True))
    rows: list[list[Child]] = []
    for place, (detail_mm, share, apart_mm) in enumerate(bands):
        finest = f"{detail_mm:.0f}" if detail_mm >= 10 else f"{detail_mm:.1f}"
        broader = say(f"broader than {bands[place - 1][0]:.0f} mm") if place else ""
        what = broader if place and place == len(bands) - 1 else say(f"finer than {finest} mm")
        rows.append([what, number(100 * share, "%", 0), number(apart_mm, "mm", 2)])
    columns = [say("Detail"), say("From what was measured"), say("They differ by")]
    return page.table(columns, rows, numeric=(1, 2))
