"""Photos as phones write them, with the depth of a head of known shape in them: for tests and benchmarks."""

import base64
import io
import struct
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

FORMS = ("apple", "gdepth", "dynamic")
Form = Literal["apple", "gdepth", "dynamic"]
GUID = "0123456789ABCDEF0123456789ABCDEF"
RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'


def as_measured(
    depth_mm: NDArray[np.floating], blur_px: float = 2.0, torn_px: int = 3, seed: int = 0
) -> NDArray[np.float64]:
    """(H, W) true depth, NaN beyond the head -> as a phone has it: a wall behind, blurred over the torn rim."""
    wall = np.nanmax(depth_mm) + 600
    filled = np.where(np.isfinite(depth_mm), depth_mm, wall)
    rng = np.random.default_rng(seed)
    shift = cv2.GaussianBlur(rng.normal(size=(2, *filled.shape)).transpose(1, 2, 0), (0, 0), 4)
    shift *= torn_px / max(float(shift.std()), 1e-9)
    edge = cv2.dilate((~np.isfinite(depth_mm)).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    y, x = np.mgrid[: filled.shape[0], : filled.shape[1]].astype(np.float32)
    moved = np.where(edge[..., None], shift, 0).astype(np.float32)
    torn = cv2.remap(
        filled.astype(np.float32),
        x + moved[..., 0],
        y + moved[..., 1],
        cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_REPLICATE,
    )
    nearness = 1 / torn.astype(np.float64)
    return 1 / (cv2.GaussianBlur(nearness, (0, 0), blur_px) if blur_px > 0 else nearness)


def jpeg(rgb: NDArray[np.uint8], quality: int = 95) -> bytes:
    """The bytes of a JPEG."""
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=quality)
    return out.getvalue()


def photo_with_depth(
    rgb: NDArray[np.uint8], depth_mm: NDArray[np.floating], form: Form, *, absolute: bool = True,
    K: NDArray[np.floating] | None = None, bits: int = 8, linear: bool = False,
) -> bytes:  # fmt: skip
    """The bytes of a photo with that depth beside it, in one of the forms.

    absolute : else, as phones with two lenses do, scale and shift of the disparity are lost.
    """
    return {"apple": _apple, "gdepth": _google, "dynamic": _google}[form](
        rgb, depth_mm, absolute, K, bits, linear, form == "dynamic"
    )


def _levels(values: NDArray[np.floating], bits: int) -> tuple[NDArray[np.generic], float, float]:
    low, high = float(values.min()), float(values.max())
    most = 2**bits - 1
    return np.round((values - low) / (high - low) * most).astype(np.uint8 if bits == 8 else np.uint16), low, high


def _picture(levels: NDArray[np.generic], kind: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(levels).save(out, kind, **({"quality": 97} if kind == "JPEG" else {}))
    return out.getvalue()


def _apple(
    rgb: NDArray[np.uint8], depth_mm: NDArray[np.floating], absolute: bool, K: NDArray[np.floating] | None, bits: int,
    linear: bool, _dynamic: bool,
) -> bytes:  # fmt: skip
    values = depth_mm / 1000 if linear else 1000 / depth_mm
    levels, low, high = _levels(values, 8)
    if not absolute:
        low, high = 0.31 * low + 0.2, 0.31 * high + 0.2
    matrix = "" if K is None else (
        "<depthData:IntrinsicMatrix><rdf:Seq>" + "".join(f"<rdf:li>{v}</rdf:li>" for v in K.T.ravel()) + "</rdf:Seq>"
        f"</depthData:IntrinsicMatrix><depthData:IntrinsicMatrixReferenceWidth>{rgb.shape[1]}"
        "</depthData:IntrinsicMatrixReferenceWidth><depthData:IntrinsicMatrixReferenceHeight>"
        f"{rgb.shape[0]}</depthData:IntrinsicMatrixReferenceHeight>"
    )  # fmt: skip
    xmp = f"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {RDF}><rdf:Description rdf:about=""
      xmlns:apdi="http://ns.apple.com/pixeldatainfo/1.0/" xmlns:depthData="http://ns.apple.com/depthData/1.0/">
      <apdi:IntMinValue>0</apdi:IntMinValue><apdi:IntMaxValue>255</apdi:IntMaxValue>
      <apdi:FloatMinValue>{low}</apdi:FloatMinValue><apdi:FloatMaxValue>{high}</apdi:FloatMaxValue>
      <apdi:AuxiliaryImageType>{"depth" if linear else "disparity"}</apdi:AuxiliaryImageType>
      <depthData:Accuracy>{"absolute" if absolute else "relative"}</depthData:Accuracy>
      <depthData:Quality>high</depthData:Quality><depthData:Filtered>True</depthData:Filtered>{matrix}
      </rdf:Description></rdf:RDF></x:xmpmeta>"""
    first, second = jpeg(rgb), with_xmp(_picture(levels, "JPEG"), xmp)
    return _mpf(first, second) + second


def _mpf(first: bytes, second: bytes) -> bytes:
    """The first picture of two, with the index of both (CIPA DC-007)."""
    size = 50 + 32 + 4 + 8
    for _ in range(2):
        entries = struct.pack(">LLLHH", 0x030000, len(first) + size, 0, 0, 0)
        entries += struct.pack(">LLLHH", 0, len(second), len(first) + size - 10, 0, 0)
        index = b"MM\0*" + struct.pack(">LH", 8, 3)
        index += struct.pack(">HHL", 0xB000, 7, 4) + b"0100" + struct.pack(">HHLL", 0xB001, 4, 1, 2)
        index += struct.pack(">HHLL", 0xB002, 7, 32, 50) + struct.pack(">L", 0) + entries
        segment = b"\xff\xe2" + struct.pack(">H", len(index) + 6) + b"MPF\0" + index
        size = len(segment)
    return first[:2] + segment + first[2:]


def with_xmp(picture: bytes, xmp: str) -> bytes:
    """A JPEG with a packet of XMP."""
    body = b"http://ns.adobe.com/xap/1.0/\0" + xmp.encode()
    return picture[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + picture[2:]


def _google(
    rgb: NDArray[np.uint8], depth_mm: NDArray[np.floating], absolute: bool, K: NDArray[np.floating] | None, bits: int,
    linear: bool, dynamic: bool,
) -> bytes:  # fmt: skip
    near, far = depth_mm.min() / 1000, depth_mm.max() / 1000
    metres = depth_mm / 1000
    share = (metres - near) / (far - near) if linear else far * (metres - near) / (metres * (far - near))
    picture = _picture(np.round(share * (2**bits - 1)).astype(np.uint8 if bits == 8 else np.uint16), "PNG")
    unit = "Meters" if dynamic else "m"
    if not absolute:
        near, far, unit = near * 3, far * 3, ""
    shape = "RangeLinear" if linear else "RangeInverse"
    if not dynamic:
        said = f'GDepth:Format="{shape}" GDepth:Near="{near}" GDepth:Far="{far}" GDepth:Mime="image/png"' + (
            f' GDepth:Units="{unit}"' if unit else ""
        )
        head = (
            f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {RDF}><rdf:Description rdf:about="" '
            'xmlns:GDepth="http://ns.google.com/photos/1.0/depthmap/" '
        )
        tail = "/></rdf:RDF></x:xmpmeta>"
        note = f'xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="{GUID}" '
        whole = (head + f'GDepth:Data="{base64.b64encode(picture).decode()}"' + tail).encode()
        found = with_xmp(jpeg(rgb), head + note + said + tail)
        parts = b""
        for at in range(0, len(whole), 60000):
            body = (
                b"http://ns.adobe.com/xmp/extension/\0"
                + GUID.encode()
                + struct.pack(">LL", len(whole), at)
                + whole[at : at + 60000]
            )
            parts += b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
        return found[:2] + parts + found[2:]
    dd = "http://ns.google.com/photos/dd/1.0"
    model = "" if K is None else (
        f'<Camera:ImagingModel><rdf:Description ImagingModel:FocalLengthX="{K[0, 0]}" '
        f'ImagingModel:FocalLengthY="{K[1, 1]}" '
        f'ImagingModel:PrincipalPointX="{K[0, 2]}" ImagingModel:PrincipalPointY="{K[1, 2]}" '
        f'ImagingModel:ImageWidth="{rgb.shape[1]}" ImagingModel:ImageHeight="{rgb.shape[0]}"/></Camera:ImagingModel>'
    )  # fmt: skip
    items = "".join(
        f'<rdf:li><rdf:Description><Container:Item Item:Mime="{mime}" Item:Length="{length}" Item:Padding="{padding}" '
        f'Item:DataURI="{address}"/></rdf:Description></rdf:li>'
        for mime, length, padding, address in (
            ("image/jpeg", 0, 0, "primary_image"),
            ("image/jpeg", 7, 2, "other"),
            ("image/png", len(picture), 0, "android/depthmap"),
        )
    )
    xmp = f"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {RDF}><rdf:Description rdf:about=""
      xmlns:Device="{dd}/device/" xmlns:Container="{dd}/container/" xmlns:Item="{dd}/item/" xmlns:Camera="{dd}/camera/"
      xmlns:DepthMap="{dd}/depthmap/" xmlns:ImagingModel="{dd}/imagingmodel/">
      <Device:Container><Container:Directory><rdf:Seq>{items}</rdf:Seq></Container:Directory></Device:Container>
      <Device:Cameras><rdf:Seq><rdf:li><rdf:Description><Device:Camera><rdf:Description>
      <Camera:DepthMap><rdf:Description DepthMap:Format="{shape}" DepthMap:ItemSemantic="Depth"
        DepthMap:Near="{near}" DepthMap:Far="{far}" DepthMap:Units="{unit or "None"}"
        DepthMap:DepthURI="android/depthmap"/></Camera:DepthMap>{model}
      </rdf:Description></Device:Camera></rdf:Description></rdf:li></rdf:Seq></Device:Cameras>
      </rdf:Description></rdf:RDF></x:xmpmeta>"""
    return with_xmp(jpeg(rgb), xmp) + b"another" + bytes(2) + picture
