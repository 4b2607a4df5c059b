"""What a page asks of its callbacks: checked before Dash takes it apart, which fails at anything but its own shape."""

from dataclasses import dataclass, field
from typing import Any

import dash
import flask
from flask import request
from pydantic import TypeAdapter, ValidationError

from core.errors import FormatError

PATH = "/_dash-update-component"


@dataclass(frozen=True)
class Part:
    """A property of a component, without what is its value."""

    id: str | dict[str, Any]
    property: str


@dataclass(frozen=True)
class Asked:
    """What Dash's script sends: which output is wanted, of which inputs."""

    output: str
    inputs: list[Part | list[Part]]
    state: list[Part | list[Part]] = field(default_factory=list)
    changedPropIds: list[str] = field(default_factory=list)  # noqa: N815 - as Dash calls it


ASKED = TypeAdapter(Asked)


def guard(app: dash.Dash) -> None:
    """Refuse in a sentence what no page of this version sends."""
    server: flask.Flask = app.server

    @server.before_request
    def _check() -> None:
        if request.path != PATH or request.method != "POST":
            return
        try:
            asked = ASKED.validate_json(request.get_data() if request.is_json else b"")
        except ValidationError:
            raise FormatError("The request must carry what a page of Lifemask sends. Reload the page.") from None
        known = app.callback_map.get(asked.output)
        sent = len(asked.inputs) + len(asked.state)
        # what the browser does by itself is in the map, too, but has no function here
        if known is None or "callback" not in known or sent != len(known["inputs"]) + len(known["state"]):
            raise FormatError("This page is of another version of Lifemask. Reload it.")
