"""Photo -> faces: find them, level each, say what is head. The network that sees them is handed in."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
