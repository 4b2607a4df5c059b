from .face_folder import load_face, write_face, write_faces, write_solid
from .facts import read_facts
from .solid_looks import solid_look

__all__ = ["load_face", "read_facts", "solid_look", "write_face", "write_faces", "write_solid"]
