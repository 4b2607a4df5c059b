from .face_folder import load_face, write_face, write_faces, write_solid
from .facts import read_facts

__all__ = ["load_face", "read_facts", "write_face", "write_faces", "write_solid"]
