"""The language of a request: the one that the person chose, else the first of the browser's that there is."""

from typing import cast

from flask import g, has_request_context, request

ENGLISH = "en"
LANGUAGES = {ENGLISH: "English", "de": "Deutsch"}
"""Code of each language, and its name in itself. All but English have a catalogue, `dashboard/words/<code>.po`."""
COOKIE = "lifemask_language"  # assets/language.js writes it


def current_language() -> str:
    """Return the code of this request's language; English outside of one, as in a worker or on the command line."""
    if not has_request_context():
        return ENGLISH
    if "language" not in g:
        wanted = [
            request.cookies.get(COOKIE, ""),
            *(tag.split("-")[0].lower() for tag in request.accept_languages.values()),
        ]
        g.language = next((code for code in wanted if code in LANGUAGES), ENGLISH)
    return cast(str, g.language)
