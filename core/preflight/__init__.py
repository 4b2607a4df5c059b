"""Checks of a printable file, on the file as written, one module per idea."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
