"""`python -m tests.benchmarks.flat [--runs 500]`: whether memory grows with the number of runs.

Sends photos to a real server, some at a time, until so many runs of photos are done, and prints after each fifth of
them what server, decoder and workers hold (resident). The first fifth loads what is loaded once.
"""

import argparse
import time

import requests

from tests.benchmarks.strangers import served
from tests.benchmarks.waiting import SAMPLES, different

AT_A_TIME = 10
VARIANTS = 50  # each has a row less, and what was deleted is new again
OPTIONS = {"solid": "none", "max_triangles": 6000}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=500)
    args = parser.parse_args()
    with served() as (url, process):
        session = requests.Session()
        session.get(url, headers={"Accept": "text/html"})
        fifth = max(AT_A_TIME, args.runs // 5)
        done = 0
        while done < args.runs:
            for number in range(done, done + AT_A_TIME):
                files = {"photos": (f"{number}.jpg", different(SAMPLES[number % 2], number % VARIANTS))}
                photo = session.post(f"{url}api/photos", files=files, timeout=60.0).json()["photos"][0]["id"]
                session.post(f"{url}api/runs", json={"photo_id": photo, "options": OPTIONS}, timeout=60.0)
            while session.get(f"{url}api/changes", timeout=60.0).json()["busy"]:
                time.sleep(0.2)
            session.delete(f"{url}api/workspace", timeout=60.0)
            done += AT_A_TIME
            if done % fifth == 0:
                held = sorted((p.memory_info().rss for p in (process, *process.children(recursive=True))), reverse=True)
                each = ", ".join(f"{one / 1e6:.0f}" for one in held)
                print(f"after {done} runs: {sum(held) / 1e6:.0f} MB ({each})", flush=True)


if __name__ == "__main__":
    main()
