"""A photo's light and dark -> relief finer than any network gives: drawn, not measured."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
