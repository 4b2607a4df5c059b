from . import comparison_folder, measured, results

__all__ = ["comparison_folder", "measured", "results"]
