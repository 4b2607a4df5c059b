from .reconstruction import Reconstruction

__all__ = ["Reconstruction"]
