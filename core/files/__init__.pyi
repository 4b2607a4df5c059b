from .face_folder import load_face, read_facts, write_face, write_faces, write_solid

__all__ = ["load_face", "read_facts", "write_face", "write_faces", "write_solid"]
