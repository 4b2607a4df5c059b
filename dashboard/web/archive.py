"""Many files -> one zip, written as it is sent: no more of it in memory than a piece of one file."""

import io
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

PIECE_BYTES = 256 * 1024
PACKED = {".zip", ".3mf", ".png", ".jpg", ".webp", ".glb"}  # squeezing them again gains nothing
SQUEEZE = 1  # level of compression: the network is seldom slower than this


class _Outbox(io.RawIOBase):
    """What the zip has written since it was last asked."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        parts, self.parts = self.parts, []
        return b"".join(parts)


Made = Callable[[], bytes | None]


def zipped(files: Iterable[tuple[str, Path | Made]]) -> Iterator[bytes]:
    """Pieces of a zip that holds each path, or what is made when its turn comes, under its name.

    A file that is gone by then, or cannot be made, is left out.
    """
    outbox = _Outbox()
    with zipfile.ZipFile(outbox, "w", compresslevel=SQUEEZE) as archive:
        for name, path in files:
            if not isinstance(path, Path):
                data = path()
                if data is not None:
                    entry = zipfile.ZipInfo(name, time.localtime()[:6])
                    is_packed = Path(name).suffix in PACKED
                    archive.writestr(entry, data, zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED)
                    yield outbox.taken()
                continue
            try:
                source = path.open("rb")
            except FileNotFoundError:
                continue
            with source:
                entry = zipfile.ZipInfo.from_file(path, name)
                entry.compress_type = zipfile.ZIP_STORED if path.suffix in PACKED else zipfile.ZIP_DEFLATED
                with archive.open(entry, "w") as target:
                    while piece := source.read(PIECE_BYTES):
                        target.write(piece)
                        yield outbox.taken()
    yield outbox.taken()
