"""What the server sees of a request that came through proxies: told to `lifemask doctor` alone, which has its key."""

from typing import Any

from flask import Request
from itsdangerous import BadSignature, URLSafeTimedSerializer

HEADER = "X-Lifemask-Doctor"
LASTS_S = 300  # as far as two clocks may differ, which is another check's matter
OF_PROXIES = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip")


def asking(secret: str) -> dict[str, str]:
    """Return the header of who has the key that signs cookies."""
    return {HEADER: str(_signer(secret).dumps("seen"))}


def told(request: Request, secret: str) -> dict[str, Any] | None:
    """Return scheme, host, prefix and client as the server sees them; None to whoever has not the key."""
    try:
        _signer(secret).loads(request.headers.get(HEADER, ""), max_age=LASTS_S)
    except BadSignature:
        return None
    return {
        "scheme": request.scheme,
        "host": request.host,
        "prefix": request.script_root,
        "client": request.remote_addr,
        "passed_on": is_passed_on(request),
    }


def is_passed_on(request: Request) -> bool:
    """Whether a proxy says that it has passed the request on, believed or not."""
    return any(name in request.headers for name in OF_PROXIES)


def _signer(secret: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret, salt="doctor")
