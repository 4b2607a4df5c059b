from . import checkpoint
from .checkpoint import load
from .network import MidasModule

__all__ = ["MidasModule", "checkpoint", "load"]
