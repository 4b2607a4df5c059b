from .compared_heads import ShownHead, write_mean, write_morph
from .face_folder import load_face, write_depths, write_face, write_faces, write_solid, write_surface
from .facts import read_facts, read_head_facts
from .head_files import head_of, load_head, write_head
from .made import made
from .solid_looks import solid_look

__all__ = [
    "ShownHead",
    "head_of",
    "load_face",
    "load_head",
    "made",
    "read_facts",
    "read_head_facts",
    "solid_look",
    "write_depths",
    "write_face",
    "write_faces",
    "write_head",
    "write_mean",
    "write_morph",
    "write_solid",
    "write_surface",
]
