"""Two faces laid onto each other, and what is left between them; all pairs of many; several networks on one photo."""

from core.comparison.agreement import Agreement, agreement
from core.comparison.difference import Comparison, compare
from core.comparison.pairs import PairTable, compare_all

__all__ = ["Agreement", "Comparison", "PairTable", "agreement", "compare", "compare_all"]
