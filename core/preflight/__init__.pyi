from .checks import Check, Preflight, preflight

__all__ = ["Check", "Preflight", "preflight"]
