"""`python -m tests.benchmarks.large_pictures [--clients 8] [--no-runs]`: memory while large photos come.

Sends a portrait of 10,000 by 10,000 pixels from each client, waits as the Studio does where the server says so, and
starts its run, or not. Prints the most memory that server, decoder and workers held together until the last picture was
stored, and until the last run was over. Pages that several of them share, as the code of torch, count once.
"""

import argparse
import io
import threading
import time
from collections.abc import Iterable
from contextlib import suppress

import psutil
import requests
from PIL import Image

from tests.benchmarks.strangers import served
from tests.benchmarks.waiting import SAMPLES

SIDE_PX = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--no-runs", action="store_true", help="send them alone")
    args = parser.parse_args()
    packed = io.BytesIO()
    with Image.open(SAMPLES[0]) as portrait:
        portrait.convert("RGB").resize((SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC).save(packed, "JPEG", quality=70)
    over = threading.Event()
    seen: list[tuple[float, list[int]]] = []
    ends: list[tuple[float, int, str]] = []
    with served() as (url, server):

        def watch() -> None:
            while not over.wait(0.1):
                seen.append((time.monotonic(), _memory(server)))

        def send(number: int) -> None:
            ends.append(_send(url, f"large-{number}.jpg", packed.getvalue() + bytes([number]), runs=not args.no_runs))

        threads = [threading.Thread(target=send, args=(number,)) for number in range(args.clients)]
        watching = threading.Thread(target=watch)
        for thread in (watching, *threads):
            thread.start()
        for thread in threads:
            thread.join()
        over.set()
        watching.join()
    stored = max(at for at, _, _ in ends)
    print(
        f"{args.clients} clients with 100 megapixels at once: {sum(seen[0][1]) / 1e9:.2f} GB before, "
        f"{_most(held for at, held in seen if at <= stored)} at the most until all were stored, "
        f"{_most(held for _, held in seen)} until their runs were over; "
        f"answers {sorted(code for _, code, _ in ends)}, runs {sorted(state for _, _, state in ends)}"
    )


def _send(url: str, name: str, picture: bytes, *, runs: bool) -> tuple[float, int, str]:
    """Return when the picture was stored, the answer's status, and how its run ended."""
    session = requests.Session()
    while "Retry-After" in (answer := session.post(f"{url}api/photos", files={"photos": (name, picture)})).headers:
        time.sleep(float(answer.headers["Retry-After"]))
    stored = time.monotonic()
    if not runs:
        return stored, answer.status_code, "none"
    run = session.post(f"{url}api/runs", json={"photo_id": answer.json()["photos"][0]["id"]}).json()
    while run["state"] in ("queued", "running"):
        time.sleep(0.5)
        (run,) = session.get(f"{url}api/runs", params={"ids": run["id"]}).json()["runs"]
    return stored, answer.status_code, run["state"]


def _memory(server: psutil.Process) -> list[int]:
    """Bytes of each process, the largest first."""
    found = []
    for process in (server, *server.children(recursive=True)):
        with suppress(psutil.Error):
            found.append(process.memory_full_info().pss)
    return sorted(found, reverse=True)


def _most(seen: Iterable[list[int]]) -> str:
    most = max(seen, key=sum)
    return f"{sum(most) / 1e9:.2f} GB ({', '.join(f'{held / 1e6:.0f}' for held in most)} MB)"


if __name__ == "__main__":
    main()
