from . import catalog, weights
from .estimator import Networks
from .network import DepthNetwork

__all__ = ["DepthNetwork", "Networks", "catalog", "weights"]
