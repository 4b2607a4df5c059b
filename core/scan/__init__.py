"""Scans of faces: the file of a mesh -> a picture of it from the front with the depth of each pixel, as a `Photo`."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
