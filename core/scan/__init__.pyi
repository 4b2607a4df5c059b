from .formats import ENDINGS, NAMES, is_scan
from .read import read_scan
from .triangles import ScanLimits

__all__ = ["ENDINGS", "NAMES", "ScanLimits", "is_scan", "read_scan"]
