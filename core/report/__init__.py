"""A comparison of faces as one HTML file that opens offline and prints."""

from core.report.page import report

__all__ = ["report"]
