"""Two faces laid onto each other, and what is left between them; all pairs of many; several networks on one photo."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
