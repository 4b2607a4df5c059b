from . import table
from .ansur import CAUTION, REFERENCES, SOURCE
from .face import FaceMeasures, face_measures, withheld
from .profiles import Profile, named_profiles
from .regions import REGIONS, regions
from .statistics import depth_statistics, statistics_by_region
from .symmetry import Symmetry, symmetry

__all__ = [
    "CAUTION",
    "REFERENCES",
    "REGIONS",
    "SOURCE",
    "FaceMeasures",
    "Profile",
    "Symmetry",
    "depth_statistics",
    "face_measures",
    "named_profiles",
    "regions",
    "statistics_by_region",
    "symmetry",
    "table",
    "withheld",
]
