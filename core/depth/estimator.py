"""Networks loaded once and asked many times: device, precision, batches, and the way back to the picture's size."""

import gc
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from core.depth import catalog, midas, weights
from core.depth.builtin.depth import BuiltinDepth
from core.depth.builtin.network import BuiltinNetwork
from core.depth.device import choose_device, choose_trunk_dtype, keep_freed_memory, known_precision
from core.depth.midas.preprocess import network_input
from core.depth.network import DepthNetwork
from core.face.maps import FaceNetwork

BATCH = 16


class Networks:
    """The networks of one process: each is loaded at its first use; one MiDaS network is kept at a time.

    Parameters
    ----------
    device : "auto" takes CUDA, then MPS, then the processor.
    precision : "auto" runs the trunk of the encoder in bfloat16 where that is faster and accurate enough, and all else
        in float32.
    weights : folder where the MiDaS weights are; None is `core.depth.weights.weights_dir()`.

    Attributes
    ----------
    loads : how often each network was loaded, by name.

    Raises
    ------
    OptionError
        If the device or the precision is unknown or not to be had on this machine.
    """

    def __init__(self, device: str = "auto", precision: str = "auto", weights: Path | None = None) -> None:
        keep_freed_memory()
        self.device = choose_device(device)
        self.precision = known_precision(precision)
        self.loads: Counter[str] = Counter()
        self._folder = weights
        self._face: FaceNetwork | None = None
        self._depth: MidasNetwork | None = None
        self._depth_file: tuple[Path, int, int, int] | None = None

    def face(self) -> FaceNetwork:
        """Return the built-in network, which finds, masks and measures faces."""
        if self._face is None:
            self._face = BuiltinNetwork(device=self.device.type)
            self.loads[catalog.BUILTIN] += 1
        return self._face

    def default(self) -> str:
        """Return the network that 'auto' stands for: see `core.depth.weights.default_model`."""
        return weights.default_model(self._folder)

    def depth(self, name: str) -> DepthNetwork:
        """Return the network called `name`; a MiDaS network before it is released.

        Raises
        ------
        WeightsError
            If there is no such network, or its weights are not on disk or not usable.
        """
        if name == catalog.BUILTIN:
            return BuiltinDepth(self.face())
        path = weights.ready(name, self._folder)
        file = _state(path)  # the network's numbers are mapped from it: it must still be the file that was checked
        if self._depth is None or self._depth_file != file:
            self.release()
            network = midas.load(name, path)
            exact = self.precision == "auto" and not network.encoder.KEEPS_BFLOAT16
            dtype = torch.float32 if exact else choose_trunk_dtype(self.precision, self.device)
            self._depth, self._depth_file = MidasNetwork(name, network, self.device, dtype), file
            self.loads[name] += 1
        return self._depth

    def release(self) -> None:
        """Let go of the MiDaS network and its memory."""
        self._depth = self._depth_file = None
        gc.collect()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        elif self.device.type == "mps":
            torch.mps.empty_cache()


class MidasNetwork:
    """One MiDaS network on its device; made by `Networks.depth`.

    Attributes
    ----------
    precision : the number format of the encoder's trunk; all else is float32.
    """

    def __init__(self, name: str, network: "midas.MidasModule", device: torch.device, trunk_dtype: torch.dtype) -> None:
        self.name = name
        self._model = catalog.entry(name)
        self._device = device
        self._network = network.to(device)
        self._network.encoder.trunk.to(trunk_dtype)
        if device.type == "cuda" or network.encoder.CONVOLUTIONAL:
            self._network.to(memory_format=torch.channels_last)
        self.precision = str(trunk_dtype).removeprefix("torch.")

    def predict(self, pictures: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        """Return the inverse depth of each picture, at its size; pictures of equal network size go together.

        Parameters
        ----------
        pictures : (H, W, 3) uint8 RGB each.

        Returns
        -------
        (H, W) float32 each, larger is nearer, up to an unknown scale and shift per picture.
        """
        inputs = [network_input(picture, self._model) for picture in pictures]
        groups: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
        for index, array in enumerate(inputs):
            groups[array.shape].append(index)
        answers: dict[int, NDArray[np.float32]] = {}
        for members in groups.values():
            for start in range(0, len(members), BATCH):
                batch = members[start : start + BATCH]
                maps = self._run(np.stack([inputs[index] for index in batch]))
                for index, answer in zip(batch, maps, strict=True):
                    answers[index] = _at_size(answer, pictures[index].shape[:2])
        return [answers[index] for index in range(len(pictures))]

    def _run(self, batch: NDArray[np.float32]) -> torch.Tensor:
        with torch.inference_mode():
            answer: torch.Tensor = self._network(torch.from_numpy(batch).to(self._device))
            return answer.cpu()


def _at_size(inverse_depth: torch.Tensor, size: tuple[int, int]) -> NDArray[np.float32]:
    """(h, w) -> (H, W) by the published bicubic resampling."""
    resized = functional.interpolate(inverse_depth[None, None], size=size, mode="bicubic", align_corners=False)
    return resized[0, 0].numpy()


def _state(path: Path) -> tuple[Path, int, int, int]:
    """Return what differs once the file at `path` was replaced or written to."""
    state = path.stat()
    return path, state.st_ino, state.st_size, state.st_mtime_ns
