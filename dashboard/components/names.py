"""Names of faces on a page: where there is little room their middle gives way."""

from dash import html

from dashboard.charts.names import parts


def cut_name(text: str) -> html.Span:
    """Return a name that gives way in its middle; all of it appears when it is pointed at."""
    head, tail = parts(text)
    ends = [html.Span(head, className="name-head"), html.Span(tail, className="name-tail") if tail else None]
    return html.Span(ends, className="name-cut", title=text, dir="auto")
