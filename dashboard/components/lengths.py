"""A face's lengths beside those of a survey: numbers, and where they lie in the spread of men and women."""

from collections.abc import Iterable, Sequence
from typing import Any

from dash import html

from core.measure.ansur import REFERENCES, SOURCE, Spread, cautions
from core.measure.face import FaceMeasures
from core.measure.table import MEASURES, Place, chosen
from dashboard.components import page
from dashboard.words import say

SHOWN_STD = 3.0  # how many standard deviations the small picture of a spread reaches to each side


def table(measures: FaceMeasures | None, withheld: str | None = None) -> html.Div:
    """Return each length with mean and standard deviation of the survey, where it has one.

    withheld : why some are not measured, as `core.measure.withheld` says.
    """
    if measures is None:
        return html.Div(html.P(say("Too few landmarks of this face have depth to measure it."), className="note"))
    rows: list[list[Any]] = []
    for length in chosen(MEASURES, Place.PART):
        value, reference = getattr(measures, length.key), REFERENCES.get(length.key)
        rows.append(
            [
                page.named(length),
                page.statistic(length, value),
                _spread(reference.women) if reference else "",
                _spread(reference.men) if reference else "",
                _picture(value, reference.pooled) if reference and value is not None else "",
            ]
        )
    columns = [say("Length"), say("This face"), say("Women"), say("Men"), say("Within both")]
    found = page.table(columns, rows, numeric=(1, 2, 3), stacked=True)
    return found if withheld is None else html.Div([found, html.P(say(withheld), className="note")])


def several(names: Sequence[Any], measures: Sequence[FaceMeasures | None], withheld: Sequence[str] = ()) -> html.Div:
    """Return each length of several faces beside each other, with mean and standard deviation of the survey.

    withheld : sentences, in the reader's language, that say of which face some are not measured, and why.
    """
    rows: list[list[Any]] = []
    for length in chosen(MEASURES, Place.PART):
        reference = REFERENCES.get(length.key)
        values = [getattr(one, length.key) if one else None for one in measures]
        rows.append(
            [
                page.named(length),
                *[page.statistic(length, value) for value in values],
                _spread(reference.women) if reference else "",
                _spread(reference.men) if reference else "",
            ]
        )
    columns = [say("Length"), *names, say("Women"), say("Men")]
    found = page.table(columns, rows, numeric=range(1, len(columns)), facing=True)
    return html.Div([found, *[html.P(why, className="note") for why in withheld]])


def caution(measured: Iterable[bool]) -> html.P:
    """Return what such a table cannot prove, and its source. measured : of each face, whether its depth was."""
    source = say(SOURCE)
    sentences = [f"{say(text)} " for text in cautions(measured=measured)]
    return html.P([*sentences, say(f"Means and standard deviations: {source}.")], className="note")


def _spread(spread: Spread) -> html.Span:
    return html.Span(
        [f"{spread.mean_mm:.1f} \u00b1 {spread.std_mm:.1f}", html.Span("mm", className="unit")], className="nowrap"
    )


def _picture(value_mm: float, spread: Spread) -> html.Div:
    deviations = spread.deviations(value_mm)
    size = f"{abs(deviations):.1f}"
    place = 50 + 50 * max(-1.0, min(1.0, deviations / SHOWN_STD))
    words = say(
        f"{size} standard deviations above the mean of both"
        if deviations >= 0
        else f"{size} standard deviations below the mean of both"
    )
    return html.Div(
        [html.I(className="one"), html.B(style={"left": f"{place:.1f}%"})], className="spread", title=words, role="img",
        **page.marks(aria_label=words),
    )  # fmt: skip
