"""Files of a face's compact folder, made when they are asked for."""

from pathlib import Path
from tempfile import TemporaryDirectory

from core.files import head_files, parts


def made(folder: Path, name: str) -> bytes:
    """Make a file of a face from what its folder keeps: the very bytes that `lifemask run` and `head` write.

    folder : one that `core.files.write_depths` wrote. name : of `catalog.MADE_FROM`.
    Nothing is left on the disk, so any number may ask at once. Raises FormatError where the folder is not whole.
    """
    with TemporaryDirectory(prefix="lifemask-") as place:
        path, kept = Path(place) / name, parts.Parts(folder)
        if name in head_files.MAKERS:
            head_files.MAKERS[name](head_files.Made.of(kept), path)
        else:
            parts.MAKERS[name](kept, path)
        return path.read_bytes()
