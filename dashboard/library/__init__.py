"""What is kept: records in SQLite or PostgreSQL, folders of photos and faces, and how they go."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
