from .cloud import PointCloud, point_cloud
from .colours import without_background
from .plaster import ambient_occlusion, mesh_colours, plaster_picture
from .surface import Surface, make_surface

__all__ = [
    "PointCloud",
    "Surface",
    "ambient_occlusion",
    "make_surface",
    "mesh_colours",
    "plaster_picture",
    "point_cloud",
    "without_background",
]
