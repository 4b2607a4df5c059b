"""The 13 published MiDaS networks, built on timm's modules."""

from core.depth.midas.checkpoint import load

__all__ = ["load"]
