"""Bytes of a picture file -> an upright photo."""

from core.photo.read import Limits, Photo, read_photo

__all__ = ["Limits", "Photo", "read_photo"]
