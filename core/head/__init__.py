"""One head template, fitted to every face: closed all round, its vertices always the same places."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
