"""Inverse depth -> depth in mm in front of a camera, and the surface that it stands for."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
