"""Published checkpoints: read as untrusted input, held against the network's parameters one by one, converted once.

A checkpoint holds parameters by their published names, perhaps beside an optimiser's state. Buffers that a network
computes for itself may be in the file and are left aside.
"""

import os
import pickle
import re
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from core.depth import catalog
from core.depth.midas import names
from core.depth.midas.network import MidasModule, build
from core.errors import WeightsError

COMPUTED = (
    "relative_position_index",
    "relative_coords_table",
    "attn_mask",
    "attention_bias_idxs",
    "num_batches_tracked",
)
SHOWN = 3  # parameters that an error names before it counts the rest


def load(name: str, checkpoint: Path) -> MidasModule:
    """Return the network called `name` with the weights in `checkpoint`.

    Parameters
    ----------
    checkpoint : a published .pt file, or the .safetensors file that `convert` made of one, which is memory-mapped.

    Returns
    -------
    In eval mode, float32, on the processor: (N, 3, H, W) normalised pictures -> (N, H, W) inverse depth.

    Raises
    ------
    WeightsError
        If there is no such network; if the file cannot be read or holds anything but tensors; if a parameter is
        missing, unexpected or of another shape, by its name.
    """
    family = catalog.entry(name).family
    network = _empty(name)
    stored = _checked(network, family, read(checkpoint), name, checkpoint)
    own = network.state_dict()
    state = {key: stored[names.published(key, family)] for key in own if not _is_computed(key)}
    state |= {key: torch.zeros((), dtype=torch.long) for key in own if key.endswith("num_batches_tracked")}
    network.load_state_dict(state, strict=True, assign=True)
    _compute_buffers(network)
    return network.eval().requires_grad_(False)


def convert(name: str, checkpoint: Path, target: Path) -> None:
    """Write the parameters in `checkpoint` to the safetensors file `target`, by their published names, in float32.

    Raises
    ------
    WeightsError
        As `load`.
    OSError
        If `target` cannot be written.
    """
    family = catalog.entry(name).family
    stored = _checked(_empty(name), family, read(checkpoint), name, checkpoint)
    try:
        save_file({key: value.contiguous() for key, value in stored.items()}, target)
    except SafetensorError as problem:
        if number := re.search(r"os error (\d+)", str(problem)):
            raise OSError(int(number[1]), os.strerror(int(number[1])), str(target)) from problem
        raise
    target.chmod(0o644)  # safetensors writes for the owner alone


def read(checkpoint: Path) -> dict[str, Tensor]:
    """Return the tensors in a checkpoint by their published names, as stored.

    Raises
    ------
    WeightsError
        If the file cannot be read or holds anything but tensors.
    """
    if not checkpoint.is_file():
        raise WeightsError(f"There is no checkpoint {checkpoint}.")
    try:
        if checkpoint.suffix == ".safetensors":
            return load_file(checkpoint)
        content = _unpickle(checkpoint)
    except Exception as problem:  # whatever the readers raise on a hostile or damaged file, the person gets a sentence
        if isinstance(problem, pickle.UnpicklingError) and "GLOBAL" in str(problem):
            raise WeightsError(
                f"{checkpoint.name} was not opened: it holds more than numbers and could run a program on this "
                "machine. Use the file that the MiDaS project published."
            ) from problem
        raise WeightsError(f"{checkpoint.name} is damaged or not a checkpoint. Fetch it again.") from problem
    if isinstance(content, dict) and isinstance(content.get("model"), dict):
        content = content["model"]
    if not isinstance(content, dict) or not content:
        raise WeightsError(f"{checkpoint.name} holds no parameters. Use the file that the MiDaS project published.")
    for key, value in content.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            raise WeightsError(
                f"{checkpoint.name} holds '{key}', which is {type(value).__name__} and not a tensor. "
                "Use the file that the MiDaS project published."
            )
    return content


def _unpickle(checkpoint: Path) -> object:
    try:
        return torch.load(checkpoint, map_location="cpu", weights_only=True, mmap=True)
    except RuntimeError as problem:
        if "mmap" not in str(problem):
            raise
        return torch.load(checkpoint, map_location="cpu", weights_only=True)  # written before torch 1.6


def _checked(
    network: nn.Module, family: str, stored: dict[str, Tensor], name: str, checkpoint: Path
) -> dict[str, Tensor]:
    """Return the parameters that the network needs, in float32; every other finding is an error."""
    stored = {key: value for key, value in stored.items() if not _is_computed(key)}
    wanted = {names.published(key, family): value.shape for key, value in network.state_dict().items()}
    wanted = {key: shape for key, shape in wanted.items() if not _is_computed(key)}
    findings = [
        *(f"{key} is missing" for key in wanted if key not in stored),
        *(f"{key} is not expected" for key in stored if key not in wanted),
        *(
            f"{key} has shape {tuple(stored[key].shape)} instead of {tuple(shape)}"
            for key, shape in wanted.items()
            if key in stored and stored[key].shape != shape
        ),
        *(f"{key} holds {value.dtype}" for key, value in stored.items() if not value.is_floating_point()),
    ]
    if findings:
        rest = f", and {len(findings) - SHOWN} more" if len(findings) > SHOWN else ""
        raise WeightsError(f"{checkpoint.name} is no checkpoint of {name}: {', '.join(findings[:SHOWN])}{rest}.")
    return {key: stored[key].float() for key in wanted}


def _empty(name: str) -> MidasModule:
    """Build the network without memory for its parameters."""
    with torch.device("meta"):
        return build(name)


def _compute_buffers(network: nn.Module) -> None:
    """Give memory and values to the buffers that are in no checkpoint, by timm's own initialisers."""
    for module in network.modules():
        for key, buffer in module.named_buffers(recurse=False):
            if buffer.is_meta:
                setattr(module, key, torch.empty_like(buffer, device="cpu"))
    for module in network.modules():
        initialise = getattr(module, "init_non_persistent_buffers", None)
        if callable(initialise):
            initialise()


def _is_computed(key: str) -> bool:
    return key.rsplit(".", 1)[-1] in COMPUTED
