from .detail import level, refined
from .fit import HeadFit, fit_head, upright
from .head import Head, make_head
from .template import HeadTemplate, Region, template, vertex_normals
from .texture import front_view, head_texture, vertex_colours

__all__ = [
    "Head",
    "HeadFit",
    "HeadTemplate",
    "Region",
    "fit_head",
    "front_view",
    "head_texture",
    "level",
    "make_head",
    "refined",
    "template",
    "upright",
    "vertex_colours",
    "vertex_normals",
]
