"""What the file system refuses, as one sentence for people: the same wherever it happens."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from core.errors import StorageError

# by error number: what is wrong, and what to do; in whole sentences, because pages say them in other languages
REASONS = {
    errno.ENOSPC: "the disk is full. Free some space, and try again.",
    errno.EDQUOT: "the quota on its disk is used up. Free some space, and try again.",
    errno.EFBIG: "the file is too large for its disk. Choose another place.",
    errno.EROFS: "its disk is read-only. Choose another place.",
    errno.EACCES: "its rights do not allow it. Change its rights, or choose another place.",
    errno.EPERM: "its rights do not allow it. Change its rights, or choose another place.",
    errno.ENOENT: "there is no such file or folder. Check the path.",
    errno.ENOTDIR: "a part of its path is a file, not a folder. Check the path.",
    errno.EISDIR: "it is a folder, not a file. Check the path.",
    errno.EEXIST: "something of that name is in the way. Move it, or choose another name.",
    errno.ENOTEMPTY: "something of that name is in the way. Move it, or choose another name.",
    errno.ENAMETOOLONG: "its name is too long. Choose a shorter name.",
    errno.ELOOP: "its links lead in a circle. Check the path.",
    errno.EBUSY: "another program uses it. Close that program, and try again.",
    errno.EMFILE: "too many files are open. Close other programs, and try again.",
    errno.ENFILE: "too many files are open. Close other programs, and try again.",
    errno.EIO: "its disk does not work as it should. Check the disk, or choose another place.",
    errno.ESTALE: "its disk does not answer any more. Check the connection to it, or choose another place.",
}


def refusal(error: OSError) -> str | None:
    """Return what is wrong and what to do, 'the disk is full. Free some space …'; None if it is not about files."""
    return REASONS.get(error.errno or 0)


@contextlib.contextmanager
def writing(place: Path) -> Iterator[None]:
    """Say in one sentence why `place`, a file or a folder, cannot be written, or what else cannot be used for it.

    Raises
    ------
    StorageError
        For an OSError of the file system; any other is raised as it is.
    """
    try:
        yield
    except OSError as error:
        said = storage_error(error, place)
        if said is None:
            raise
        raise said from error


def storage_error(error: OSError, place: Path) -> StorageError | None:
    """Return the sentence for an error that came while `place` was written; None if it is not about files."""
    why = refusal(error)
    if why is None:
        return None
    if isinstance(error.filename, str) and not _are_near(Path(error.filename), place):
        return StorageError(f"{error.filename} cannot be used: {why}")
    return StorageError(f"{place} cannot be written: {why}")


def _are_near(file: Path, place: Path) -> bool:
    """Whether the file is on the way to the place, in it, or beside it, where it is written before it is renamed."""
    file, place = Path(os.path.realpath(file)), Path(os.path.realpath(place))
    return file.is_relative_to(place.parent) or place.is_relative_to(file)
