from . import (
    comparison,
    depth,
    errors,
    face,
    files,
    geometry,
    measure,
    mesh,
    options,
    photo,
    pipeline,
    preflight,
    progress,
    recompute,
    report,
    solid,
    version,
)
from .comparison import compare
from .depth import Networks
from .errors import (
    Cancelled,
    GeometryError,
    LifemaskError,
    NoFaceError,
    OptionError,
    PhotoError,
    StorageError,
    WeightsError,
)
from .files import load_face, write_face
from .options import Options, Printer, SolidOptions
from .photo import read_photo
from .pipeline import reconstruct
from .version import __version__

__all__ = [
    "Cancelled",
    "GeometryError",
    "LifemaskError",
    "Networks",
    "NoFaceError",
    "OptionError",
    "Options",
    "PhotoError",
    "Printer",
    "SolidOptions",
    "StorageError",
    "WeightsError",
    "__version__",
    "compare",
    "comparison",
    "depth",
    "errors",
    "face",
    "files",
    "geometry",
    "load_face",
    "measure",
    "mesh",
    "options",
    "photo",
    "pipeline",
    "preflight",
    "progress",
    "read_photo",
    "recompute",
    "reconstruct",
    "report",
    "solid",
    "version",
    "write_face",
]
