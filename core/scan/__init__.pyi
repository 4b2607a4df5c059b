from .formats import ENDINGS, NAMES, is_scan
from .limits import ScanLimits
from .read import read_scan

__all__ = ["ENDINGS", "NAMES", "ScanLimits", "is_scan", "read_scan"]
