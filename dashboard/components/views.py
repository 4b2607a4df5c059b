"""Views of a face: model viewer, graphs, pictures, files to download."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from dash import dcc, html

from core.files import catalog
from core.files.catalog import FILES
from core.options.run import DRAWN
from dashboard.charts import figures
from dashboard.components.page import icon, lazily

if TYPE_CHECKING:
    from core.geometry.facts import Facts

TO_DOWNLOAD = tuple(file.name for file in FILES.values() if file.subject != "picture")


def address(face_id: str, name: str, folder: Path | None = None, *, width: int | None = None) -> str:
    """Return the address of a face's file; with its folder the address changes when the file does.

    width : of a picture, how small it shall come, px; one of `dashboard.web.small.WIDTHS`.
    """
    file = folder / name if folder else None
    stamp = f"v={file.stat().st_mtime_ns:x}" if file and file.is_file() else ""
    query = "&".join(filter(None, (f"width={width}" if width else "", stamp)))
    return f"/files/{face_id}/{name}{'?' if query else ''}{query}"


def viewer(
    src: str, alt: str, *, poster: str | None = None, on_click: bool = False, group: str | None = None,
    turning: bool = False, **more: Any,
) -> html.Div:  # fmt: skip
    """Return the place of a model viewer, which assets/viewer.js fills: at once, or when a person asks for it."""
    data: dict[str, Any] = {"data-src": src, "data-alt": alt}
    if on_click:
        data["data-on"] = "click"
    if group:
        data["data-group"] = group
    if turning:
        data["data-turning"] = "1"
    picture = lazily(html.Img(src=poster, alt="", width=800, height=600)) if poster else None
    return html.Div(picture, className="viewer", **data, **more)


def drawn_note(about: "Facts") -> html.P | None:
    """Return the line under a view of what carries a face's fine relief; None where it has none."""
    return html.P(f"Fine relief is {DRAWN}.", className="note") if about.fine_relief else None


def graph(figure: Any, key: Any = None, *, height: int | str | None = None, still: bool = False) -> dcc.Graph:
    """Return a graph with the one configuration that all graphs share."""
    named = {"id": key} if key is not None else {}
    return dcc.Graph(
        figure=figure,
        config=cast(Any, figures.STILL_CONFIG if still else figures.GRAPH_CONFIG),
        responsive=True,
        style={"height": height} if height else {},
        **named,
    )


def picture(src: str, alt: str, caption: Any = None) -> html.Figure:
    """Return a picture with a caption."""
    return html.Figure(
        [html.Img(src=src, alt=alt), html.Figcaption(caption)] if caption else [html.Img(src=src, alt=alt)]
    )


def size(count: int) -> str:
    """Return a file size in decimal units: 1,234,567 -> '1.2 MB'."""
    if count < 1_000:
        return f"{count} B"
    if count < 1_000_000:
        return f"{count / 1e3:.0f} kB"
    if count < 1_000_000_000:
        return f"{count / 1e6:.1f} MB"
    return f"{count / 1e9:.2f} GB"


def downloads(face_id: str, folder: Path, names: Sequence[str] = TO_DOWNLOAD) -> html.Ul:
    """Return links to the files that are there, with what they hold and how large they are."""
    rows, present = [], catalog.present(folder)
    for name in (name for name in names if name in present):
        about = FILES[name]
        rows.append(
            html.Li(
                html.A(
                    [
                        icon("download"),
                        html.Span([html.Strong(about.title), html.Span(f" · {about.holds}", className="soft small")]),
                        html.Span(size(present[name].stat().st_size), className="soft small"),
                    ],
                    href=f"/files/{face_id}/{name}?download=1",
                    download="",
                )
            )
        )
    return html.Ul(rows, className="files")
