"""Where a network computes and in which number format."""

import ctypes
import sys
import time
from functools import lru_cache

import cv2
import torch

from core.errors import OptionError

DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "float32", "bfloat16")
PROBE_SIDE = 768
PROBE_ROUNDS = 5
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's mallopt
REUSED_BYTES = 32 * 2**20  # the largest that glibc takes
WORTH_IT = 0.75  # of the float32 time, under which bfloat16 is taken


def choose_device(device: str) -> torch.device:
    """Return the device of that name; "auto" takes CUDA, then MPS, then the processor.

    Raises
    ------
    OptionError
        If the name is unknown or there is no such device on this machine.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if device == "auto":
        device = next(name for name, available in there.items() if available)
    if device not in there:
        raise OptionError(f"There is no device '{device}'. Choose one of: {', '.join(DEVICES)}.")
    if not there[device]:
        raise OptionError(f"This machine has no {device} device that torch can use. Choose 'auto' or 'cpu'.")
    return torch.device(device)


def use_threads(count: int) -> None:
    """Let networks, and filters of pictures, take so many threads of this process: fewer, where several work at once."""
    torch.set_num_threads(count)
    cv2.setNumThreads(count)


def known_precision(precision: str) -> str:
    """Return the precision as it is.

    Raises
    ------
    OptionError
        If it is unknown.
    """
    if precision not in PRECISIONS:
        raise OptionError(f"There is no precision '{precision}'. Choose one of: {', '.join(PRECISIONS)}.")
    return precision


def choose_trunk_dtype(precision: str, device: torch.device) -> torch.dtype:
    """Return the number format of a network's trunk; all else of it stays in float32.

    "auto" is bfloat16 where the device computes it natively and, on a processor, also measurably faster: there are
    processors with AVX512-BF16 and without AMX whose bfloat16 matrix product is the slower one.

    Raises
    ------
    OptionError
        If the precision is unknown.
    """
    if known_precision(precision) == "auto":
        precision = "bfloat16" if _gains_by_bfloat16(device.type) else "float32"
    return torch.bfloat16 if precision == "bfloat16" else torch.float32


@lru_cache
def _gains_by_bfloat16(device_type: str) -> bool:
    if device_type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device_type == "mps":
        return False
    found: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    native = any(found.get(feature) for feature in ("avx512_bf16", "amx_bf16", "bf16"))
    return native and bfloat16_time_share() < WORTH_IT


def bfloat16_time_share() -> float:
    """Return the time of a matrix product in bfloat16 over its time in float32, on this processor; takes 0.1 s."""
    operands = {dtype: torch.ones(PROBE_SIDE, PROBE_SIDE, dtype=dtype) for dtype in (torch.float32, torch.bfloat16)}
    best = dict.fromkeys(operands, float("inf"))
    with torch.inference_mode():
        for _ in range(PROBE_ROUNDS):
            for dtype, square in operands.items():
                begun = time.perf_counter()
                torch.mm(square, square)
                best[dtype] = min(best[dtype], time.perf_counter() - begun)
    return best[torch.bfloat16] / best[torch.float32]


@lru_cache(maxsize=1)
def keep_freed_memory() -> None:
    """Let the process reuse freed blocks of up to 32 MB instead of giving each back to the system.

    A network's activations are such blocks, and page faults took a sixth of the built-in network's time. Only glibc has
    this choice; elsewhere nothing is done.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, REUSED_BYTES)
        mallopt(M_TRIM_THRESHOLD, 8 * REUSED_BYTES)
