from . import exr, kept
from .map_name import MAP_ENDINGS, MapFile, maps_of, parse_map_name, stem_of_map
from .read import read_map, read_sensor
from .sensor_depth import Calibration, SensorDepth

__all__ = [
    "MAP_ENDINGS",
    "Calibration",
    "MapFile",
    "SensorDepth",
    "exr",
    "kept",
    "maps_of",
    "parse_map_name",
    "read_map",
    "read_sensor",
    "stem_of_map",
]
