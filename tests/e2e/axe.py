"""What axe-core finds wrong with a page for people who see no colours or hold no mouse."""

from pathlib import Path
from typing import Any

AXE = Path(__file__).parent / "axe-core" / "axe.min.js"


def violations(page: Any) -> list[str]:
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(AXE.read_text())
    # Plotly's and the grid's insides are theirs to mend
    found = page.evaluate("axe.run({exclude: ['.js-plotly-plot']})")
    return [f"{one['id']}: {node['html'][:160]}" for one in found["violations"] for node in one["nodes"]]
