"""Checks of a printable file, on the file as written, one module per idea."""

from core.preflight.checks import Check, Preflight, preflight
from core.preflight.printer import BASIS, DENSITIES, Printer

__all__ = ["BASIS", "DENSITIES", "Check", "Preflight", "Printer", "preflight"]
