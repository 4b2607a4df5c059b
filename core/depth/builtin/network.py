"""The built-in face network with its weights: windows of a picture -> `FaceMaps`."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from core.depth.builtin.architecture import (
    FINDER_CELL_PX,
    FINDER_IPD_PX,
    FINDER_MULTIPLE_PX,
    ConvNorm,
    FaceFinder,
    FaceUNet,
)
from core.face.maps import FaceMaps, Proposals

WEIGHTS = Path(__file__).with_name("weights.safetensors")
FINDER_WEIGHTS = Path(__file__).with_name("finder.safetensors")
SIDE_PX = 256
MM_PER_UNIT = 24.5  # one unit of relief on a face at IPD 63 mm: 25.2 on the renders, 24.2 on heads of another renderer
BATCH = 8
PEAK_RADIUS = 3  # heatmap cells round the peak that a landmark's place is averaged over


class BuiltinNetwork:
    """Finds, masks and measures faces in square windows; see `core.face.maps.FaceNetwork`."""

    side_px = SIDE_PX
    proposed_px = (4.0, 13.0)
    mm_per_unit = MM_PER_UNIT

    def __init__(self, weights: Path = WEIGHTS, device: str = "cpu", finder: Path = FINDER_WEIGHTS) -> None:
        self._network = _loaded(FaceUNet(), weights).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._finder = _loaded(FaceFinder(), finder).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._device = device

    def analyse(self, windows: NDArray[np.uint8]) -> FaceMaps:
        """Windows : (N, 256, 256, 3) uint8 RGB -> maps of 256 x 256."""
        parts = [self._batch(windows[start : start + BATCH]) for start in range(0, len(windows), BATCH)]
        return FaceMaps(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def propose(self, picture: NDArray[np.uint8], min_score: float) -> Proposals:
        """Picture (H, W, 3) uint8 RGB -> see `core.face.maps.FaceNetwork`."""
        padding = [-n % FINDER_MULTIPLE_PX for n in picture.shape[:2]]
        padded = np.pad(picture, ((0, padding[0]), (0, padding[1]), (0, 0)), "edge")
        with torch.inference_mode():
            return read_proposals(self._finder(self._input(padded[None]))[0].cpu(), min_score)

    def _input(self, windows: NDArray[np.uint8]) -> Tensor:
        x = torch.from_numpy(np.ascontiguousarray(windows)).to(self._device).permute(0, 3, 1, 2)
        return x.float().div(255).sub(0.5).div(0.25)

    def _batch(self, windows: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        with torch.inference_mode():
            relief, masks, heatmaps = self._network(self._input(windows))
            head = _full_size(masks[:, :1]).sigmoid()
            places, confidence = _peaks(heatmaps)
        return tuple(t.cpu().numpy() for t in (relief[:, 0], head[:, 0], places, confidence))


def _loaded(network: nn.Module, weights: Path) -> nn.Module:
    stored = {name: value.float() for name, value in load_file(weights).items()}
    counters = {name: value for name, value in network.state_dict().items() if name.endswith("num_batches_tracked")}
    network.load_state_dict(stored | counters, strict=True)
    _fuse(network.eval())
    return network


def _fuse(module: nn.Module) -> None:
    """Fold each batch normalisation into the convolution before it: the same function, a third less time."""
    for child in module.children():
        if isinstance(child, ConvNorm):
            child[0] = fuse_conv_bn_eval(child[0], child[1])  # type: ignore[type-var, arg-type]
            child[1] = nn.Identity()
        else:
            _fuse(child)


def read_proposals(answer: Tensor, min_score: float) -> Proposals:
    """The peaks of a `FaceFinder`'s answer (4, h, w), best first."""
    score = answer[0].sigmoid()
    peak = nn.functional.max_pool2d(score[None], 3, 1, 1)[0] == score
    rows, columns = torch.nonzero(peak & (score >= min_score), as_tuple=True)
    order = score[rows, columns].argsort(descending=True)
    rows, columns = rows[order], columns[order]
    _, size, *place = answer[:, rows, columns].float()
    middle = (torch.stack((columns, rows)) + torch.stack(place) + 0.5) * FINDER_CELL_PX - 0.5
    return Proposals(middle.T.numpy(), (FINDER_IPD_PX * size.exp2()).numpy(), score[rows, columns].numpy())


def _full_size(maps: Tensor) -> Tensor:
    return nn.functional.interpolate(maps, size=(SIDE_PX, SIDE_PX), mode="bicubic", align_corners=False)


def _peaks(heatmaps: Tensor) -> tuple[Tensor, Tensor]:
    """(N, L, h, w) logits -> places (N, L, 2) in window pixels and the share of probability round each peak (N, L)."""
    n, count, height, width = heatmaps.shape
    share = heatmaps.flatten(2).softmax(-1).view(n, count, height, width)
    peak = share.flatten(2).argmax(-1)
    rows = torch.arange(height, device=share.device).view(1, 1, height, 1)
    columns = torch.arange(width, device=share.device).view(1, 1, 1, width)
    near = ((rows - (peak // width)[..., None, None]).abs() <= PEAK_RADIUS) & (
        (columns - (peak % width)[..., None, None]).abs() <= PEAK_RADIUS
    )
    share = share * near
    confidence = share.sum((2, 3))
    x = (share * columns).sum((2, 3)) / confidence
    y = (share * rows).sum((2, 3)) / confidence
    scale = SIDE_PX / width
    return (torch.stack((x, y), -1) + 0.5) * scale - 0.5, confidence
