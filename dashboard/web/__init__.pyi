from . import deployment
from .assets import assets_folder
from .server import serve

__all__ = ["assets_folder", "deployment", "serve"]
