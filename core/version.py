"""Which version this is, the one place that says so; and of what else a result depends on."""

from functools import cache
from importlib import metadata

__version__ = "0.2.0.dev0"

LIBRARIES = ("numpy", "opencv-python-headless", "scipy", "timm", "torch", "trimesh")


def versions() -> dict[str, str]:
    """By name: of this program, and of the libraries whose numbers enter a result."""
    return {"lifemask": __version__, **libraries()}


@cache
def libraries() -> dict[str, str]:
    """Versions by name of the libraries whose numbers enter a result; empty for one that is installed otherwise."""
    return {name: _installed(name) for name in LIBRARIES}


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
