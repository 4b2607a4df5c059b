from . import comparison_facts, comparison_folder, heads_folder, measured, results, shapes, solid_looks

__all__ = ["comparison_facts", "comparison_folder", "heads_folder", "measured", "results", "shapes", "solid_looks"]
