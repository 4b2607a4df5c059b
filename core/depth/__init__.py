"""Inverse depth from pictures: the catalogue of networks, their weights, and the estimator that runs them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
