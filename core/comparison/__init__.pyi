from .agreement import Agreement, agreement
from .difference import ASSUMED, Comparison, compare
from .pairs import PairTable, compare_all

__all__ = ["ASSUMED", "Agreement", "Comparison", "PairTable", "agreement", "compare", "compare_all"]
