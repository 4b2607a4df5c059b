"""Checks of a printable file, on the file as written, one module per idea."""

from core.preflight.checks import Check, Preflight, preflight

__all__ = ["Check", "Preflight", "preflight"]
