from .read import Limits, Photo, read_photo

__all__ = ["Limits", "Photo", "read_photo"]
