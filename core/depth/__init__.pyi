from . import catalog, weights
from .device import use_threads
from .estimator import Networks
from .network import DepthNetwork

__all__ = ["DepthNetwork", "Networks", "catalog", "use_threads", "weights"]
