from .cloud import PointCloud, point_cloud
from .plaster import mesh_colours, plaster_picture
from .surface import Surface, make_surface

__all__ = ["PointCloud", "Surface", "make_surface", "mesh_colours", "plaster_picture", "point_cloud"]
