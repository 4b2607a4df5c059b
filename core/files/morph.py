"""A head that turns into another: GLB with the other as a morph target, and with the textures of both."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.files.mesh_files import GLTF_PER_MM, Mesh, write_glb

ARRAY_BUFFER, FLOAT = 34962, 5126  # numbers of glTF
JSON_CHUNK, BINARY_CHUNK, GLB = b"JSON", b"BIN\0", b"glTF"
OTHER_TEXTURE = "otherTexture"  # in the extras of the material, as assets/viewer/reading.js reads it


def write_morph_glb(one: Mesh, other: Mesh, path: Path) -> None:
    """GLB of `one` that turns into `other`, whose vertices are the same places: POSITION and NORMAL of a morph target.

    glTF has no target for colours. So the texture of the other is a second one, whose number is in the extras of the
    material under `otherTexture`: a program that knows nothing of it shows the first on both.
    """
    assert one.normals is not None
    assert other.normals is not None
    assert other.texture is not None
    write_glb(one, path)
    tree, binary = _chunks(path.read_bytes())
    (mesh,), (material,) = tree["meshes"], tree["materials"]
    (part,) = mesh["primitives"]
    grown = bytearray(binary)
    moved = (other.vertices_mm - one.vertices_mm) * GLTF_PER_MM
    part["targets"] = [
        {
            "POSITION": _array(tree, grown, moved, with_ends=True),
            "NORMAL": _array(tree, grown, other.normals - one.normals),
        }
    ]
    mesh["weights"] = [0.0]
    mesh.setdefault("extras", {})["targetNames"] = [other.name]
    tree["images"].append({"bufferView": _view(tree, grown, other.texture), "mimeType": "image/jpeg"})
    tree["textures"].append({**tree["textures"][0], "source": len(tree["images"]) - 1})
    material["extras"] = {OTHER_TEXTURE: len(tree["textures"]) - 1}
    tree["buffers"][0]["byteLength"] = len(grown)
    path.write_bytes(_glb(tree, bytes(grown)))


def _chunks(data: bytes) -> tuple[dict[str, Any], bytes]:
    length = struct.unpack_from("<I", data, 12)[0]
    return json.loads(data[20 : 20 + length]), data[28 + length :]


def _glb(tree: dict[str, Any], binary: bytes) -> bytes:
    told = json.dumps(tree, separators=(",", ":")).encode()
    told += b" " * (-len(told) % 4)
    binary += b"\0" * (-len(binary) % 4)
    chunks = b"".join(
        struct.pack("<I", len(data)) + kind + data for kind, data in ((JSON_CHUNK, told), (BINARY_CHUNK, binary))
    )
    return GLB + struct.pack("<II", 2, 12 + len(chunks)) + chunks


def _view(tree: dict[str, Any], binary: bytearray, data: bytes) -> int:
    """Add bytes to the buffer; return the number of their view."""
    binary += b"\0" * (-len(binary) % 4)
    tree["bufferViews"].append({"buffer": 0, "byteOffset": len(binary), "byteLength": len(data)})
    binary += data
    return len(tree["bufferViews"]) - 1


def _array(tree: dict[str, Any], binary: bytearray, values: NDArray[np.floating], *, with_ends: bool = False) -> int:
    """Add vectors (n, 3) to the buffer; return the number of their accessor."""
    packed = values.astype("<f4")
    view = _view(tree, binary, packed.tobytes())
    tree["bufferViews"][view]["target"] = ARRAY_BUFFER
    ends = {"min": packed.min(0).tolist(), "max": packed.max(0).tolist()} if with_ends else {}
    tree["accessors"].append({"bufferView": view, "componentType": FLOAT, "count": len(packed), "type": "VEC3", **ends})
    return len(tree["accessors"]) - 1
