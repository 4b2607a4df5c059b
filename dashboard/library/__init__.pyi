from . import moving
from .folders import Folders

__all__ = ["Folders", "moving"]
