"""`serve --lan`: this machine's address in the local network, as text and as a QR code for a phone."""

import io
import ipaddress
import socket

import segno

from core.errors import OptionError
from dashboard.settings import Settings

ELSEWHERE = ("192.0.2.1", 9)  # an address for documentation (RFC 5737): the way there shows which of ours is used


def own_address() -> str:
    """Return the IPv4 address under which others in the local network reach this machine; nothing is sent.

    Raises
    ------
    OptionError
        There is none: the machine is in no network.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        try:
            way.connect(ELSEWHERE)
            address = str(way.getsockname()[0])
        except OSError as error:
            raise OptionError("This machine is in no network; join one, or serve without --lan.") from error
    return address


def is_address(host: str) -> bool:
    """Whether a host name is an IP address, which nobody can point elsewhere, as DNS rebinding does with names."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether an address to serve on can be reached from this machine alone."""
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def is_open_to_others(settings: Settings) -> bool:
    """Whether other machines can reach the server without a proxy of this one."""
    return settings.lan or not is_loopback(settings.host)


def drawn_for_terminal(address: str) -> str:
    """Return the QR code of an address in characters."""
    text = io.StringIO()
    segno.make_qr(address).terminal(text, compact=True)
    return text.getvalue()


def drawn_for_page(address: str) -> str:
    """Return the QR code of an address as a picture that needs no request: dark on white, with a quiet margin."""
    return str(segno.make_qr(address).svg_data_uri(scale=4, border=4, light="white"))
