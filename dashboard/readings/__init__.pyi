from . import comparison_facts, comparison_folder, measured, results, shapes

__all__ = ["comparison_facts", "comparison_folder", "measured", "results", "shapes"]
