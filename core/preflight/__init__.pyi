from .checks import Preflight, preflight
from .facts import Check

__all__ = ["Check", "Preflight", "preflight"]
