"""What a person can choose: for a photo, for a solid, and the printer it is for."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
