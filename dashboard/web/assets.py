"""Where css, scripts, icons and samples are."""

from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def assets_folder() -> Path:
    """Return the folder of css, scripts and icons: inside the package when installed, beside it in a checkout."""
    installed = PACKAGE / "assets"
    return installed if installed.is_dir() else PACKAGE.parent / "assets"
