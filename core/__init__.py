"""From a photo of a face to depth, a point cloud, a mesh and a file that prints. Knows nothing of the app.

Every name is loaded at its first use; `__init__.pyi` says what there is.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
