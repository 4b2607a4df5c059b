"""Folders written beside their place and put there in one step."""

import ctypes
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from core.storage import writing

AT_FDCWD, RENAME_EXCHANGE = -100, 2  # Linux, fcntl.h and fs.h


@contextmanager
def replacing(folders: Sequence[Path], ours: Collection[str]) -> Iterator[list[Path]]:
    """New folders beside `folders` that replace them at the end, all of them; after an error nothing has changed.

    ours : names of the files that this program writes. What else is in a folder that is replaced is somebody's own,
    and stays in it.

    Raises
    ------
    StorageError
        A folder could not be written.
    """
    parts: list[Path] = []
    try:
        for folder in folders:
            with writing(folder):
                folder.parent.mkdir(parents=True, exist_ok=True)
                parts.append(Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-")))
                parts[-1].chmod(0o755)
        with writing(folders[0]):
            yield parts
        _replace_all(folders, parts, ours)
    finally:
        for part in parts:
            shutil.rmtree(part, ignore_errors=True)


def _replace_all(folders: Sequence[Path], parts: Sequence[Path], ours: Collection[str]) -> None:
    """Put each part in the place of its folder; what is in the part afterwards is the old content, or nothing."""
    done: list[tuple[Path, Path]] = []
    try:
        for folder, part in zip(folders, parts, strict=True):
            with writing(folder):
                if folder.exists():
                    _keep(folder, part, ours)
                    _exchange(part, folder)  # not deleted in its place: that takes longer than a reader may wait
                else:
                    part.rename(folder)
            done.append((folder, part))
    except BaseException:
        for folder, part in reversed(done):
            if part.exists():
                _exchange(folder, part)
            else:
                folder.rename(part)
        raise


def _keep(old: Path, new: Path, ours: Collection[str]) -> None:
    """Bring what is not ours in `old` into `new` too; as links, so that it is in both at every moment."""
    for entry in old.iterdir():
        if entry.name in ours:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.copytree(entry, new / entry.name, symlinks=True, copy_function=_link)
        else:
            _link(entry, new / entry.name)


def _link(source: str | Path, target: str | Path) -> None:
    with suppress(OSError):  # a file system without hard links
        os.link(source, target, follow_symlinks=False)
        return
    shutil.copy2(source, target, follow_symlinks=False)


def _exchange(new: Path, old: Path) -> None:
    """Swap two folders: on Linux in one step, so that no reader finds none and a kill loses none."""
    if _exchanged_at_once(new, old):
        return
    aside = new.with_name(f"{new.name}-old")
    old.rename(aside)
    try:
        new.rename(old)
    except BaseException:
        aside.rename(old)
        raise
    aside.rename(new)


def _exchanged_at_once(new: Path, old: Path) -> bool:
    """Whether the system could (renameat2(2): Linux 3.15, glibc 2.28, and a file system that knows it)."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    return bool(rename(AT_FDCWD, os.fsencode(new), AT_FDCWD, os.fsencode(old), RENAME_EXCHANGE) == 0)
