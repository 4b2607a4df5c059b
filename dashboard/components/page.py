"""The parts that pages are made of: heads, sections, facts with units, empty states, buttons, dialogs."""

from collections.abc import Iterable, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html

from core.measure.table import Statistic
from dashboard.web.prefix import at
from dashboard.words import say

Child = Any  # what Dash takes as a child: a component, a text, a list of them, nothing


def marks(**values: str) -> dict[str, Any]:
    """Return attributes that are not Python names: `aria_label="Pages"` -> {"aria-label": "Pages"}."""
    return {name.replace("_", "-"): value for name, value in values.items()}


def lazily(picture: html.Img) -> html.Img:
    """Return the picture, which a browser then fetches when it comes into sight.

    Dash lets pass the attributes alone that it knows, and `loading` is none of them; its script sets what comes.
    """
    picture._prop_names = ["loading", *picture._prop_names]  # before src, or the fetch has begun
    setattr(picture, "loading", "lazy")  # noqa: B010  # of no attribute that it declares
    return picture


def head(title: Child, lead: Child = None, actions: Sequence[Child] = ()) -> html.Div:
    """Return a page's title, a sentence below it, and its actions at the right."""
    words: list[Child] = [html.H1(title)]
    if lead:
        words.append(html.P(lead, className="lead"))
    return html.Div([html.Div(words), html.Div(list(actions), className="row-of")], className="page-head")


def section(title: str, *children: Child, aside: Child = None) -> html.Section:
    """Return a part of a page under a hairline."""
    return html.Section(
        [
            html.Div([html.H2(title), html.Div(aside)] if aside else [html.H2(title)], className="section-head"),
            *children,
        ],
        className="section",
    )


def empty(title: str, text: str, *actions: Child) -> html.Div:
    """Return what a page says when it has nothing to show, and what to do next."""
    return html.Div([html.H2(title), html.P(text), html.Div(list(actions), className="row-of")], className="empty")


def icon(name: str) -> html.Span:
    """Return a drawn sign of assets/icons; it says nothing to a screen reader."""
    return html.Span(className=f"sign sign-{name}", **marks(aria_hidden="true"))


def link_button(text: str, href: str, *, primary: bool = False, small: bool = False) -> dcc.Link:
    """Return a link that looks like a button; href: a path of the app."""
    look = f"btn {'btn-primary' if primary else 'btn-quiet'}{' btn-sm' if small else ''}"
    return dcc.Link(text, href=at(href), className=look)


def button(
    text: Child, key: Any, look: str = "quiet", *, sign: str | None = None, small: bool = True, **more: Any
) -> html.Button:
    """Return a button; look: primary, quiet, plain, danger or danger-quiet."""
    content = [icon(sign), text] if sign else text
    return html.Button(content, id=key, type="button", className=f"btn btn-{look}{' btn-sm' if small else ''}", **more)


def number(value: float | None, unit: str = "", digits: int = 1) -> html.Span:
    """Return a number with its unit beside it; a dash for None."""
    text = "\u2013" if value is None else f"{value:,.{digits}f}".replace("-", "\u2212")
    return html.Span([text, html.Span(unit, className="unit")] if unit and value is not None else text)


def statistic(one: Statistic[Any], value: float | None) -> html.Span:
    """Return a number of the table of statistics with its unit beside it; a dash for None."""
    return number(one.shown(value), say(one.unit), one.digits)


def named(one: Statistic[Any]) -> html.Span:
    """Return the name of a statistic; what it is appears when it is pointed at."""
    return html.Span(say(one.name), title=say(one.help))


def big_number(one: Statistic[Any], value: float | None) -> html.Div:
    """Return a number that carries a page."""
    return html.Div(
        [html.Div(statistic(one, value), className="number-big"), html.Div(named(one), className="number-label")]
    )


def facts(rows: Sequence[tuple[Child, Child]]) -> html.Dl:
    """Return a list of names and values under hairlines."""
    return html.Dl([html.Div([html.Dt(name), html.Dd(value)]) for name, value in rows], className="facts")


def table(
    columns: Sequence[Child], rows: Sequence[Sequence[Child]], numeric: Sequence[int] = (), *, stacked: bool = False,
    facing: bool = False,
) -> html.Div:  # fmt: skip
    """Return a plain table; columns of `numeric` are flush right.

    stacked : on a phone each row is a block. facing : the first column stays while the others are scrolled.
    """
    kinds = ["n" if i in numeric else "" for i in range(len(columns))]
    top = [html.Th(name, className=kind, scope="col") for name, kind in zip(columns, kinds, strict=True)]
    body = [
        html.Tr(
            [
                html.Td(cell, className=kind, **(marks(data_label=name) if stacked else {}))
                for cell, kind, name in zip(row, kinds, columns, strict=True)
            ]
        )
        for row in rows
    ]
    kind = "plain-table" + " stacked" * stacked + " facing" * facing
    reach: dict[str, Any] = {} if stacked else {"tabIndex": 0}  # a wide table is scrolled by keys, too
    whole = html.Table([html.Thead(html.Tr(top)), html.Tbody(body)], className=kind)
    return html.Div(whole, className="table-wrap", **reach)


def sortable(
    key: str, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[tuple[Child, float | str | None]]]
) -> html.Div:
    """Return a table of numbers whose headings sort it; the first column names the rows and stays in sight.

    columns : heading and meaning. rows : of each cell what is shown, and what it is sorted by. The ids of its parts
    are of the kinds `{key}-heading` and `{key}-sort`, and `{key}-rows`; `assets/tables.js` sorts.
    """
    top = [
        html.Th(
            html.Button([name, html.Span(className="arrow", **marks(aria_hidden="true"))], title=meaning or name,
                        type="button", id={"kind": f"{key}-sort", "column": place}),
            className="n" if place else "",
            scope="col",
            id={"kind": f"{key}-heading", "column": place},
            **marks(aria_sort="none"),
        )
        for place, (name, meaning) in enumerate(columns)
    ]  # fmt: skip
    body = [
        html.Tr(
            [
                html.Td(shown, className="n" if place else "", **_sorted_by(value))
                for place, (shown, value) in enumerate(row)
            ]
        )
        for row in rows
    ]
    table = html.Table(
        [html.Thead(html.Tr(top)), html.Tbody(body, id=f"{key}-rows")], className="plain-table facing sortable"
    )
    return html.Div(table, className="table-wrap", tabIndex=0, id=f"{key}-table")


def _sorted_by(value: float | str | None) -> dict[str, Any]:
    return {} if value is None else {"data-value": value}


def field(label: str, control: Child, hint: str | None = None, unit: str | None = None) -> html.Div:
    """Return a labelled control, with its unit and what it means."""
    inner = html.Div([control, html.Span(unit, className="soft")], className="with-unit") if unit else control
    parts: list[Child] = [html.Label(label, htmlFor=control.id), inner]
    if hint:
        parts.append(html.Div(hint, className="hint"))
    return html.Div(parts, className="field")


def number_field(
    key: str, label: str, value: float | None, *, unit: str, low: float | None, high: float | None,
    step: float | str = "any", hint: str | None = None, **more: Any,
) -> html.Div:  # fmt: skip
    """Return a field for a number between `low` and `high`."""
    control = dbc.Input(id=key, type="number", value=value, min=low, max=high, step=step, debounce=0.4, **more)
    return field(label, control, hint, unit)


def switch_pair(
    key: str, options: Sequence[tuple[str, str]], value: str, *, look: str = "switch-pair"
) -> dbc.RadioItems:
    """Return a choice of a few, (value, words) each, beside each other; look: switch-pair or views."""
    return dbc.RadioItems(
        id=key,
        options=[{"label": text, "value": name} for name, text in options],
        value=value,
        inline=True,
        className=look,
    )


def said(choices: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return choices, (value, words) each, with their words in the reader's language."""
    return [(value, say(text)) for value, text in choices]


def ask(key: str, title: str, text: Child, yes: str, look: str = "primary") -> dbc.Modal:
    """Return a dialog that asks before something is lost; its buttons are `{key}-yes` and `{key}-no`."""
    return dbc.Modal(
        [
            dbc.ModalHeader(dbc.ModalTitle(title), close_button=False),
            dbc.ModalBody(text),
            dbc.ModalFooter(
                [button(say("Keep"), f"{key}-no", small=False), button(yes, f"{key}-yes", look, small=False)]
            ),
        ],
        id=key,
        is_open=False,
        centered=True,
    )
