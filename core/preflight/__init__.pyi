from .checks import Preflight, preflight
from .facts import Check
from .places import hanging_places, thin_places

__all__ = ["Check", "Preflight", "hanging_places", "preflight", "thin_places"]
