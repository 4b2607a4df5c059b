"""Checkpoints as the MiDaS project publishes them, with weights that follow from each parameter's name and shape.

The reference outputs in `tests/data/midas.npz` were made by the published network definitions filled like this, so a
network that gives the same outputs from the same names and shapes is the same network.
"""

import zlib
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from core.depth import catalog
from core.depth.midas import names
from core.depth.midas.network import build

COMPUTED = (
    "relative_position_index",
    "relative_coords_table",
    "attn_mask",
    "attention_bias_idxs",
    "num_batches_tracked",
)
SPREAD = {  # leaf of the name: offset and spread of its values
    "running_mean": (0.0, 0.1),
    "logit_scale": (np.log(10), 0.1),
    "attention_biases": (0.0, 0.1),
    "relative_position_bias_table": (0.0, 0.1),
    "gamma_1": (0.5, 0.1),
    "gamma_2": (0.5, 0.1),
    "cls_token": (0.0, 0.1),
    "pos_embed": (0.0, 0.1),
}


def shapes(name: str) -> dict[str, tuple[int, ...]]:
    """Published name -> shape of every parameter that a checkpoint of the network must hold."""
    family = catalog.MODELS[name].family
    with torch.device("meta"):
        own = {key: value for key, value in build(name).state_dict().items() if not key.endswith("num_batches_tracked")}
    found = {names.published(key, family): tuple(value.shape) for key, value in own.items()}
    assert len(found) == len(own), "two parameters have one published name"
    return found


def parameter(key: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    noise = np.random.default_rng(zlib.crc32(key.encode())).standard_normal(shape, dtype=np.float32)
    leaf = key.rsplit(".", 1)[-1]
    if leaf == "running_var":
        value = 1 + 0.25 * np.tanh(noise)
    elif leaf in SPREAD:
        offset, spread = SPREAD[leaf]
        value = offset + spread * noise
    elif key == "scratch.output_conv.4.bias":
        value = 0.05 * np.abs(noise)
    elif leaf == "bias" or leaf.endswith("_bias"):
        value = 0.05 * noise
    elif leaf == "weight" and len(shape) == 1:
        value = 1 + 0.1 * noise
    else:
        value = (noise / np.sqrt(np.prod(shape[1:]))).astype(np.float32)
        if key == "scratch.output_conv.4.weight":
            value = np.abs(value)
        elif key.startswith("pretrained.") and len(shape) == 4:
            value = 0.7 * value
    return np.asarray(value, np.float32)


@lru_cache(maxsize=1)
def checkpoint(name: str) -> dict[str, torch.Tensor]:
    return {key: torch.from_numpy(parameter(key, shape)) for key, shape in shapes(name).items()}


def network_input(height: int, width: int) -> torch.Tensor:
    y, x = (np.mgrid[0:height, 0:width] / np.array([height, width])[:, None, None]).astype(np.float64)
    channels = (
        np.sin(2 * np.pi * (x + 0.5 * y)) * np.cos(3 * np.pi * y),
        2 * np.exp(-((x - 0.5) ** 2 + (y - 0.45) ** 2) / 0.05) - 1,
        np.cos(6 * np.pi * x * y),
    )
    return torch.from_numpy(np.stack(channels)[None].astype(np.float32))


def photo(height: int = 600, width: int = 451) -> NDArray[np.uint8]:
    y, x = np.mgrid[0:height, 0:width] / np.array([height, width])[:, None, None]
    channels = (
        127 + 100 * np.sin(9 * x + 2 * y),
        60 + 180 * np.exp(-((x - 0.5) ** 2 + (y - 0.45) ** 2) / 0.05),
        127 + 90 * np.cos(21 * x * y),
    )
    return np.clip(np.round(np.stack(channels, -1)), 0, 255).astype(np.uint8)
