"""Addresses that a slicer, which has no cookie, may fetch one face's solid from for a short time."""

from itsdangerous import BadData, SignatureExpired, URLSafeTimedSerializer

from dashboard.library.records import NotInLibraryError
from dashboard.web.context import current_library

VALID_S = 600


def signed(workspace: str, face_id: str) -> str:
    """Return the part of an address that stands for a face of a workspace."""
    return str(_signer().dumps([workspace, face_id]))


def meant(text: str) -> tuple[str, str]:
    """Return the workspace and the face that a signed part of an address stands for.

    Raises
    ------
    NotInLibraryError
        It is not ours, or too old.
    """
    try:
        workspace, face_id = _signer().loads(text, max_age=VALID_S)
    except SignatureExpired:
        raise NotInLibraryError("This link was for ten minutes. Open the file from the Print page again.") from None
    except BadData:
        raise NotInLibraryError("This link is not one of this server's. Open the file from the Print page.") from None
    return workspace, face_id


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_library().folders.secret(), salt="open")
