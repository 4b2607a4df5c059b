"""Whose request this is: the library and the workspace, for routes, layouts and callbacks."""

from typing import cast

from flask import current_app, g

from dashboard.library.library import Library

LIBRARY = "LIBRARY"  # where the app's config holds it
OF_DASH = "OF_DASH"  # and where its scripts by Dash, as one
PHONE = "PHONE"  # and the address for phones, where the app is served to the local network


def current_library() -> Library:
    """Return the library of the app that answers this request."""
    return cast(Library, current_app.config[LIBRARY])


def current_workspace() -> str:
    """Return the workspace of the browser that asks; a new and empty one where its cookie names none.

    Its id goes into the cookie; nothing is stored until something is put into it.
    """
    if "workspace" not in g:
        g.workspace = current_library().new_workspace()
        g.workspace_is_new = True
    return cast(str, g.workspace)


def phone_address() -> str | None:
    """Return the address that a phone in the same network opens; None where the app is not served there."""
    return current_app.config.get(PHONE)
