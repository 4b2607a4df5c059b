from .detect import BOX_IPD_SHARE
from .level import IPD_SHARE
from .maps import FaceNetwork

__all__ = ["BOX_IPD_SHARE", "IPD_SHARE", "FaceNetwork"]
