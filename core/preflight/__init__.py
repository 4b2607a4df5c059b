"""Checks of a printable file, on the file as written, one module per idea."""

from core.preflight.checks import Preflight, preflight
from core.preflight.facts import Check

__all__ = ["Check", "Preflight", "preflight"]
