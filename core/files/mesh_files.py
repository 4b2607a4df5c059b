"""One mesh -> the formats that other programs read: STL, 3MF, OBJ, PLY, GLB. Lengths in mm, in GLB in metres."""

import io
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
from core.mesh.plaster import mesh_colours, vertex_normals

WHITE, BLACK = (255, 255, 255, 255), (0, 0, 0, 255)  # a texture is shown as it is, without a shine
JPEG_QUALITY = 90
CREASE_DEG = 35.0  # in previews, edges sharper than this stay sharp
SHADE_STEPS = 32  # in previews, no edge is longer than the size by this
UNLIT, LIT = "KHR_materials_unlit", "lit plaster"  # assets/viewer.js knows such a material by its name
TANGENT = "_TANGENT"
GLTF_PER_MM = 0.001  # glTF is in metres
UPRIGHT = np.array([[1, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1.0]])  # x, z, -y
HEADER_BYTES = 80  # of a binary STL


@dataclass(frozen=True)
class Mesh:
    """What every format is written from.

    vertices_mm : (n, 3) float64. faces : (m, 3) int32, outward counter-clockwise. colours : (n, 3) uint8.
    uv : (n, 2) float64 in 0..1, origin at the lower left of texture, (T, T, 3) uint8; None where there is no texture.
    title : a name for people. about : what its millimetres rest on, by name; carried by every format.
    normals, tangents : (n, 3) float64 unit, and normal_map, (N, N, 3) uint8, laid on by uv, that is told from them (see
    `core.mesh.normal_map`); None where there is none.
    """

    vertices_mm: NDArray[np.float64]
    faces: NDArray[np.int32]
    colours: NDArray[np.uint8]
    uv: NDArray[np.float64] | None = None
    texture: NDArray[np.uint8] | None = None
    title: str = "Lifemask"
    about: Mapping[str, str] = field(default_factory=dict)
    normals: NDArray[np.float64] | None = None
    tangents: NDArray[np.float64] | None = None
    normal_map: NDArray[np.uint8] | None = None

    def bare(self) -> trimesh.Trimesh:
        """Vertices and faces alone."""
        return trimesh.Trimesh(self.vertices_mm, self.faces, process=False)

    def coloured(self) -> trimesh.Trimesh:
        """With colours of the vertices."""
        return trimesh.Trimesh(self.vertices_mm, self.faces, vertex_colors=self.colours, process=False)

    def skinned(self, skin: PBRMaterial | SimpleMaterial) -> trimesh.Trimesh:
        """With a material, laid on by uv."""
        visual = trimesh.visual.TextureVisuals(uv=self.uv, material=skin)
        return trimesh.Trimesh(self.vertices_mm, self.faces, vertex_normals=self.normals, visual=visual, process=False)

    def comments(self) -> list[str]:
        """One line of ASCII for each assumption, for formats that know no more."""
        rows = [("Lifemask", self.title), ("unit", "mm"), *self.about.items()]
        return [_line(f"{name}: {value}") for name, value in rows]


def write_stl(mesh: Mesh, path: Path, *, is_surface: bool = False) -> None:
    """Binary STL; its 80 bytes of header name the unit and what the size is scaled to, and say if it is a surface."""
    data = trimesh.exchange.stl.export_stl(mesh.bare())
    what = SURFACE_HEADER.decode() if is_surface else "Lifemask"
    scaled = f", scaled to {mesh.about['scaled to']}" if "scaled to" in mesh.about else ""
    if "fine relief" in mesh.about:  # there is no room for more
        scaled = f"{scaled.replace('interpupillary distance', 'IPD')}, fine relief drawn"
    header = _line(f"{what}, mm{scaled}").encode()[:HEADER_BYTES].ljust(HEADER_BYTES)
    path.write_bytes(header + data[HEADER_BYTES:])


def write_3mf(mesh: Mesh, path: Path, picture: Path | None = None) -> None:
    """3MF with colours; picture : a PNG to know the file by."""
    shown = picture.read_bytes() if picture else None
    path.write_bytes(threemf(mesh.vertices_mm, mesh.faces, mesh.colours, mesh.title, mesh.about, shown))


def write_ply(mesh: Mesh, path: Path) -> None:
    """Binary PLY with colours of the vertices."""
    path.write_bytes(_commented(mesh.coloured().export(file_type="ply"), mesh))


def write_points(mesh: Mesh, path: Path) -> None:
    """Binary PLY of the vertices alone, with their colours."""
    path.write_bytes(_commented(trimesh.PointCloud(mesh.vertices_mm, mesh.colours).export(file_type="ply"), mesh))


def _commented(ply: Any, mesh: Mesh) -> bytes:
    at = ply.index(b"\n", ply.index(b"format ")) + 1
    return bytes(ply[:at] + "".join(f"comment {line}\n" for line in mesh.comments()).encode() + ply[at:])


def write_obj(mesh: Mesh, path: Path) -> None:
    """A zip of OBJ, MTL and PNG, with normals; without a texture, of an OBJ with colours of the vertices.

    A normal map is a second PNG, named by `norm`: Exocortex, "Extending the Wavefront MTL format for physically-based
    rendering", 2015.
    """
    header = "\n# ".join(mesh.comments())
    body, names = mesh.coloured(), None
    if mesh.texture is not None:
        picture = Image.fromarray(mesh.texture)
        picture.format = "PNG"
        body, names = (
            mesh.skinned(SimpleMaterial(image=picture, diffuse=WHITE, ambient=WHITE, specular=BLACK, name=path.stem)),
            f"{path.stem}.mtl",
        )
    text, files = trimesh.exchange.obj.export_obj(
        body, include_normals=mesh.texture is not None, return_texture=True, mtl_name=names, header=header
    )
    if mesh.normal_map is not None and names is not None:
        packed, name = io.BytesIO(), f"{path.stem}_normal.png"
        Image.fromarray(mesh.normal_map).save(packed, "PNG")
        files[name] = packed.getvalue()
        files[names] += f"\nnorm {name}\n".encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        archive.writestr(f"{path.stem}.obj", text)
        for name, data in files.items():
            archive.writestr(name, data)


def write_glb(mesh: Mesh, path: Path) -> None:
    """GLB with the texture as JPEG, seen from both sides, and with normals: without them it is shown in flat facets.

    A normal map goes in as JPEG, too, with the tangents that it was made with.
    """
    assert mesh.texture is not None
    skin = PBRMaterial(
        baseColorTexture=_jpeg(mesh.texture), metallicFactor=0.0, roughnessFactor=0.9, doubleSided=True,
        normalTexture=None if mesh.normal_map is None else _jpeg(mesh.normal_map, subsampling=0),
    )  # fmt: skip
    body = mesh.skinned(skin)
    if mesh.tangents is not None:  # the fourth number: the third direction is normal x tangent, and not its opposite
        body.vertex_attributes[TANGENT] = np.hstack([mesh.tangents, np.ones((len(mesh.tangents), 1))])
    _write_glb(body, mesh, path)


def _jpeg(picture: NDArray[np.uint8], **how: int) -> Image.Image:
    """A picture that trimesh embeds as JPEG, and not as a PNG several times its size."""
    image = Image.fromarray(picture)
    image.format = "JPEG"
    image.encoderinfo = {"quality": JPEG_QUALITY, **how}
    return image


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
    path.write_bytes(glb_of(body, {"title": mesh.title, **mesh.about}, is_lit=is_lit))


def glb_of(body: trimesh.Trimesh, about: Mapping[str, str], *, is_lit: bool = True) -> bytes:
    """A mesh in metres as GLB; is_lit : its colours hold the light, and a viewer adds none."""
    finish = _without_light if is_lit else _with_tangents
    scene = trimesh.Scene([body], metadata=dict(about))
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
