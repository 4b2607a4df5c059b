"""What stands between browsers and the server: whether it passes on what the app needs; for `lifemask doctor --url`."""

import http.client
import os
import re
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import requests

from core.errors import LifemaskError, OptionError
from dashboard.library.folders import Folders
from dashboard.settings import MB, Settings
from dashboard.web import seen
from dashboard.web.security import LOOPBACK, host_name

ANSWERED_S = 15.0
REFUSED_S = 3.0  # a proxy that finds an upload too large says so from its first line
PORTS = {"http": 80, "https": 443}
SCRIPT = re.compile(r'<script[^>]* src="([^"]+)"')
PAGE = {"Accept": "text/html"}
Check = tuple[str, Callable[[], str]]


class SkippedError(LifemaskError):
    """There is nothing to check; the text says why."""


class WrongError(LifemaskError):
    """It is not as it must be; the text says what to do."""


@dataclass(frozen=True)
class _Page:
    """What came with the page."""

    text: str
    cookies: str
    status: int


class Proxied:
    """A server as browsers reach it, through whatever stands before it."""

    def __init__(self, settings: Settings, url: str) -> None:
        place = urlsplit(url)
        if place.scheme not in PORTS or not place.hostname:
            raise OptionError(f"--url is '{url}'; it must be the address that browsers open, as https://host/mask.")
        self.settings, self.place, self.url = settings, place, f"{url.rstrip('/')}/"

    def checks(self) -> Iterator[Check]:
        """Yield the name of each check, and what does it: it returns what it found, or raises."""
        yield "reached", self._reached
        yield "seen by the server", self._seen
        yield "links of the page", self._links
        yield "cookie", self._cookie
        yield "size of uploads", self._uploads
        yield "closed to strangers", self._closed

    def _get(self, path: str, **headers: str) -> requests.Response:
        address = urljoin(self.url, path)
        try:
            return requests.get(address, headers=headers, timeout=ANSWERED_S, allow_redirects=False)
        except requests.exceptions.SSLError as error:
            raise WrongError(
                f"The certificate of {self.place.netloc} is not trusted here. Where it is your own, name its "
                "authority's file in REQUESTS_CA_BUNDLE."
            ) from error
        except requests.RequestException as error:
            raise WrongError(
                f"{address} does not answer ({type(error).__name__}). Is the proxy up, and its name and port right?"
            ) from error

    def _reached(self) -> str:
        answer = self._get("health")
        if (answer.status_code, answer.text) != (200, "OK"):
            raise WrongError(
                f"{self.url}health gives {answer.status_code}, not Lifemask's OK. Let the proxy pass that path on to "
                "the server. 403: name the host in LIFEMASK_HOSTS. 502: start the server."
            )
        return f"{self.url} leads to a Lifemask server"

    def _seen(self) -> str:
        secret = Folders(self.settings).secret()
        told = self._get("ready", **seen.asking(secret)).json().get("seen")
        if told is None:
            raise WrongError(
                "The server has another key than this data folder: run this where the server runs, with its settings."
            )
        wrong = []
        if told["scheme"] != self.place.scheme:
            wrong.append(f"the scheme {told['scheme']}: let the proxy send X-Forwarded-Proto, and name it as trusted")
        if _host(told["host"], told["scheme"]) != _host(self.place.netloc, self.place.scheme):
            wrong.append(f"the host {told['host']}: let the proxy pass on the Host header with its port")
        if told["prefix"] != self.place.path.rstrip("/"):
            wrong.append(f"the prefix '{told['prefix']}': set LIFEMASK_PREFIX to '{self.place.path.rstrip('/')}'")
        if wrong:
            raise WrongError(f"The server sees {'; and '.join(wrong)}.")
        return f"{self.url} as it is; this client as {told['client']}"

    @cached_property
    def _page(self) -> _Page:
        answer = self._get("", **PAGE)
        return _Page(answer.text, answer.headers.get("Set-Cookie", ""), answer.status_code)

    def _links(self) -> str:
        found = SCRIPT.findall(self._page.text)
        if not found:
            raise WrongError(f"{self.url} gives {self._page.status} and no page of Lifemask's.")
        for script in found:
            answer = self._get(script)
            if answer.status_code != http.HTTPStatus.OK or "javascript" not in answer.headers.get("Content-Type", ""):
                raise WrongError(
                    f"The page asks for {script}, which gives {answer.status_code}. Set LIFEMASK_PREFIX to the path "
                    "below which the proxy has the app."
                )
        return f"{len(found)} scripts of the page come"

    def _cookie(self) -> str:
        cookie = self._page.cookies
        if "lifemask_" not in cookie:
            raise WrongError(f"No cookie of a workspace came with the page ({self._page.status}).")
        is_secure = "; secure" in cookie.lower()
        if is_secure != (self.place.scheme == "https"):
            raise WrongError(
                f"The cookie is {'' if is_secure else 'not '}Secure over {self.place.scheme}: the server does not see "
                "the scheme. Let the proxy send X-Forwarded-Proto, and name it as trusted."
            )
        return f"comes{', Secure' if is_secure else ''}"

    def _uploads(self) -> str:
        size = self.settings.max_upload_mb * MB
        try:
            status = _refused(self.place, f"{self.place.path.rstrip('/')}/api/photos", size)
        except (http.client.HTTPException, OSError) as error:
            raise WrongError(
                f"An upload of {self.settings.max_upload_mb} MB ends with {type(error).__name__}."
            ) from error
        if status == http.HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise WrongError(
                f"The proxy refuses a photo of {self.settings.max_upload_mb} MB, which the server takes (413). "
                "Raise its limit: client_max_body_size of nginx, request_body of Caddy."
            )
        return f"{self.settings.max_upload_mb} MB are not refused"

    def _closed(self) -> str:
        if host_name(self.place.netloc) in LOOPBACK:
            raise SkippedError("this address is the machine's own")
        answer = self._get("metrics")
        if answer.status_code == http.HTTPStatus.OK and self.settings.metrics != "on":
            raise WrongError("/metrics is open through the proxy. Close it there, or set LIFEMASK_METRICS=off.")
        return f"/metrics gives {answer.status_code}"


def _host(netloc: str, scheme: str) -> tuple[str | None, int]:
    place = urlsplit(f"//{netloc}")
    return place.hostname, place.port or PORTS[scheme]


def _refused(place: SplitResult, path: str, size: int) -> int | None:
    """Announce an upload of this size, send nothing of it, and return the status that comes at once; None for none."""
    kind: Any = http.client.HTTPConnection
    more: dict[str, Any] = {}
    if place.scheme == "https":
        trusted = ssl.create_default_context(cafile=os.environ.get("REQUESTS_CA_BUNDLE") or None)
        kind, more = http.client.HTTPSConnection, {"context": trusted}
    connection = kind(place.hostname, place.port, timeout=REFUSED_S, **more)
    try:
        connection.putrequest("POST", path)
        connection.putheader("Content-Type", "multipart/form-data; boundary=none")
        connection.putheader("Content-Length", str(size))
        connection.endheaders()
        return int(connection.getresponse().status)
    except TimeoutError:
        return None
    finally:
        connection.close()
