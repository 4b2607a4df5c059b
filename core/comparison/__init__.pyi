from .agreement import Agreement, agreement
from .correspondence import Correspondence, PointTable, correspond, correspond_all
from .difference import Comparison, compare
from .mean_head import MeanHead, mean_head, mean_texture
from .pairs import PairTable, compare_all

__all__ = [
    "Agreement",
    "Comparison",
    "Correspondence",
    "MeanHead",
    "PairTable",
    "PointTable",
    "agreement",
    "compare",
    "compare_all",
    "correspond",
    "correspond_all",
    "mean_head",
    "mean_texture",
]
