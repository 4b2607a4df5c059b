from .cloud import PointCloud, point_cloud
from .surface import Surface, make_surface

__all__ = ["PointCloud", "Surface", "make_surface", "point_cloud"]
