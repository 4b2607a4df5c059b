"""The family of errors that a person can cause; `str(error)` says in a sentence what was wrong and what to do."""


class LifemaskError(Exception):
    """Base of the family. The page, the command line and the REST paths show its text as it is."""


class PhotoError(LifemaskError):
    """The file is not a picture that can be read, or it is over a limit."""


class NoFaceError(LifemaskError):
    """No face was found in a photo that was not to be processed whole."""


class OptionError(LifemaskError):
    """A setting has a value that cannot be used. option : its name in the table, where one alone is to blame."""

    def __init__(self, text: str, option: str | None = None) -> None:
        super().__init__(text)
        self.option = option


class WeightsError(LifemaskError):
    """The weights of a network are missing, broken, not to be trusted or cannot be fetched."""


class GeometryError(LifemaskError):
    """Depth from which no surface or solid can be made."""


class StorageError(LifemaskError):
    """Something cannot be written: the disk is full or the folder is read-only."""


class FormatError(LifemaskError):
    """A file of a face or of a comparison cannot be read: it is damaged, foreign, or a newer version wrote it."""


class MissingFileError(FormatError):
    """A file of a face is not there. file : its path."""

    def __init__(self, text: str, file: str) -> None:
        super().__init__(text)
        self.file = file


class Cancelled(LifemaskError):  # noqa: N818 - a wish, not an error
    """The person asked to stop."""
