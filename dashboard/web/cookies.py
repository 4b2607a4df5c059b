"""The signed cookies that say which workspace a browser has, and which it had before it opened another device's."""

import hashlib
from typing import cast

from flask import Request, Response, current_app, request
from itsdangerous import BadSignature, URLSafeSerializer

from dashboard.web.prefix import at

COOKIES = "COOKIES"  # where the app's config holds them
LASTS_S = 400 * 86400  # the longest that browsers grant


class Cookie:
    """One of them. salt : of its signature, so that none is taken for the other."""

    def __init__(self, secret: str, name: str, salt: str) -> None:
        # two libraries served from one machine must not overwrite each other's: cookies do not tell ports apart
        self.name = f"{name}_{hashlib.sha256(secret.encode()).hexdigest()[:8]}"
        self._signer = URLSafeSerializer(secret, salt=salt)

    def read(self, asked: Request) -> str | None:
        """Return the workspace; None where there is none that we signed."""
        try:
            workspace = self._signer.loads(asked.cookies.get(self.name, ""))
        except BadSignature:
            return None
        return workspace if isinstance(workspace, str) else None

    def write(self, response: Response, workspace: str) -> None:
        """Give the browser a workspace."""
        response.set_cookie(
            self.name, str(self._signer.dumps(workspace)), max_age=LASTS_S, httponly=True, samesite="Lax",
            secure=request.is_secure, path=at("/"),
        )  # fmt: skip
        response.headers["Cache-Control"] = "no-store"

    def delete(self, response: Response) -> None:
        """Take it from the browser."""
        response.delete_cookie(self.name, path=at("/"), httponly=True, samesite="Lax", secure=request.is_secure)


class Cookies:
    """workspace : which it has. former : its own, while it shows that of another device."""

    def __init__(self, secret: str) -> None:
        self.workspace = Cookie(secret, "lifemask", "workspace")
        self.former = Cookie(secret, "lifemask_own", "own")


def current_cookies() -> Cookies:
    """Return the cookies of the app that answers this request."""
    return cast(Cookies, current_app.config[COOKIES])
