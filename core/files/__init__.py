"""What is written: a face's folder, its files, meshes in the formats of other programs."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
