"""What a proxy says of a request (X-Forwarded-For, -Proto, -Host): believed of the proxies that are trusted alone."""

import ipaddress
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from flask import Flask, request
from werkzeug.middleware.proxy_fix import ProxyFix

from core.errors import OptionError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
VIA = "lifemask.via_trusted_proxy"  # in the environment of a request; no header can set it


def networks(text: str) -> list[Network]:
    """Return addresses and networks that stand one after another, with commas: '127.0.0.1, 10.0.0.0/8'.

    Raises
    ------
    OptionError
        One of them is none.
    """
    found: list[Network] = []
    for part in filter(None, (one.strip() for one in text.split(","))):
        try:
            found.append(ipaddress.ip_network(part, strict=False))
        except ValueError:
            raise OptionError(
                f"LIFEMASK_TRUSTED_PROXIES has '{part}'; it must be an address, such as 127.0.0.1 or 10.0.0.0/8."
            ) from None
    return found


def believe(server: Flask, trusted: Sequence[Network]) -> None:
    """Have the app take from a trusted proxy whom a request comes from, by which scheme, and to which host."""
    if trusted:
        server.wsgi_app = _Believing(server.wsgi_app, trusted)  # type: ignore[method-assign]  # Flask's own way


def is_from_trusted_proxy() -> bool:
    """Whether a trusted proxy handed on this request."""
    return VIA in request.environ


def is_among(address: str, trusted: Iterable[Network]) -> bool:
    """Whether an address is in one of the networks."""
    try:
        peer = ipaddress.ip_address(address)
    except ValueError:
        return False
    peer = getattr(peer, "ipv4_mapped", None) or peer  # of a socket for IPv6 that takes IPv4, too
    return any(peer in network for network in trusted)


class _Believing:
    def __init__(self, app: "WSGIApplication", trusted: Sequence[Network]) -> None:
        self.app, self.trusted = app, trusted
        self.believing = ProxyFix(app, x_for=1, x_proto=1, x_host=1)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if not is_among(environ.get("REMOTE_ADDR", ""), self.trusted):
            return self.app(environ, start_response)
        return self.believing({**environ, VIA: True}, start_response)
