from .face_folder import load_face, write_depths, write_face, write_faces, write_solid, write_surface
from .facts import read_facts
from .parts import made
from .solid_looks import solid_look

__all__ = [
    "load_face",
    "made",
    "read_facts",
    "solid_look",
    "write_depths",
    "write_face",
    "write_faces",
    "write_solid",
    "write_surface",
]
