"""The built-in face network: a small residual U-Net of plain 3x3 convolutions, which is what a CPU runs fast."""

import torch
from torch import Tensor, nn
from torch.nn import functional

LANDMARKS = 68
WIDTHS = (32, 48, 80, 112, 128)  # channels at 1/2, 1/4, 1/8, 1/16 and 1/32 of the window's side
HEATMAP_WIDTH = 48
FINDER_WIDTHS = (16, 24, 40, 64)  # at 1/2, 1/4, 1/8 and 1/16
FINDER_CELL_PX = 4
FINDER_MULTIPLE_PX = 16
FINDER_IPD_PX = 8.0


class ConvNorm(nn.Sequential):
    """Convolution, batch normalisation and, unless it ends a residual, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1, relu: bool = True) -> None:
        layers = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs)]
        super().__init__(*layers, *([nn.ReLU(inplace=True)] if relu else []))


class Residual(nn.Module):
    """Two 3x3 convolutions beside the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = ConvNorm(width, width)
        self.second = ConvNorm(width, width, relu=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        changed: Tensor = self.second(self.first(x))
        return changed.add_(x).relu_()


class FaceUNet(nn.Module):
    """Picture windows -> relief, masks and landmark heatmaps.

    forward : (N, 3, S, S) float, (rgb / 255 - 0.5) / 0.25, S a multiple of 64 ->
        relief (N, 1, S, S), larger is nearer;
        masks (N, 2, S/2, S/2), logits of head and of everything in front of the background;
        heatmaps (N, 68, S/4, S/4), logits.
    """

    def __init__(self) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth, deep = WIDTHS
        self.stem = ConvNorm(12, half)
        self.down4 = nn.Sequential(ConvNorm(half, quarter, stride=2), Residual(quarter))
        self.down8 = nn.Sequential(ConvNorm(quarter, eighth, stride=2), Residual(eighth), Residual(eighth))
        self.down16 = nn.Sequential(ConvNorm(eighth, sixteenth, stride=2), Residual(sixteenth), Residual(sixteenth))
        self.down32 = nn.Sequential(ConvNorm(sixteenth, deep, stride=2), Residual(deep), Residual(deep))
        self.down64 = nn.Sequential(ConvNorm(deep, deep, stride=2), Residual(deep))
        self.lift64 = ConvNorm(deep, deep, kernel=1)
        self.lift32 = ConvNorm(deep, sixteenth, kernel=1)
        self.merge16 = Residual(sixteenth)
        self.lift16 = ConvNorm(sixteenth, eighth, kernel=1)
        self.merge8 = Residual(eighth)
        self.lift8 = ConvNorm(eighth, quarter, kernel=1)
        self.merge4 = Residual(quarter)
        self.lift4 = ConvNorm(quarter, half, kernel=1)
        self.merge2 = ConvNorm(half, half)
        self.maps = nn.Conv2d(half, 1 + 4 + 2, 3, padding=1)  # relief, its detail in each of four pixels, masks
        self.heatmaps = nn.Sequential(ConvNorm(quarter, HEATMAP_WIDTH), nn.Conv2d(HEATMAP_WIDTH, LANDMARKS, 1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See the class."""
        at2 = self.stem(functional.pixel_unshuffle(x, 2).contiguous(memory_format=torch.channels_last))
        at4 = self.down4(at2)
        at8 = self.down8(at4)
        at16 = self.down16(at8)
        at32 = self.down32(at16)
        at32 = _twice(self.lift64(self.down64(at32))).add_(at32)
        at16 = self.merge16(_twice(self.lift32(at32)).add_(at16))
        at8 = self.merge8(_twice(self.lift16(at16)).add_(at8))
        at4 = self.merge4(_twice(self.lift8(at8)).add_(at4))
        maps = self.maps(self.merge2(_twice(self.lift4(at4)).add_(at2)))
        relief = _twice(maps[:, :1]) + functional.pixel_shuffle(maps[:, 1:5], 2)
        return relief, maps[:, 5:], self.heatmaps(at4)


class FaceFinder(nn.Module):
    """A small network that says where faces are whose IPD is about 4 to 13 pixels, in a picture of any size.

    forward : (N, 3, H, W) float as above, H and W multiples of 16 -> (N, 4, H/4, W/4): logit of 'the middle of a face
        is in this cell', log2 of its IPD in `FINDER_IPD_PX`, x and y of the middle from the cell's centre in cells.
    """

    def __init__(self) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth = FINDER_WIDTHS
        self.at4 = nn.Sequential(
            ConvNorm(3, half, stride=2), ConvNorm(half, quarter, stride=2), ConvNorm(quarter, quarter)
        )
        self.at8 = nn.Sequential(ConvNorm(quarter, eighth, stride=2), Residual(eighth))
        self.at16 = nn.Sequential(ConvNorm(eighth, sixteenth, stride=2), Residual(sixteenth))
        self.lift16 = ConvNorm(sixteenth, eighth, kernel=1)
        self.merge8 = ConvNorm(eighth, eighth)
        self.lift8 = ConvNorm(eighth, quarter, kernel=1)
        self.merge4 = ConvNorm(quarter, quarter)
        self.answer = nn.Conv2d(quarter, 4, 1)
        assert self.answer.bias is not None
        with torch.no_grad():
            self.answer.bias.copy_(torch.tensor([-4.0, 0.0, 0.0, 0.0]))  # faces are rare

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        at4 = self.at4(x)
        at8 = self.at8(at4)
        at8 = self.merge8(at8 + _twice(self.lift16(self.at16(at8))))
        at4 = self.merge4(at4 + _twice(self.lift8(at8)))
        answer: Tensor = self.answer(at4)
        return answer


def _twice(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
