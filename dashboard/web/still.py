"""Parts of a page that nothing changes go to the browser as HTML: Dash's cost there is by the square of its components.

Dash tells each component of each one that is new: a page of 660 took two seconds. Most of them are words in a table,
which no callback reads or sets. Such a part is one component here, `lifemask.Still` of assets/still.js, which holds
the HTML of what is in it.

A part stays Dash's where it has an id, is none of the plain elements below, or bears a mark of something that looks
into it: a script of ours, or a screen reader that tells what changes.
"""

import json
import re
from html import escape
from typing import Any

from flask import Flask, Response, request

ANSWERS = {"/_dash-layout", "/_dash-update-component"}
FEW = 24  # components; an answer of fewer goes as it is
PLAIN = {
    "A", "Article", "B", "Br", "Button", "Code", "Dd", "Div", "Dl", "Dt", "Em", "Figcaption", "Figure", "H1", "H2",
    "H3", "Header", "I", "Img", "Kbd", "Label", "Li", "Nav", "Ol", "P", "Section", "Small", "Span", "Strong", "Sub",
    "Sup", "Table", "Tbody", "Td", "Th", "Thead", "Tr", "U", "Ul",
}  # fmt: skip
WITHOUT_CONTENT = {"Br", "Img"}
MARKS = {"id", "aria-live", "data-src", "data-group", "data-value"}
ROLES = {"status", "alert"}
IN_HTML = {"className": "class", "htmlFor": "for"}  # the other names differ by capital letters alone
ATTRIBUTE = re.compile(r"[A-Za-z-]+")
CAPITAL = re.compile(r"[A-Z]")


def guard(server: Flask) -> None:
    """Have Dash's answers hold as HTML what is still."""

    @server.after_request
    def _settle(response: Response) -> Response:
        if request.path in ANSWERS and response.is_json and response.data.count(b'"namespace"') >= FEW:
            response.data = json.dumps(settled(response.json), separators=(",", ":"), ensure_ascii=False)
        return response


def settled(sent: Any) -> Any:
    """Return what Dash sends, JSON, with one component of HTML in the place of each part that is still."""
    if isinstance(sent, list):
        return [settled(one) for one in sent]
    if not isinstance(sent, dict):
        return sent
    children = sent["props"].get("children") if _may_be_still(sent) else None
    if isinstance(children, dict | list) and (text := _html(children)) is not None:
        tag, attributes = _opened(sent)
        props = {"tag": tag, "attributes": attributes, "html": text}
        return {"namespace": "lifemask", "type": "Still", "props": props}
    return {name: value if name == "figure" else settled(value) for name, value in sent.items()}


def _may_be_still(part: dict[str, Any]) -> bool:
    is_plain = part.get("namespace") == "dash_html_components" and part["type"] in PLAIN
    is_link = part.get("namespace") == "dash_core_components" and part["type"] == "Link"
    if not (is_plain or is_link):
        return False
    return not MARKS & part["props"].keys() and part["props"].get("role") not in ROLES


def _html(part: Any) -> str | None:
    """Return children as HTML; None where one of them is not still."""
    if isinstance(part, list):
        texts = [_html(one) for one in part]
        return None if None in texts else "".join(filter(None, texts))
    if isinstance(part, dict):
        return _element(part) if _may_be_still(part) else None
    return "" if part is None or isinstance(part, bool) else escape(str(part), quote=False)


def _element(part: dict[str, Any]) -> str | None:
    tag, props = _opened(part)
    attributes, inside = [_attribute(*one) for one in props.items()], _html(part["props"].get("children"))
    if inside is None or None in attributes:
        return None
    opening = f"<{' '.join([tag, *filter(None, attributes)])}>"
    return opening if part["type"] in WITHOUT_CONTENT else f"{opening}{inside}</{tag}>"


def _opened(part: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the name of an element and its attributes as React calls them; assets/still.js knows a link of Dash."""
    props = {name: value for name, value in part["props"].items() if name != "children"}
    return ("a", {**props, "data-link": ""}) if part["type"] == "Link" else (part["type"].lower(), props)


def _attribute(name: str, value: Any) -> str | None:
    """Return an attribute as HTML writes it, as React would; '' where there is none, None where we do not know."""
    in_html = IN_HTML.get(name, name.lower())
    if not ATTRIBUTE.fullmatch(name):
        return None
    if name == "style":
        return _style(value)
    if isinstance(value, bool) and not in_html.startswith(("aria-", "data-")):
        return in_html if value else ""
    if value is None:
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f'{in_html}="{escape(text)}"'


def _style(style: Any) -> str | None:
    """Return the attribute of a style; None where a number is in it, to which React would give a unit."""
    if not isinstance(style, dict) or not all(isinstance(value, str) for value in style.values()):
        return None
    rules = [f"{CAPITAL.sub(_small, name)}: {value}" for name, value in style.items()]
    return f'style="{escape("; ".join(rules))}"'


def _small(capital: re.Match[str]) -> str:
    return f"-{capital[0].lower()}"
