"""What an answer is called when a browser saves it: the header Content-Disposition of RFC 6266."""

import re
import unicodedata
from urllib.parse import quote

from flask import Response
from werkzeug.http import dump_options_header

NOT_IN_A_NAME = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069/\\]")  # controls, folders
AS_IT_IS = "!#$&+-.^_`|~"  # attr-char of RFC 5987, beside letters and digits
LONGEST_BYTES = 240  # most file systems allow 255; a browser may add ' (1)' and more


def as_download(response: Response, name: str) -> Response:
    """Have the answer saved under `name`, whatever letters it has; returns the answer.

    A header is Latin-1 at best. So a name beyond ASCII goes as UTF-8 in `filename*` (RFC 5987), and beside it, for
    programs that do not read that, as much of it as ASCII has in `filename`.
    """
    name = shortened(NOT_IN_A_NAME.sub("_", name))
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lstrip("-_. ")
    names = {"filename": plain or "download"}
    if plain != name:
        names["filename*"] = f"UTF-8''{quote(name, safe=AS_IT_IS)}"
    response.headers["Content-Disposition"] = dump_options_header("attachment", names)
    return response


def shortened(name: str, most_bytes: int = LONGEST_BYTES) -> str:
    """Return the name, cut in front so that it has at most so many bytes in UTF-8: its end says what it is."""
    data = name.encode(errors="replace")
    return data[-most_bytes:].decode(errors="ignore")
