"""The 13 published networks, each put together from an encoder, a neck and a decoder."""

from collections.abc import Callable
from functools import partial
from typing import Any

import timm
from torch import Tensor, nn

from core.depth.midas.decoder import Decoder, Reassemble, dtype_of, grid_of
from core.depth.midas.encoders import (
    PATCH_PX,
    BeitEncoder,
    EfficientNetEncoder,
    Encoder,
    HybridEncoder,
    LevitEncoder,
    NextVitEncoder,
    ResNetEncoder,
    SwinEncoder,
    VitEncoder,
)

SCALES = (4, 2, 1, 0.5)  # of the four maps, against the grid of patches
WIDTH = 256  # channels within every decoder but the small ones


class MidasModule(nn.Module):
    """One MiDaS network.

    The parts may differ in number format: each part's input is brought to its own.
    """

    def __init__(self, encoder: Encoder, neck: nn.ModuleList | None, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.neck = neck or nn.ModuleList()
        self.decoder = decoder

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) normalised -> (N, H, W) inverse depth, larger is nearer."""
        features = self.encoder(x)
        if self.neck:
            grid, dtype = grid_of(x, PATCH_PX), dtype_of(self.neck)
            features = [
                part(feature.to(dtype), grid) if isinstance(part, Reassemble) else feature
                for part, feature in zip(self.neck, features, strict=True)
            ]
        dtype = dtype_of(self.decoder)
        answer: Tensor = self.decoder([feature.to(dtype) for feature in features])
        return answer


def build(name: str) -> MidasModule:
    """Return the network called `name` with untrained weights."""
    return _BUILDERS[name]().eval().requires_grad_(False)


def _timm(name: str, **options: Any) -> nn.Module:
    model: nn.Module = timm.create_model(name, pretrained=False, **options)
    return model


def _decoder(*in_channels: int) -> Decoder:
    count = len(in_channels)
    return Decoder(in_channels=in_channels, channels=(WIDTH,) * count, out_channels=(WIDTH,) * count)


def _neck(tokens: int, channels: tuple[int, ...]) -> nn.ModuleList:
    return nn.ModuleList(Reassemble(tokens, each, scale) for each, scale in zip(channels, SCALES, strict=True))


def _vit_large() -> MidasModule:
    channels = (256, 512, 1024, 1024)
    encoder = VitEncoder(_timm("vit_large_patch16_384"), taps=(5, 11, 17, 23))
    return MidasModule(encoder, _neck(1024, channels), _decoder(*channels))


def _vit_hybrid() -> MidasModule:
    neck = nn.ModuleList([nn.Identity(), nn.Identity(), Reassemble(768, 768, 1), Reassemble(768, 768, 0.5)])
    encoder = HybridEncoder(_timm("vit_base_r50_s16_384"), taps=(8, 11))
    return MidasModule(encoder, neck, _decoder(256, 512, 768, 768))


def _beit_large(side_px: int) -> MidasModule:
    channels = (256, 512, 1024, 1024)
    model = _timm(f"beit_large_patch16_{side_px}", use_rel_pos_bias=False)
    encoder = BeitEncoder(model, taps=(5, 11, 17, 23), trained_side=side_px // PATCH_PX, heads=16)
    return MidasModule(encoder, _neck(1024, channels), _decoder(*channels))


def _beit_base() -> MidasModule:
    channels = (96, 192, 384, 768)
    model = _timm("beit_base_patch16_384", use_rel_pos_bias=False)
    encoder = BeitEncoder(model, taps=(2, 5, 8, 11), trained_side=384 // PATCH_PX, heads=12)
    return MidasModule(encoder, _neck(768, channels), _decoder(*channels))


def _swin(name: str, width: int) -> MidasModule:
    return MidasModule(SwinEncoder(_timm(name)), None, _decoder(width, 2 * width, 4 * width, 8 * width))


def _next_vit() -> MidasModule:
    return MidasModule(NextVitEncoder(_timm("nextvit_large")), None, _decoder(96, 256, 512, 1024))


def _levit() -> MidasModule:
    decoder = Decoder(
        in_channels=(384, 512, 768),
        channels=(WIDTH,) * 3,
        out_channels=(WIDTH,) * 3,
        enlarge=(WIDTH, 128, 64),
        head_channels=(64, 32, 8),
    )
    return MidasModule(LevitEncoder(_timm("levit_384"), taps=(1, 0, 0)), None, decoder)


def _resnext() -> MidasModule:
    decoder = Decoder(
        in_channels=(256, 512, 1024, 2048),
        channels=(WIDTH,) * 4,
        out_channels=(None,) * 4,
        activated_skip=True,
        head_align_corners=False,
    )
    return MidasModule(ResNetEncoder(_timm("resnext101_32x8d", num_classes=0)), None, decoder)


def _efficientnet() -> MidasModule:
    decoder = Decoder(
        in_channels=(32, 48, 136, 384),
        channels=(64, 128, 256, 512),
        out_channels=(64, 64, 128, 256),
        head_channels=(64, 32, 32),
        head_align_corners=False,
    )
    encoder = EfficientNetEncoder(_timm("tf_efficientnet_lite3"), taps=(1, 2, 4, 6))
    return MidasModule(encoder, None, decoder)


_BUILDERS: dict[str, Callable[[], MidasModule]] = {
    "dpt_beit_large_512": partial(_beit_large, 512),
    "dpt_beit_large_384": partial(_beit_large, 384),
    "dpt_beit_base_384": _beit_base,
    "dpt_swin2_large_384": partial(_swin, "swinv2_large_window12to24_192to384", 192),
    "dpt_swin2_base_384": partial(_swin, "swinv2_base_window12to24_192to384", 128),
    "dpt_swin2_tiny_256": partial(_swin, "swinv2_tiny_window16_256", 96),
    "dpt_swin_large_384": partial(_swin, "swin_large_patch4_window12_384", 192),
    "dpt_next_vit_large_384": _next_vit,
    "dpt_levit_224": _levit,
    "dpt_large_384": _vit_large,
    "dpt_hybrid_384": _vit_hybrid,
    "midas_v21_384": _resnext,
    "midas_v21_small_256": _efficientnet,
}
