import json
from typing import Any

import pytest
from dash import dcc, html
from plotly.utils import PlotlyJSONEncoder

from dashboard.web.still import settled


def sent(part: Any) -> Any:
    """A part as Dash sends it."""
    return json.loads(json.dumps(part, cls=PlotlyJSONEncoder))


def still(part: Any) -> Any:
    return settled(sent(part))


def html_of(part: Any) -> str:
    found = still(html.Div([part]))
    assert found["type"] == "Still"
    return str(found["props"]["html"])


def test_what_nothing_changes_is_one_component() -> None:
    table = html.Table([html.Tbody([html.Tr([html.Td(f"{n}") for n in range(9)])])], className="plain-table")
    assert still(table) == {
        "namespace": "lifemask",
        "type": "Still",
        "props": {
            "tag": "table",
            "attributes": {"className": "plain-table"},
            "html": "<tbody><tr>" + "".join(f"<td>{n}</td>" for n in range(9)) + "</tr></tbody>",
        },
    }


@pytest.mark.parametrize(
    ("part", "as_html"),
    [
        (html.P("a < b & \"c\""), '<p>a &lt; b &amp; "c"</p>'),
        (html.Span("x", title='<"&>'), '<span title="&lt;&quot;&amp;&gt;">x</span>'),
        (html.Img(src="/a?b=1&c=2", alt=""), '<img src="/a?b=1&amp;c=2" alt="">'),
        (html.Td(["a", None, 1.5, html.Br(), True], colSpan=2), '<td colspan="2">a1.5<br></td>'),
        (html.Div("x", hidden=True), "<div hidden>x</div>"),
        (html.Div("x", hidden=False), "<div>x</div>"),
        (html.P("x", tabIndex=0, **{"aria-hidden": "true"}), '<p tabindex="0" aria-hidden="true">x</p>'),
        (html.Label("x", htmlFor="y", className="k"), '<label for="y" class="k">x</label>'),
        (html.I(style={"--mark": "red", "maskImage": "none"}), '<i style="--mark: red; mask-image: none"></i>'),
        (dcc.Link("Face", href="/face/1"), '<a href="/face/1" data-link="">Face</a>'),
        (html.A("File", href="/files/1", download=""), '<a href="/files/1" download="">File</a>'),
    ],
)  # fmt: skip
def test_html_is_what_react_would_make(part: Any, as_html: str) -> None:
    written = html_of(part)
    assert set(written.replace(">", " ").split()) == set(as_html.replace(">", " ").split())
    assert len(written) == len(as_html)


@pytest.mark.parametrize(
    "part",
    [
        html.Span("x", id="named"),
        html.Button("x", id={"kind": "row", "id": 1}),
        dcc.Graph(figure={}),
        dcc.Input(),
        html.Details([html.Summary("x")]),
        html.Div("x", role="status"),
        html.Div("x", **{"aria-live": "polite"}),
        html.Div(className="viewer", **{"data-src": "/mesh.glb"}),
        html.Td("x", **{"data-value": 3}),
        html.I(style={"width": 3}),
    ],
)
def test_what_a_callback_a_script_or_a_person_changes_stays_with_what_holds_it(part: Any) -> None:
    """Its neighbours are still, all the same."""
    found = still(html.Div([html.Div([part]), html.P(["a", html.B("b")])], className="both"))
    assert found["type"] == "Div"
    held, neighbour = found["props"]["children"]
    assert held["type"] == "Div"
    assert neighbour["props"]["html"] == "a<b>b</b>"
    assert held["props"]["children"][0]["type"] == sent(part)["type"]


def test_figures_and_data_of_an_answer_stay_as_they_are() -> None:
    answer = {"a": {"figure": {"data": [{"type": "bar", "props": {"children": []}}]}, "data": [1, None, "x"]}}
    assert settled({"response": answer}) == {"response": answer}


def test_what_is_text_alone_stays_as_it_is() -> None:
    assert still(html.P("text")) == sent(html.P("text"))
