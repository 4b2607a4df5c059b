"""3MF: a closed mesh in millimetres with its colours and with what it rests on, as a zip of XML.

After the 3MF Core Specification 1.3 and the Materials and Properties Extension 1.2 of the 3MF Consortium.
"""

import re
import zipfile
from collections.abc import Mapping
from io import BytesIO
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

CORE = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"
MATERIALS = "http://schemas.microsoft.com/3dmanufacturing/material/2015/02"
OWN = "urn:lifemask:assumptions"  # names of metadata beyond those of the specification need a namespace
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/>'
    '<Default Extension="png" ContentType="image/png"/></Types>'
)
COLOURS, SOLID = 1, 2  # numbers of the two resources
TRIANGLE = f'<triangle v1="{{}}" v2="{{}}" v3="{{}}" pid="{COLOURS}" p1="{{}}" p2="{{}}" p3="{{}}"/>'
SQUEEZE = 3  # level of compression; more takes twice the time for a tenth of the size


def threemf(
    vertices_mm: NDArray[np.floating],
    faces: NDArray[np.integer],
    colours: NDArray[np.uint8],
    title: str,
    about: Mapping[str, str],
    picture: bytes | None = None,
) -> bytes:
    """A 3MF package.

    vertices_mm : (n, 3). faces : (m, 3), closed, outward counter-clockwise. colours : (n, 3), of the vertices.
    about : what the millimetres rest on, by name. picture : a PNG to know the file by.
    """
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=SQUEEZE) as archive:
        _add(archive, "[Content_Types].xml", TYPES)
        _add(archive, "_rels/.rels", _relations(has_picture=picture is not None))
        _add(archive, "3D/3dmodel.model", _model(vertices_mm, faces, colours, title, about))
        if picture is not None:
            _add(archive, "Metadata/thumbnail.png", picture, zipfile.ZIP_STORED)
    return packed.getvalue()


def _add(archive: zipfile.ZipFile, name: str, data: str | bytes, how: int = zipfile.ZIP_DEFLATED) -> None:
    archive.writestr(zipfile.ZipInfo(name), data, how)  # with no time in it: the same solid is the same file


def _relations(*, has_picture: bool) -> str:
    picture = (
        '<Relationship Target="/Metadata/thumbnail.png" Id="picture" '
        'Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/thumbnail"/>'
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Relationships xmlns="{RELATIONS}">'
        '<Relationship Target="/3D/3dmodel.model" Id="model" '
        'Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/>'
        f"{picture if has_picture else ''}</Relationships>"
    )


def _model(
    vertices_mm: NDArray[np.floating],
    faces: NDArray[np.integer],
    colours: NDArray[np.uint8],
    title: str,
    about: Mapping[str, str],
) -> str:
    palette, shade = np.unique(colours.astype(np.uint32) @ np.array([65536, 256, 1], np.uint32), return_inverse=True)
    corners = np.concatenate([faces, shade.reshape(-1)[faces]], axis=1)
    moved = " ".join(f"{way:.6f}" for way in -vertices_mm.min(0))  # the build volume begins at 0 on every axis
    name = quoteattr(_plain(title))
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<model unit="millimeter" xml:lang="en" xmlns="{CORE}" xmlns:m="{MATERIALS}" xmlns:l="{OWN}">',
            *_metadata(title, about),
            f'<resources><m:colorgroup id="{COLOURS}">',
            *(f'<m:color color="#{colour:06X}"/>' for colour in palette.tolist()),
            f'</m:colorgroup><object id="{SOLID}" type="model" name={name} pid="{COLOURS}" pindex="0"><mesh><vertices>',
            *(f'<vertex x="{x:.6f}" y="{y:.6f}" z="{z:.6f}"/>' for x, y, z in vertices_mm.tolist()),
            "</vertices><triangles>",
            *map(TRIANGLE.format, *corners.T.tolist()),
            "</triangles></mesh></object></resources>",
            f'<build><item objectid="{SOLID}" transform="1 0 0 0 1 0 0 0 1 {moved}"/></build>',
            "</model>",
        ]
    )


def _metadata(title: str, about: Mapping[str, str]) -> list[str]:
    """Title, Application and Description as the specification names them; each assumption under a name of our own."""
    told = "; ".join(f"{name}: {value}" for name, value in about.items())
    rows = [("Title", title), ("Application", "Lifemask"), ("Description", told)]
    rows += [(f"l:{re.sub(r'[^A-Za-z0-9]+', '_', name).strip('_')}", value) for name, value in about.items()]
    return [f'<metadata name="{name}">{escape(_plain(value))}</metadata>' for name, value in rows if _plain(value)]


def _plain(text: str) -> str:
    """Text without what XML 1.0 cannot hold."""
    return " ".join(re.sub(r"[^\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", " ", text).split())
