"""From features to inverse depth: tokens become maps, maps are fused from coarse to fine, a head draws the result.

Ranftl et al., 'Vision Transformers for Dense Prediction', 2021, and for the convolutional networks 'Towards Robust
Monocular Depth Estimation', 2020. Two places are computed in another order than published, with the same result up to
rounding: a 1x1 convolution and a bilinear interpolation commute, so the convolution runs on the smaller map; and the
class token's half of a readout layer is computed once, not once per patch.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional


class Reassemble(nn.Module):
    """Tokens -> a map at 4, 8, 16 or 32 pixels a cell; the class token is read into every patch."""

    def __init__(self, tokens: int, channels: int, scale: float) -> None:
        super().__init__()
        self.readout = nn.Linear(2 * tokens, tokens)
        self.project = nn.Conv2d(tokens, channels, 1)
        if scale > 1:
            self.resize: nn.Module = nn.ConvTranspose2d(channels, channels, int(scale), stride=int(scale))
        elif scale < 1:
            self.resize = nn.Conv2d(channels, channels, 3, stride=round(1 / scale), padding=1)
        else:
            self.resize = nn.Identity()

    def forward(self, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
        """(N, 1 + h*w, C) -> (N, channels, scale * h, scale * w)."""
        of_patch, of_class = self.readout.weight.chunk(2, dim=1)
        told = functional.linear(tokens[:, :1], of_class, self.readout.bias)
        read = functional.gelu(functional.linear(tokens[:, 1:], of_patch) + told)
        resized: Tensor = self.resize(self.project(read.transpose(1, 2).reshape(len(read), -1, *grid)))
        return resized


class ResidualUnit(nn.Module):
    """Two activated 3x3 convolutions beside a skip.

    In MiDaS 2.1 Large the published activation works in place, so that the skip carries the activated input: there
    `activated_skip` is true.
    """

    def __init__(self, channels: int, activated_skip: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.activated_skip = activated_skip

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) -> the same shape."""
        active = functional.relu(x)
        out: Tensor = self.conv2(functional.relu(self.conv1(active)))
        return out + (active if self.activated_skip else x)


class Fusion(nn.Module):
    """Join a coarse map with the next finer one and enlarge the result.

    The coarsest fusion has no finer partner: its `lateral` unit is in the published files but nothing runs through it.
    """

    def __init__(self, channels: int, out_channels: int | None, activated_skip: bool) -> None:
        super().__init__()
        self.lateral = ResidualUnit(channels, activated_skip)
        self.refine = ResidualUnit(channels, activated_skip)
        self.out: nn.Module = nn.Identity() if out_channels is None else nn.Conv2d(channels, out_channels, 1)

    def forward(self, coarse: Tensor | None, fine: Tensor, size: tuple[int, int]) -> Tensor:
        """Return (N, out_channels, *size)."""
        x = self.out(self.refine(fine if coarse is None else coarse + self.lateral(fine)))
        return functional.interpolate(x, size=size, mode="bilinear", align_corners=True)


class Head(nn.Module):
    """The last map -> inverse depth at twice its size, never negative."""

    def __init__(self, channels: Sequence[int], align_corners: bool) -> None:
        super().__init__()
        wide, narrow, thin = channels
        self.conv1 = nn.Conv2d(wide, narrow, 3, padding=1)
        self.conv2 = nn.Conv2d(narrow, thin, 3, padding=1)
        self.conv3 = nn.Conv2d(thin, 1, 1)
        self.align_corners = align_corners

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, 2 * h, 2 * w)."""
        x = functional.interpolate(self.conv1(x), scale_factor=2.0, mode="bilinear", align_corners=self.align_corners)
        x = functional.relu(self.conv2(x))
        return functional.relu(self.conv3(x)).squeeze(1)


class Doubling(nn.Module):
    """Transposed convolution to twice the size, normalised and activated; LeViT's decoder ends in two of them."""

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.ConvTranspose2d(channels, out_channels, 3, stride=2, padding=1, output_padding=1, bias=False)
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, out_channels, 2 * h, 2 * w)."""
        return functional.hardswish(self.norm(self.conv(x)))


class Decoder(nn.Module):
    """Maps from fine to coarse -> inverse depth.

    Parameters
    ----------
    in_channels : of each map.
    channels : of each map within the decoder.
    out_channels : of each fusion; None leaves out its 1x1 convolution.
    head_channels : of the head's first, second and third convolution's input.
    enlarge : channels of the transposed convolutions before the head, if there are any.
    """

    def __init__(
        self,
        *,
        in_channels: Sequence[int],
        channels: Sequence[int],
        out_channels: Sequence[int | None],
        head_channels: Sequence[int] = (256, 128, 32),
        enlarge: Sequence[int] = (),
        activated_skip: bool = False,
        head_align_corners: bool = True,
    ) -> None:
        super().__init__()
        self.project = nn.ModuleList(
            nn.Conv2d(given, inner, 3, padding=1, bias=False)
            for given, inner in zip(in_channels, channels, strict=True)
        )
        self.fuse = nn.ModuleList(
            Fusion(inner, outer, activated_skip) for inner, outer in zip(channels, out_channels, strict=True)
        )
        self.enlarge = nn.Sequential(*(Doubling(*step) for step in pairwise(enlarge)))
        self.head = Head(head_channels, head_align_corners)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Return the inverse depth (N, H, W)."""
        projected = [project(each) for project, each in zip(self.project, maps, strict=True)]
        sizes = [(2 * projected[0].shape[2], 2 * projected[0].shape[3])]
        sizes += [(each.shape[2], each.shape[3]) for each in projected[:-1]]
        x: Tensor | None = None
        for fuse, fine, size in reversed(list(zip(self.fuse, projected, sizes, strict=True))):
            x = fuse(x, fine, size)
        answer: Tensor = self.head(self.enlarge(x))
        return answer


def grid_of(picture: Tensor, patch_px: int) -> tuple[int, int]:
    """Return the rows and columns of patches in a picture (N, 3, H, W)."""
    return picture.shape[2] // patch_px, picture.shape[3] // patch_px


def dtype_of(module: nn.Module) -> torch.dtype:
    """Return the number format of a module's parameters."""
    return next(module.parameters()).dtype
