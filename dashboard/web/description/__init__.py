"""What the REST paths take and answer: the one table from which the OpenAPI file and the README's table are made."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
