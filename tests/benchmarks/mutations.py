"""`python -m tests.benchmarks.mutations [--count 5000] [--seed 1]`: damaged pictures, sent to a real server.

Pictures of every format, some with EXIF, are cut, changed, doubled or filled at random places and sent as photos.
Prints how many were taken and refused, by status, and the slowest answer. Any 500, or an answer that takes longer than
decoding may, is printed with the seed that makes it again.
"""

import argparse
import io
import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pillow_heif
import requests
from PIL import Image

from tests.benchmarks.strangers import served

LONGEST_S = 65.0  # the setting `decode_s`, and some for what is around it
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "HEIF", "AVIF")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    statuses: Counter[int] = Counter()
    took: list[float] = []
    with served() as (url, _):
        session = requests.Session()
        session.get(url, headers={"Accept": "text/html"})
        for number, (name, data) in enumerate(mutated(args.count, args.seed)):
            began = time.monotonic()
            status = session.post(f"{url}api/photos", files={"photos": (name, data)}, timeout=300.0).status_code
            took.append(time.monotonic() - began)
            statuses[status] += 1
            if status >= 500 or took[-1] > LONGEST_S:
                print(f"number {number} of seed {args.seed}, {name}: {status} after {took[-1]:.1f} s", flush=True)
        healthy = requests.get(f"{url}ready", timeout=60.0).status_code
    counted = ", ".join(f"{count} times {status}" for status, count in sorted(statuses.items()))
    print(
        f"{args.count} pictures: {counted}; median {1000 * statistics.median(took):.0f} ms, slowest {max(took):.1f} s"
    )
    print(f"the server afterwards: {healthy}")


def mutated(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Give so many damaged pictures, with their names."""
    chance = random.Random(seed)
    sources = list(_sources())
    for _ in range(count):
        name, data = chance.choice(sources)
        yield name, damaged(data, chance)


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The bytes of a file, cut, changed, doubled or filled at one to eight places."""
    found = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        # heads and tables are at the beginning: half of all damage is there
        at = chance.randrange(min(600, len(found)) if chance.random() < 0.5 else len(found)) if found else 0
        size = chance.choice((1, 1, 2, 4, 16, 200))
        how = chance.randrange(5)
        if how == 0:
            found[at : at + size] = chance.randbytes(size)
        elif how == 1:
            found[at : at + size] = bytes([chance.choice((0, 1, 127, 128, 255))]) * size
        elif how == 2:
            del found[at : at + size]
        elif how == 3:
            found[at:at] = found[at : at + size]
        elif chance.random() < 0.2:
            del found[at:]
    return bytes(found)


def _sources() -> Iterator[tuple[str, bytes]]:
    pillow_heif.register_heif_opener()
    y, x = np.mgrid[0:120, 0:160]
    picture = Image.fromarray(np.stack([x, y, (x * y) % 256], -1).astype(np.uint8))
    exif = Image.Exif()
    exif[0x0112], exif[0x920A], exif[0xA405] = 6, 4.2, 28
    for kind in FORMATS:
        for more in ({}, {"exif": exif.tobytes()}):
            if more and kind in ("BMP", "GIF"):
                continue
            packed = io.BytesIO()
            picture.save(packed, kind, **more)
            yield f"picture.{kind.lower()}", packed.getvalue()
    for mode in ("L", "P", "1", "I;16", "RGBA", "CMYK"):
        packed = io.BytesIO()
        changed = picture.convert("I").convert("I;16") if mode == "I;16" else picture.convert(mode)
        changed.save(packed, "TIFF" if mode in ("CMYK", "I;16") else "PNG")
        yield f"{mode.replace(';', '')}.png", packed.getvalue()
    progressive = io.BytesIO()
    picture.save(progressive, "JPEG", progressive=True)
    yield "progressive.jpg", progressive.getvalue()


if __name__ == "__main__":
    main()
