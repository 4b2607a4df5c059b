"""Inverse depth from pictures: the catalogue of networks, their weights, and the estimator that runs them."""

import os

import lazy_loader

# Read when torch is loaded. Its threads spin while they wait for each other, by default for milliseconds: on cores that
# are busy with something else as well, that made the built-in network five times as slow. A person's own choice stands.
if not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & set(os.environ):
    os.environ["GOMP_SPINCOUNT"] = "2000"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
