"""Files and folders that are written beside their place and then replaced in one step, so that none is ever half.

Whatever is written goes first to a name of its own: `.NAME-1a2b3c4d.part` beside NAME. An error or Ctrl-C at any
moment leaves what was there before, or all of the new. So does a kill; what it leaves beside is cleared up later.
"""

import ctypes
import hashlib
import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

log = logging.getLogger("lifemask.files")

AT_FDCWD, RENAME_EXCHANGE = -100, 2  # Linux, fcntl.h and fs.h
PART, OLD = "part", "old"  # how names end of what is being written, of what is being replaced
LONGEST_BYTES = 255 - len(".-1a2b3c4d.part")  # of what is put round; file systems allow 255
ABANDONED_S = 86400.0  # what nobody has written to for so long was left by a process that was killed

IsOurs = Callable[[str], bool]
"""Whether a file of this name is one that this program writes; what else is in a folder is somebody's own."""


@contextmanager
def replacing_file(path: Path) -> Iterator[Path]:
    """A path to write a file to, which replaces `path` at the end; after an error `path` is as it was."""
    part = _beside(path)
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def replacing(folders: Sequence[Path], is_ours: IsOurs, stays: IsOurs = lambda _name: False) -> Iterator[list[Path]]:
    """New folders beside `folders` that replace them at the end, all of them; after an error nothing has changed.

    What is in a folder that is replaced, and not ours, stays in it; so does what is ours and `stays`. A kill may come
    between two folders, never within one. Raises OSError where something cannot be written.
    """

    def goes(name: str) -> bool:
        return is_ours(name) and not stays(name)

    folders = [folder.resolve() for folder in folders]  # what a link leads to is replaced, not the link
    parts: list[Path] = []
    try:
        for folder in folders:
            folder.parent.mkdir(parents=True, exist_ok=True)
            bring_back(folder)
            _clear_up(folder, is_ours)
            parts.append(_beside(folder))
            parts[-1].mkdir()
        yield parts
        _replace_all(folders, parts, goes)
    finally:
        for part in parts:
            shutil.rmtree(part, ignore_errors=True)


@contextmanager
def replacing_within(folder: Path, is_ours: IsOurs, mark: str) -> Iterator[Path]:
    """A new folder inside `folder` whose files replace, at the end, all files of `folder` that are ours.

    For a folder that may be anybody's, and is not to be replaced itself: the current one, a mounted one, one that
    holds much else. mark : the file by which a reader knows that the others are there and of one piece: it goes first
    and comes last. After an error nothing has changed; after a kill `restore` brings back what was there.
    Raises OSError where something cannot be written.
    """
    restore(folder, is_ours, mark)
    folder.mkdir(parents=True, exist_ok=True)
    part, old = _beside(folder / mark), _beside(folder / mark)
    try:
        part.mkdir()
        yield part
        old.mkdir()
        for name in _names(folder, is_ours):
            _link(folder / name, old / name)
        old.rename(_aside(old))  # from here on there is something to restore
        _replace_files(folder, part, is_ours, mark)
        _aside(old).rename(old)
    except BaseException:
        restore(folder, is_ours, mark)
        raise
    finally:
        for left in (part, old):
            shutil.rmtree(left, ignore_errors=True)


def restore(folder: Path, is_ours: IsOurs, mark: str) -> None:
    """Bring back the files that a `replacing_within` which did not come to its end had begun to replace."""
    if not folder.is_dir():
        return
    _clear_up(folder / mark, is_ours)
    for old in leftovers(folder / mark, OLD):
        _replace_files(folder, old, is_ours, mark)
        shutil.rmtree(old.rename(old.with_suffix(f".{PART}")), ignore_errors=True)


def bring_back(folder: Path) -> None:
    """Rename a folder back that a killed process had set aside, where the system cannot exchange two at once."""
    for old in leftovers(folder, OLD):
        if not folder.exists():
            old.rename(folder)


def leftovers(path: Path, kind: str = PART) -> list[Path]:
    """What stands beside `path` of a writing that did not come to its end, or has not yet."""
    shape = re.compile(rf"\.{re.escape(_short(path.name))}-[0-9a-f]{{8}}\.{kind}")
    return sorted(entry for entry in path.parent.iterdir() if shape.fullmatch(entry.name))


def _beside(path: Path) -> Path:
    return path.with_name(f".{_short(path.name)}-{secrets.token_hex(4)}.{PART}")


def _short(name: str) -> str:
    """A name that leaves room for what is put round it; two that are cut still differ."""
    data = os.fsencode(name)
    if len(data) <= LONGEST_BYTES:
        return name
    digest = hashlib.sha256(data).hexdigest()[:16]
    return f"{data[: LONGEST_BYTES - 17].decode(errors='ignore')}~{digest}"


def _aside(part: Path) -> Path:
    return part.with_suffix(f".{OLD}")


def _clear_up(path: Path, is_ours: IsOurs) -> None:
    """Remove folders that processes killed a day ago and more left of `path`; one that holds anything else is told."""
    for left in (*leftovers(path), *leftovers(path, OLD)):
        if left.is_symlink() or not left.is_dir() or left.stat().st_mtime > time.time() - ABANDONED_S:
            continue
        strange = [name for name in os.listdir(left) if not is_ours(name)]
        if strange:
            sentence = "%s was left by a run that was ended. It holds %s: look into it, and delete it."
            log.warning(sentence, left, strange[0])
        else:
            shutil.rmtree(left, ignore_errors=True)


def _names(folder: Path, is_ours: IsOurs) -> list[str]:
    return [name for name in os.listdir(folder) if is_ours(name)]


def _replace_files(folder: Path, new: Path, is_ours: IsOurs, mark: str) -> None:
    """Put the files of `new` in the place of all of `folder` that are ours. They stay in `new`: it can be repeated."""
    (folder / mark).unlink(missing_ok=True)
    for name in _names(folder, is_ours):
        (folder / name).unlink()
    for name in sorted(os.listdir(new), key=lambda name: name == mark):
        _link(new / name, folder / name)


def _replace_all(folders: Sequence[Path], parts: Sequence[Path], goes: IsOurs) -> None:
    """Put each part in the place of its folder; what is in the part afterwards is the old content, or nothing."""
    numbers = [part.stat().st_ino for part in parts]  # by which a folder is known wherever it stands
    try:
        for folder, part in zip(folders, parts, strict=True):
            if folder.exists():
                _keep(folder, part, goes)
                shutil.copymode(folder, part)
                _exchange(part, folder)  # not deleted in its place: that takes longer than a reader may wait
                _keep(part, folder, goes)  # what came in the meantime
            else:
                part.rename(folder)
    except BaseException:
        for folder, part, number in zip(folders, parts, numbers, strict=True):
            _take_back(folder, part, number)
        raise


def _take_back(folder: Path, part: Path, number: int) -> None:
    """Undo what has been done of the replacing of a folder, however far it came."""
    if folder.exists() and folder.stat().st_ino == number:
        if part.exists():
            _exchange(part, folder)
        else:
            folder.rename(part)
    if _aside(part).exists():  # it was stopped between two renames
        _aside(part).rename(folder)


def _keep(old: Path, new: Path, goes: IsOurs) -> None:
    """Bring what does not go with `old` into `new` too; as links, so that it is in both at every moment."""
    for entry in old.iterdir():
        if goes(entry.name) or os.path.lexists(new / entry.name):
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


def _exchange(part: Path, folder: Path) -> None:
    """Swap two folders: on Linux in one step, so that no reader finds none and a kill loses none.

    Elsewhere a kill between two renames leaves the old one aside, from where the next `replacing` brings it back.
    """
    if not _exchanged_at_once(part, folder):
        aside = folder.rename(_aside(part))
        part.rename(folder)
        aside.rename(part)


def _exchanged_at_once(part: Path, folder: Path) -> bool:
    """Whether the system could (renameat2(2): Linux 3.15, glibc 2.28, and a file system that knows it)."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    return bool(rename(AT_FDCWD, os.fsencode(part), AT_FDCWD, os.fsencode(folder), RENAME_EXCHANGE) == 0)
