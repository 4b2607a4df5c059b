"""Depth that a camera measured and stored beside its picture: found in the photo's file, and read."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
