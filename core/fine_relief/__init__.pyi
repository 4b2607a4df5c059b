from .drawing import draw

__all__ = ["draw"]
