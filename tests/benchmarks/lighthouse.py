"""`python -m tests.benchmarks.lighthouse [FOLDER] [--pages Studio Face]`: what Lighthouse says of each page.

Prints, of a real server with eight faces: performance, accessibility, best practices and SEO, on a desktop and on a
phone, the median of the rounds, and which audits fell short. Chromium renders in software, so performance is that of
this machine, and falls with what else it does: its load stands beside the figures.

Needs Chromium, and Node 18.20 or later, whose `npx` fetches Lighthouse from the registry of npm into a temporary
folder.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from core.photo.formats import is_picture
from tests.benchmarks.waiting import SAMPLES, Browser, different, served
from tests.e2e.conftest import BROWSERS, FLAGS

VERSION = "12.8.2"  # the last that runs on Node 18 and 20
FACES = 8
CATEGORIES = {
    "performance": "performance",
    "accessibility": "accessibility",
    "best-practices": "best practices",
    "seo": "SEO",
}
METRICS = ("first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift")
FORMS = {"desktop": ["--preset=desktop"], "mobile": []}
PATIENCE_S = 300.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="photos of faces; the two samples where none is given")
    parser.add_argument("--pages", nargs="+", metavar="PAGE", help="only these")
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=list(FORMS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where the reports go, as JSON")
    args = parser.parse_args()
    browser = next((place for name in BROWSERS if (place := shutil.which(name))), None)
    if browser is None or shutil.which("npx") is None:
        sys.exit(f"Lighthouse needs npx of Node and one of {', '.join(BROWSERS)}.")
    sources = [file for file in sorted(args.folder.iterdir()) if is_picture(file)] if args.folder else SAMPLES
    with tempfile.TemporaryDirectory() as folder:
        reports = args.keep or Path(folder) / "reports"
        reports.mkdir(parents=True, exist_ok=True)
        with served(Path(folder) / "data") as url:
            cookie, places = filled(url.rstrip("/."), sources)
            for name, place in places.items():
                if args.pages and name not in args.pages:
                    continue
                for form in args.forms:
                    rounds = [
                        measured(
                            browser, url.rstrip("/.") + place, cookie, form, reports / f"{name}-{form}-{number}.json"
                        )
                        for number in range(args.rounds)
                    ]
                    print(f"{name}, {form}: {summary(rounds)}; load {os.getloadavg()[0]:.1f}", flush=True)


def filled(url: str, sources: list[Path]) -> tuple[str, dict[str, str]]:
    """Make the faces; the cookie that shows them, and the address of each page."""
    person = Browser(url)
    runs = [
        person.send(different(sources[n % len(sources)], n), f"{sources[n % len(sources)].stem}-{n}.jpg")
        for n in range(FACES)
    ]
    person.follow(runs, time.monotonic())
    ids = [face["id"] for face in person.ask("/api/faces").json()["faces"]][:FACES]
    photo = person.ask(f"/api/faces/{ids[0]}").json()["photo_id"]
    listed = ",".join(ids)
    return person.cookie, {
        "Studio": "/",
        "Face": f"/face/{ids[0]}",
        "Library": "/library",
        "Compare": f"/compare?faces={listed}",
        "Statistics": f"/statistics?faces={listed}",
        "Print": f"/print/{ids[0]}",
        "Models": "/models",
        "Mark": f"/mark/{photo}",
    }


def measured(browser: str, address: str, cookie: str, form: str, report: Path) -> dict[str, Any]:
    """Let Lighthouse visit a page with an empty cache."""
    command = [
        "npx", "--yes", f"lighthouse@{VERSION}", address, "--quiet", "--output=json", f"--output-path={report}",
        f"--extra-headers={json.dumps({'Cookie': cookie})}", *FORMS[form],
        f"--chrome-flags=--headless=new {' '.join(FLAGS)}",
        f"--only-categories={','.join(CATEGORIES)}", "--no-enable-error-reporting",
    ]  # fmt: skip
    cache = Path(tempfile.gettempdir()) / "lifemask-lighthouse"
    environ = {**os.environ, "CHROME_PATH": browser, "npm_config_cache": str(cache), "NO_UPDATE_NOTIFIER": "1"}
    for is_last in (False, True):  # Chromium loses the beginning of a page now and then
        if subprocess.run(command, check=is_last, env=environ, timeout=PATIENCE_S).returncode == 0:
            break
    return dict(json.loads(report.read_text()))


def summary(rounds: list[dict[str, Any]]) -> str:
    """The medians of the categories and of what performance is made from, and the audits below the best."""
    scores = [
        f"{name} {statistics.median(100 * (one['categories'][key]['score'] or 0) for one in rounds):.0f}"
        for key, name in CATEGORIES.items()
    ]
    metrics = [
        f"{key} {statistics.median(one['audits'][key]['numericValue'] for one in rounds):.4g}" for key in METRICS
    ]
    last = rounds[-1]
    short = [
        audit["id"]
        for key, category in last["categories"].items()
        if key != "performance"
        for audit in category["auditRefs"]
        if audit["weight"] and (last["audits"][audit["id"]]["score"] or 1) < 1
    ]
    return "; ".join([", ".join(scores), ", ".join(metrics), f"short of the best: {', '.join(short) or 'none'}"])


if __name__ == "__main__":
    main()
