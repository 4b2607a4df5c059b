"""One mesh -> the formats that other programs read: STL, 3MF, OBJ, PLY, GLB. Lengths in mm, in GLB in metres."""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from numpy.typing import NDArray
from PIL import Image
from trimesh.visual.material import PBRMaterial, SimpleMaterial

from core.files.catalog import SURFACE_HEADER
from core.files.threemf import threemf
from core.geometry.metric_depth import BUILTIN
from core.mesh.plaster import mesh_colours, vertex_normals
from core.names import plain

WHITE, BLACK = (255, 255, 255, 255), (0, 0, 0, 255)  # a texture is shown as it is, without a shine
JPEG_QUALITY = 90
JPEG_END = b"\xff\xd9"
CREASE_DEG = 35.0  # in previews, edges sharper than this stay sharp
SHADE_STEPS = 32  # in previews, no edge is longer than the size by this
UNLIT, LIT = "KHR_materials_unlit", "lit plaster"  # assets/viewer.js knows such a material by its name
TANGENT, SEEN = "_TANGENT", "_SEEN"
GLTF_PER_MM = 0.001  # glTF is in metres
UPRIGHT = np.array([[1, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1.0]])  # x, z, -y
HEADER_BYTES = 80  # of a binary STL


@dataclass(frozen=True)
class Mesh:
    """What every format is written from.

    vertices_mm : (n, 3) float64. faces : (m, 3) int32, outward counter-clockwise. colours : (n, 3) uint8.
    uv : (n, 2) float64 in 0..1, origin at the lower left of texture, a JPEG; None where there is no texture.
    title : a name for people. about : what its millimetres rest on, by name; carried by every format.
    normals, tangents : (n, 3) float64 unit, and normal_map, a JPEG laid on by uv, that is told from them (see
    `core.mesh.normal_map`); None where there is none.
    seen : (n,) float32 0..1, of a whole head: how far each vertex is the photo's and not a guess.
    """

    vertices_mm: NDArray[np.float64]
    faces: NDArray[np.int32]
    colours: NDArray[np.uint8]
    uv: NDArray[np.float64] | None = None
    texture: bytes | None = None
    title: str = "Lifemask"
    about: Mapping[str, str] = field(default_factory=dict)
    normals: NDArray[np.float64] | None = None
    tangents: NDArray[np.float64] | None = None
    normal_map: bytes | None = None
    seen: NDArray[np.float32] | None = None

    @property
    def name(self) -> str:
        """Of the photo, of the face where it has several, of the network where it is not the built-in one; ASCII.

        Parts of a file are called by it, so that those of two faces can lie in one folder or in one scene.
        """
        network = self.about.get("network", BUILTIN)
        parts = [
            Path(self.about.get("photo", "")).stem,
            self.about.get("face", "").split(" ")[0],
            "" if network == BUILTIN else network,
        ]
        return "-".join(part for part in map(plain, parts) if part) or "face"

    def bare(self) -> trimesh.Trimesh:
        """Vertices and faces alone."""
        return trimesh.Trimesh(self.vertices_mm, self.faces, process=False)

    def coloured(self) -> trimesh.Trimesh:
        """With colours of the vertices."""
        body = trimesh.Trimesh(
            self.vertices_mm, self.faces, vertex_normals=self.normals, vertex_colors=self.colours, process=False
        )
        if self.seen is not None:
            body.vertex_attributes["seen"] = self.seen
        return body

    def skinned(self, skin: PBRMaterial | SimpleMaterial) -> trimesh.Trimesh:
        """With a material, laid on by uv."""
        visual = trimesh.visual.TextureVisuals(uv=self.uv, material=skin)
        return trimesh.Trimesh(self.vertices_mm, self.faces, vertex_normals=self.normals, visual=visual, process=False)

    def comments(self) -> list[str]:
        """One line of ASCII for each assumption, for formats that know no more."""
        rows = [("Lifemask", self.title), ("unit", "mm"), *self.about.items()]
        return [_line(f"{name}: {value}") for name, value in rows]


def write_stl(mesh: Mesh, path: Path, *, is_surface: bool = False) -> None:
    """Binary STL; its 80 bytes of header name the unit and what the size rests on, and say if it is a surface."""
    data = trimesh.exchange.stl.export_stl(mesh.bare())
    what = SURFACE_HEADER.decode() if is_surface else "Lifemask"
    is_measured = mesh.about.get("measured", "").startswith("yes")
    scaled = f", scaled to {mesh.about['scaled to']}" if "scaled to" in mesh.about else ", measured" * is_measured
    if "fine relief" in mesh.about:  # there is no room for more
        scaled = f"{scaled.replace('interpupillary distance', 'IPD')}, fine relief drawn"
    header = _line(f"{what}, mm{scaled}").encode()[:HEADER_BYTES].ljust(HEADER_BYTES)
    path.write_bytes(header + data[HEADER_BYTES:])


def write_3mf(mesh: Mesh, path: Path, picture: Path | None = None) -> None:
    """3MF with colours; picture : a PNG to know the file by."""
    shown = picture.read_bytes() if picture else None
    path.write_bytes(threemf(mesh.vertices_mm, mesh.faces, mesh.colours, mesh.title, mesh.about, shown))


def write_ply(mesh: Mesh, path: Path) -> None:
    """Binary PLY with colours of the vertices; of a surface with normals: without them it is shown in flat facets."""
    written = mesh.coloured().export(
        file_type="ply", vertex_normal=mesh.normals is not None or mesh.texture is not None
    )
    path.write_bytes(_commented(written, mesh))


def write_points(mesh: Mesh, path: Path) -> None:
    """Binary PLY of the vertices alone, with their colours."""
    path.write_bytes(_commented(trimesh.PointCloud(mesh.vertices_mm, mesh.colours).export(file_type="ply"), mesh))


def _commented(ply: Any, mesh: Mesh) -> bytes:
    at = ply.index(b"\n", ply.index(b"format ")) + 1
    return bytes(ply[:at] + "".join(f"comment {line}\n" for line in mesh.comments()).encode() + ply[at:])


def write_obj(mesh: Mesh, path: Path) -> None:
    """A zip of OBJ, MTL and JPEG, with normals; without a texture, of an OBJ with colours of the vertices.

    A normal map is a second JPEG, named by `norm`: Exocortex, "Extending the Wavefront MTL format for physically-based
    rendering", 2015.
    """
    header = "\n# ".join(mesh.comments())
    stem = f"{mesh.name}-{path.stem}"
    body, names = mesh.coloured(), None
    if mesh.texture is not None:
        body, names = (
            mesh.skinned(
                SimpleMaterial(image=_as_it_is(mesh.texture), diffuse=WHITE, ambient=WHITE, specular=BLACK, name=stem)
            ),
            f"{stem}.mtl",
        )
    text, files = trimesh.exchange.obj.export_obj(
        body, include_normals=mesh.texture is not None, return_texture=True, mtl_name=names, header=header
    )
    if mesh.normal_map is not None and names is not None:
        name = f"{stem}_normal.jpeg"
        files[name] = mesh.normal_map
        files[names] += f"\nnorm {name}\n".encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        for name, data in {f"{stem}.obj": text, **files}.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)  # with no time in it


def write_glb(mesh: Mesh, path: Path) -> None:
    """GLB with the texture as JPEG, seen from both sides, and with normals: without them it is shown in flat facets.

    A normal map goes in as JPEG, too, with the tangents that it was made with.
    """
    assert mesh.texture is not None
    skin = PBRMaterial(
        name=mesh.name, baseColorTexture=_as_it_is(mesh.texture),
        metallicFactor=0.0, roughnessFactor=0.9, doubleSided=True,
        normalTexture=None if mesh.normal_map is None else _as_it_is(mesh.normal_map),
    )  # fmt: skip
    body = mesh.skinned(skin)
    if mesh.tangents is not None:  # the fourth number: the third direction is normal x tangent, and not its opposite
        body.vertex_attributes[TANGENT] = np.hstack([mesh.tangents, np.ones((len(mesh.tangents), 1))])
    if mesh.seen is not None:
        body.vertex_attributes[SEEN] = mesh.seen
    _write_glb(body, mesh, path)


def jpeg(picture: NDArray[np.uint8], **how: int) -> bytes:
    """(H, W, 3) uint8 RGB -> JPEG."""
    packed = io.BytesIO()
    Image.fromarray(picture).save(packed, "JPEG", quality=JPEG_QUALITY, **how)
    return packed.getvalue()


def _as_it_is(picture: bytes) -> Image.Image:
    """A JPEG for trimesh, which saves a picture where it wants its bytes: these, and not the pixels squeezed again."""
    image = Image.open(io.BytesIO(picture))
    image.save = lambda fp, *_args, **_how: fp.write(picture)  # type: ignore[method-assign]
    return image


def pictures_in_glb(path: Path) -> tuple[bytes, bytes | None]:
    """Texture and normal map, as JPEG, of a GLB that `write_glb` wrote; None where it has no normal map."""
    data = path.read_bytes()
    length = int.from_bytes(data[12:16], "little")
    tree, binary = json.loads(data[20 : 20 + length]), data[28 + length :]
    (material,) = tree["materials"]

    def picture(texture: dict[str, int]) -> bytes:
        view = tree["bufferViews"][tree["images"][tree["textures"][texture["index"]]["source"]]["bufferView"]]
        start = view.get("byteOffset", 0)
        padded = binary[start : start + view["byteLength"]]
        return padded[: padded.rindex(JPEG_END) + len(JPEG_END)]

    normal = material.get("normalTexture")
    return picture(material["pbrMetallicRoughness"]["baseColorTexture"]), normal and picture(normal)


def write_plaster_glb(mesh: Mesh, path: Path, *, stands: bool = False) -> None:
    """GLB of white plaster for looking at, its light and shade in the vertices' colours; upright as glTF has it, y up.

    stands : the mesh has z up, as a bust that stands on the bed. All others have y up the picture.
    """
    body = mesh.bare()
    if stands:
        body.apply_transform(UPRIGHT)
    body = trimesh.graph.smooth_shade(body, angle=np.radians(CREASE_DEG))
    points = np.hstack([body.vertices, vertex_normals(body.vertices, body.faces)])
    # a large triangle could not carry the shade of what stands on it
    points, faces = trimesh.remesh.subdivide_to_size(points, body.faces, body.extents.max() / SHADE_STEPS)
    shaded = trimesh.Trimesh(points[:, :3], faces, process=False)
    linear = np.round(255 * srgb_to_linear(mesh_colours(shaded.vertices, shaded.faces, points[:, 3:]) / 255)).astype(
        np.uint8
    )
    opaque = np.full((len(linear), 1), 255, np.uint8)
    skin = PBRMaterial(LIT, baseColorFactor=WHITE, metallicFactor=0.0, roughnessFactor=1.0)
    shaded.visual = trimesh.visual.TextureVisuals(material=skin)
    shaded.visual.vertex_attributes["color"] = np.hstack([linear, opaque])
    _write_glb(shaded, mesh, path, is_lit=True)


def _write_glb(body: trimesh.Trimesh, mesh: Mesh, path: Path, *, is_lit: bool = False) -> None:
    """is_lit : its colours hold the light, and a viewer adds none."""
    body.apply_scale(GLTF_PER_MM)
    name = f"{mesh.name}-{path.stem}"
    path.write_bytes(glb_of(body, {"title": mesh.title, **mesh.about}, name, is_lit=is_lit))


def glb_of(body: trimesh.Trimesh, about: Mapping[str, str], name: str, *, is_lit: bool = True) -> bytes:
    """A mesh in metres as GLB; is_lit : its colours hold the light, and a viewer adds none."""
    finish = _without_light if is_lit else _with_tangents
    scene = trimesh.Scene(metadata=dict(about))
    scene.add_geometry(body, node_name=name, geom_name=name)
    return bytes(scene.export(file_type="glb", include_normals=not is_lit, tree_postprocessor=finish))


def _without_light(tree: dict[str, Any]) -> None:
    """Mark the materials of a glTF as KHR_materials_unlit."""
    tree["extensionsUsed"] = [UNLIT]
    for material in tree["materials"]:
        material["extensions"] = {UNLIT: {}}


def _with_tangents(tree: dict[str, Any]) -> None:
    """Name the tangents as glTF does; trimesh writes them as an attribute of no known meaning."""
    for mesh in tree["meshes"]:
        for part in mesh["primitives"]:
            if TANGENT in part["attributes"]:
                part["attributes"]["TANGENT"] = part["attributes"].pop(TANGENT)


def srgb_to_linear(srgb: NDArray[np.floating]) -> NDArray[np.floating]:
    """Light of sRGB values, both 0..1 (IEC 61966-2-1): colours of vertices are linear in glTF."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _line(text: str) -> str:
    """One line of printable ASCII."""
    kept = "".join(letter if letter.isprintable() else " " for letter in text).encode("ascii", "replace").decode()
    return " ".join(kept.split())
