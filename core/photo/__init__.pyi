from .read import UNLIMITED, Limits, Photo, read_photo

__all__ = ["UNLIMITED", "Limits", "Photo", "read_photo"]
