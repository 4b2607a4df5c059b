"""When two pieces of work are one: the same input, options, code and weights."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import core
from core.version import libraries


def equal_key(kind: str, of: Sequence[str], options: Mapping[str, Any]) -> str:
    """Return a hash of all that a result depends on, the code itself among it.

    of : what it is made of, as the hash of a photo.
    """
    return hashlib.sha256(json.dumps([kind, [*of], options, code(), libraries()], sort_keys=True).encode()).hexdigest()


@cache
def code() -> str:
    """Return a hash of the files of `core`, its built-in weights too: no version must be thought of, none is missed."""
    found, root = hashlib.sha256(), Path(core.__file__).parent
    for path in sorted(path for path in root.rglob("*") if path.suffix in (".py", ".npy", ".safetensors")):
        found.update(path.relative_to(root).as_posix().encode())
        found.update(path.read_bytes())
    return found.hexdigest()
