"""Two faces laid onto each other, and what is left between them; all pairs of many; several networks on one photo."""

from core.compare.agreement import Agreement, agreement
from core.compare.difference import Comparison, compare
from core.compare.pairs import PairTable, compare_all

__all__ = ["Agreement", "Comparison", "PairTable", "agreement", "compare", "compare_all"]
