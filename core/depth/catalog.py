"""The table of depth networks: what each is, where its weights come from, how good it is, what it suits.

The figures of the published networks (errors, frames per second, improvement) are those of the accuracy table in the
MiDaS 3.1 README; a figure that is not published or not known for sure is None. This module imports no torch.
"""

from dataclasses import dataclass
from typing import Literal

from core.errors import WeightsError

Resize = Literal["minimal", "upper_bound", "square"]
Family = Literal[
    "BEiT", "Swin V2", "Swin", "Next-ViT", "LeViT", "ViT", "ViT hybrid", "ResNeXt", "EfficientNet", "built-in"
]

MIDAS_RELEASES = "https://github.com/isl-org/MiDaS/releases/download/"
BUILTIN = "builtin"


@dataclass(frozen=True)
class PublishedErrors:
    """Errors on six data sets as published; lower is better.

    DIW: weighted human disagreement rate (share). ETH3D and Sintel: mean absolute relative error (share).
    TUM, KITTI and NYUv2: percentage of pixels whose depth is off by more than a factor of 1.25.
    """

    diw: float
    eth3d: float
    sintel: float
    tum_percent: float
    kitti_percent: float
    nyu_percent: float
    square: bool  # validated on pictures squeezed to a square
    zero_shot: bool  # False: KITTI and NYUv2 were among the training data


@dataclass(frozen=True)
class Normalisation:
    """(rgb / 255 - mean) / std, per channel in the order red, green, blue."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


@dataclass(frozen=True)
class Model:
    """One depth network.

    Attributes
    ----------
    side_px : the side of the square that the network was trained on.
    resize : how a picture is brought to the network's size. "minimal" keeps the aspect ratio and scales as little as
        possible, "upper_bound" keeps it and stays within the square, "square" does not keep it.
    parameters : number of trained values, without the running statistics of normalisation layers.
    address : where the published checkpoint is, or None for weights that come with Lifemask.
    sha256, size_bytes : of that checkpoint; None where not known for sure (then recorded on first use).
    improvement_percent : published mean improvement of the errors over dpt_large_384.
    fps_rtx3090 : published pictures per second on an RTX 3090 at the training size.
    """

    name: str
    title: str
    family: Family
    release: str
    parameters: int | None
    side_px: int
    resize: Resize
    normalisation: Normalisation
    address: str | None
    sha256: str | None
    size_bytes: int | None
    licence: str
    errors: PublishedErrors | None
    improvement_percent: int | None
    fps_rtx3090: float | None
    good_for: str

    @property
    def file_name(self) -> str:
        """Name of the published checkpoint file."""
        return f"{self.name}.pt"

    @property
    def download_bytes(self) -> int | None:
        """Size of the download: exact where known, else four bytes a parameter; None where nothing is downloaded."""
        if self.address is None or self.parameters is None:
            return None
        return self.size_bytes or 4 * self.parameters


HALF = Normalisation(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
IMAGENET = Normalisation(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))


def _midas(
    name: str,
    title: str,
    *,
    family: Family,
    release: str,
    parameters: int,
    side_px: int,
    resize: Resize,
    errors: PublishedErrors,
    improvement_percent: int,
    fps_rtx3090: float,
    good_for: str,
    sha256: str | None = None,
    size_bytes: int | None = None,
) -> Model:
    return Model(
        name=name,
        title=title,
        family=family,
        release=f"MiDaS {release}",
        parameters=parameters,
        side_px=side_px,
        resize=resize,
        normalisation=IMAGENET if release == "2.1" else HALF,
        address=f"{MIDAS_RELEASES}v{release.replace('.', '_').removesuffix('_0')}/{name}.pt",
        sha256=sha256,
        size_bytes=size_bytes,
        licence="MIT",
        errors=errors,
        improvement_percent=improvement_percent,
        fps_rtx3090=fps_rtx3090,
        good_for=good_for,
    )


# In the order of preference: the first whose weights are on disk is used when nobody has chosen one.
_MODELS = (
    _midas(
        "dpt_beit_large_512",
        "DPT BEiT-L 512",
        family="BEiT",
        release="3.1",
        parameters=345_014_441,
        side_px=512,
        resize="minimal",
        # The published row for square pictures, because a face crop is square.
        errors=PublishedErrors(0.1121, 0.0614, 0.2090, 6.46, 5.00, 1.90, square=True, zero_shot=False),
        improvement_percent=34,
        fps_rtx3090=5.7,
        good_for="The finest depth of all, and the slowest network.",
    ),
    _midas(
        "dpt_swin2_large_384",
        "DPT Swin V2-L 384",
        family="Swin V2",
        release="3.1",
        parameters=213_411_869,
        side_px=384,
        resize="square",
        errors=PublishedErrors(0.1106, 0.0732, 0.2442, 8.87, 5.84, 2.92, square=True, zero_shot=False),
        improvement_percent=22,
        fps_rtx3090=41,
        good_for="Nearly the finest depth at several times the speed; sees every picture as a square.",
    ),
    _midas(
        "dpt_beit_large_384",
        "DPT BEiT-L 384",
        family="BEiT",
        release="3.1",
        parameters=344_338_601,
        side_px=384,
        resize="minimal",
        errors=PublishedErrors(0.1239, 0.0667, 0.2545, 7.17, 9.84, 2.21, square=False, zero_shot=False),
        improvement_percent=17,
        fps_rtx3090=13,
        good_for="Fine depth for photos of any shape, faster than the 512 network.",
    ),
    _midas(
        "dpt_swin2_base_384",
        "DPT Swin V2-B 384",
        family="Swin V2",
        release="3.1",
        parameters=102_378_913,
        side_px=384,
        resize="square",
        errors=PublishedErrors(0.1095, 0.0790, 0.2404, 8.93, 5.97, 3.28, square=True, zero_shot=False),
        improvement_percent=22,
        fps_rtx3090=39,
        good_for="Fine depth from a download under half a gigabyte.",
    ),
    _midas(
        "dpt_swin_large_384",
        "DPT Swin-L 384",
        family="Swin",
        release="3.1",
        parameters=213_407_453,
        side_px=384,
        resize="square",
        errors=PublishedErrors(0.1126, 0.0853, 0.2428, 8.74, 6.60, 3.34, square=True, zero_shot=False),
        improvement_percent=17,
        fps_rtx3090=49,
        good_for="Between Swin V2 and DPT-Large in quality; for comparison with results made with it.",
    ),
    _midas(
        "dpt_next_vit_large_384",
        "DPT Next-ViT-L 384",
        family="Next-ViT",
        release="3.1",
        parameters=72_260_713,
        side_px=384,
        resize="minimal",
        errors=PublishedErrors(0.1031, 0.0954, 0.2295, 9.21, 6.89, 3.47, square=False, zero_shot=False),
        improvement_percent=16,
        fps_rtx3090=30,
        good_for="The best order of near and far for its small size; photos of any shape.",
    ),
    _midas(
        "dpt_large_384",
        "DPT-Large 384",
        family="ViT",
        release="3.0",
        parameters=344_055_465,
        side_px=384,
        resize="minimal",
        errors=PublishedErrors(0.1082, 0.0888, 0.2697, 9.97, 8.46, 8.32, square=False, zero_shot=True),
        improvement_percent=0,
        fps_rtx3090=61,
        good_for="The reference of MiDaS 3.0 that most published work compares with.",
        sha256="2f21e586477d90cb9624c7eef5df7891edca49a1c4795ee2cb631fd4daa6ca69",
        size_bytes=1_376_378_527,
    ),
    _midas(
        "dpt_hybrid_384",
        "DPT-Hybrid 384",
        family="ViT hybrid",
        release="3.0",
        parameters=123_146_985,
        side_px=384,
        resize="minimal",
        errors=PublishedErrors(0.1106, 0.0934, 0.2741, 10.89, 11.56, 8.69, square=False, zero_shot=True),
        improvement_percent=-10,
        fps_rtx3090=50,
        good_for="Close to DPT-Large with a third of its size; a good first download.",
        sha256="501f0c75b3bca7daec6b3682c5054c09b366765aef6fa3a09d03a5cb4b230853",
    ),
    _midas(
        "dpt_swin2_tiny_256",
        "DPT Swin V2-T 256",
        family="Swin V2",
        release="3.1",
        parameters=41_701_331,
        side_px=256,
        resize="square",
        errors=PublishedErrors(0.1211, 0.1106, 0.2868, 13.43, 10.13, 5.55, square=True, zero_shot=False),
        improvement_percent=-11,
        fps_rtx3090=64,
        good_for="The best of the small networks: many photos on a laptop.",
    ),
    _midas(
        "dpt_beit_base_384",
        "DPT BEiT-B 384",
        family="BEiT",
        release="3.1",
        parameters=111_531_689,
        side_px=384,
        resize="minimal",
        errors=PublishedErrors(0.1159, 0.0967, 0.2901, 9.88, 26.60, 3.91, square=False, zero_shot=False),
        improvement_percent=-31,
        fps_rtx3090=31,
        good_for="Indoor pictures; weak on streets.",
    ),
    _midas(
        "midas_v21_384",
        "MiDaS 2.1 Large 384",
        family="ResNeXt",
        release="2.1",
        parameters=105_362_945,
        side_px=384,
        resize="upper_bound",
        errors=PublishedErrors(0.1295, 0.1155, 0.3285, 12.51, 16.08, 8.71, square=False, zero_shot=True),
        improvement_percent=-32,
        fps_rtx3090=47,
        good_for="The convolutional network before transformers; for comparison with older results.",
        sha256="f6b980704cfd7259c7cc2b058c2f160159c55e84b3b6c08331b4156a84629f70",
        size_bytes=422_509_849,
    ),
    _midas(
        "dpt_levit_224",
        "DPT LeViT 224",
        family="LeViT",
        release="3.1",
        parameters=50_630_837,
        side_px=224,
        resize="square",
        errors=PublishedErrors(0.1314, 0.1206, 0.3148, 18.21, 15.27, 8.64, square=True, zero_shot=False),
        improvement_percent=-40,
        fps_rtx3090=73,
        good_for="Quick looks at many photos.",
    ),
    _midas(
        "midas_v21_small_256",
        "MiDaS 2.1 Small 256",
        family="EfficientNet",
        release="2.1",
        parameters=21_320_545,
        side_px=256,
        resize="upper_bound",
        errors=PublishedErrors(0.1344, 0.1344, 0.3370, 14.53, 29.27, 13.43, square=False, zero_shot=True),
        improvement_percent=-76,
        fps_rtx3090=90,
        good_for="The smallest download and the quickest answer, on any machine.",
        sha256="70d6b9c891758c67f974a6097fb0c608c7ee67fb81ac3e5588847d5596d56fca",
    ),
    Model(
        name=BUILTIN,
        title="Built-in face network",
        family="built-in",
        release="Lifemask",
        parameters=None,
        side_px=256,
        resize="square",
        normalisation=HALF,
        address=None,
        sha256=None,
        size_bytes=None,
        licence="MIT",
        errors=None,
        improvement_percent=None,
        fps_rtx3090=None,
        good_for="Faces, at once and without any download. Knows nothing but faces.",
    ),
)

MODELS: dict[str, Model] = {model.name: model for model in _MODELS}
MIDAS_MODELS: tuple[Model, ...] = tuple(model for model in _MODELS if model.address is not None)


def entry(name: str) -> Model:
    """Return the entry called `name`.

    Raises
    ------
    WeightsError
        If there is no such network.
    """
    try:
        return MODELS[name]
    except KeyError:
        raise WeightsError(f"There is no network called '{name}'. Choose one of: {', '.join(MODELS)}.") from None
