"""The backbones: timm's modules, tapped at the places where the published networks tap them.

Each encoder takes normalised pictures (N, 3, H, W) and returns its features from fine to coarse: a map (N, C, h, w), or
(N, 1 + h*w, C) tokens, the class token first, on the grid of 16-pixel patches. Its `trunk` holds nearly all of the work
and may be brought to another number format; what comes before stays as it is.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import torch
from timm.models.beit import gen_relative_position_index
from torch import Tensor, nn
from torch.nn import functional

PATCH_PX = 16
CLASS_ENTRIES = 3  # rows of a BEiT bias table for class-to-patch, patch-to-class and class-to-class


class Encoder(nn.Module):
    """What the encoders have in common."""

    TRUNK: str  # name of the submodule that does most of the work
    CONVOLUTIONAL = False  # channels-last memory saves 15 % of the time on a processor
    KEEPS_BFLOAT16 = True  # a trunk in bfloat16 moves the inverse depth by under 0.5 % of its range (RMS)

    @property
    def trunk(self) -> nn.Module:
        """The part that may be brought to another number format."""
        return self.get_submodule(self.TRUNK)

    def at_trunk(self, x: Tensor) -> Tensor:
        """Bring the trunk's input to its number format."""
        return x.to(next(self.trunk.parameters()).dtype)


def _tokens(model: Any, patches: Tensor) -> Tensor:
    """(N, C, h, w) patches -> (N, 1 + h*w, C), the class token first."""
    flat = patches.flatten(2).transpose(1, 2)
    return torch.cat((model.cls_token.expand(len(flat), -1, -1), flat), dim=1)


def _positions(model: Any, grid: tuple[int, int]) -> Tensor:
    """Return the position embedding for a grid of patches: bilinear between the trained places, as published."""
    trained: Tensor = model.pos_embed
    side = round((trained.shape[1] - 1) ** 0.5)
    if grid == (side, side):
        return trained
    places = trained[:, 1:].reshape(1, side, side, -1).permute(0, 3, 1, 2)
    places = functional.interpolate(places.float(), size=grid, mode="bilinear").to(trained.dtype)
    return torch.cat((trained[:, :1], places.flatten(2).transpose(1, 2)), dim=1)


class VitEncoder(Encoder):
    """Vision transformer: tokens after the tapped blocks."""

    TRUNK = "model.blocks"

    def __init__(self, model: Any, taps: Sequence[int]) -> None:
        super().__init__()
        self.model = model
        self.taps = frozenset(taps)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the tokens after each tapped block."""
        return self._blocks(self.model.patch_embed.proj(x))

    def _blocks(self, patches: Tensor) -> list[Tensor]:
        x = _tokens(self.model, patches) + _positions(self.model, (patches.shape[2], patches.shape[3]))
        x = self.at_trunk(x)
        features = []
        for index, block in enumerate(self.model.blocks):
            x = block(x)
            if index in self.taps:
                features.append(x)
        return features


class HybridEncoder(VitEncoder):
    """ResNet stem under a vision transformer: maps of the first two stages, then tokens."""

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the maps of two stages and the tokens after each tapped block."""
        resnet = self.model.patch_embed.backbone
        x = resnet.stem(x)
        maps = []
        for stage in resnet.stages:
            x = stage(x)
            maps.append(x)
        return maps[:2] + self._blocks(self.model.patch_embed.proj(resnet.norm(x)))


class BeitEncoder(Encoder):
    """BEiT: tokens after the tapped blocks; each block's attention is biased by relative position.

    timm's blocks take the bias as an argument; the tables that it comes from live here, because they are resampled
    for the grid at hand by the published rule.
    """

    TRUNK = "model.blocks"
    KEEPS_BFLOAT16 = False  # 0.3 % for BEiT-B, 0.8 % for BEiT-L

    def __init__(self, model: Any, taps: Sequence[int], trained_side: int, heads: int) -> None:
        super().__init__()
        self.model = model
        self.taps = frozenset(taps)
        self.trained_span = 2 * trained_side - 1
        rows = self.trained_span**2 + CLASS_ENTRIES
        self.tables = nn.ParameterList(nn.Parameter(torch.zeros(rows, heads)) for _ in model.blocks)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the tokens after each tapped block."""
        patches = self.model.patch_embed.proj(x)
        grid = (patches.shape[2], patches.shape[3])
        index = _relative_position_index(grid).to(x.device)
        x = self.at_trunk(_tokens(self.model, patches))
        features = []
        for number, (block, table) in enumerate(zip(self.model.blocks, self.tables, strict=True)):
            x = block(x, shared_rel_pos_bias=self._bias(table, grid, index).to(x.dtype))
            if number in self.taps:
                features.append(x)
        return features

    def _bias(self, table: Tensor, grid: tuple[int, int], index: Tensor) -> Tensor:
        """(rows, heads) trained table -> (1, heads, L, L) bias for L = 1 + h*w tokens."""
        span = (2 * grid[0] - 1, 2 * grid[1] - 1)
        places = table[:-CLASS_ENTRIES].float()
        if span != (self.trained_span, self.trained_span):
            square = places.T.reshape(1, -1, self.trained_span, self.trained_span)
            places = functional.interpolate(square, size=span, mode="bilinear").flatten(2)[0].T
        rows = torch.cat((places, table[-CLASS_ENTRIES:].float()))
        return rows.T[:, index].unsqueeze(0)


@lru_cache(maxsize=8)
def _relative_position_index(grid: tuple[int, int]) -> Tensor:
    index: Tensor = gen_relative_position_index(grid)
    return index


class SwinEncoder(Encoder):
    """Swin and Swin V2: the map of each of the four stages."""

    TRUNK = "model.layers"

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the map of each stage."""
        x = self.at_trunk(self.model.patch_embed(x))
        features = []
        for stage in self.model.layers:
            x = stage(x)
            features.append(x.permute(0, 3, 1, 2))
        return features


class NextVitEncoder(Encoder):
    """Next-ViT: the map of each of the four stages."""

    TRUNK = "model.stages"
    KEEPS_BFLOAT16 = False  # 0.7 %

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the map of each stage."""
        x = self.at_trunk(self.model.stem(x))
        features = []
        for stage in self.model.stages:
            x = stage(x)
            features.append(x)
        return features


class LevitEncoder(Encoder):
    """LeViT: the map after one tapped block of each of the three stages."""

    TRUNK = "model.stages"

    def __init__(self, model: Any, taps: Sequence[int]) -> None:
        super().__init__()
        self.model = model
        self.taps = tuple(taps)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return one map a stage; what comes after the last tap is not computed."""
        x = self.model.stem(x)
        side = x.shape[2]
        x = self.at_trunk(x.flatten(2).transpose(1, 2))
        features: list[Tensor] = []
        for stage, tap in zip(self.model.stages, self.taps, strict=True):
            x = stage.downsample(x)
            for index, block in enumerate(stage.blocks):
                x = block(x)
                if index == tap:
                    features.append(x.transpose(1, 2).reshape(len(x), -1, side, side))
                    if len(features) == len(self.taps):
                        return features
            side = (side + 1) // 2
        return features


class ResNetEncoder(Encoder):
    """ResNet: the map of each of the four stages."""

    TRUNK = "stages"
    CONVOLUTIONAL = True

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.stem = nn.Sequential(model.conv1, model.bn1, model.act1, model.maxpool)
        self.stages = nn.Sequential(model.layer1, model.layer2, model.layer3, model.layer4)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the map of each stage."""
        x = self.at_trunk(self.stem(x))
        features = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features


class EfficientNetEncoder(Encoder):
    """EfficientNet: the maps after the tapped groups of blocks."""

    TRUNK = "blocks"
    CONVOLUTIONAL = True

    def __init__(self, model: Any, taps: Sequence[int]) -> None:
        super().__init__()
        self.stem = nn.Sequential(model.conv_stem, model.bn1)
        self.blocks = model.blocks
        self.taps = frozenset(taps)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the map after each tapped group."""
        x = self.at_trunk(self.stem(x))
        features = []
        for index, group in enumerate(self.blocks):
            x = group(x)
            if index in self.taps:
                features.append(x)
        return features
