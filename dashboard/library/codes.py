"""A code opens a workspace on another device: short, once, for ten minutes. Only a keyed hash of it is kept."""

import hmac
import secrets

from sqlalchemy import delete, func, insert, or_, select

from dashboard.library import guesses
from dashboard.library.guesses import Limit
from dashboard.library.library import Library
from dashboard.library.records import NotInLibraryError
from dashboard.library.schema import Code, Photo, Run

VALID_S = 600.0
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: none is taken for another
MEANT = str.maketrans("OIL", "011")
LENGTH = 8  # 40 bits; with the limit below one of 10^10 guesses is looked at before a code is too old
MADE = Limit(of_one=30, of_all=1000)
GUESSED = Limit(of_one=10, of_all=100)


def make(library: Library, workspace: str, client: str) -> str:
    """Return a new code for a workspace, as a person reads it: 'ABCD-1234'; one that it had before opens no more.

    client : who asks, for the limit.

    Raises
    ------
    TooManyGuessesError
    """
    guesses.count(library, "codes made", client, MADE)
    code = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
    now = library.clock()
    with library.session.begin() as session:
        session.execute(delete(Code).where(or_(Code.due <= now, Code.workspace_id == workspace)))
        session.execute(insert(Code).values(hash=_hash(library, code), workspace_id=workspace, due=now + VALID_S))
    return f"{code[:4]}-{code[4:]}"


def spend(library: Library, code: str, client: str) -> str:
    """Return the workspace that a code opens, which it does this once.

    Raises
    ------
    NotInLibraryError
        It is none, was used or is too old.
    TooManyGuessesError
    """
    guesses.count(library, "code", client, GUESSED)
    with library.session.begin() as session:
        of_it = Code.hash == _hash(library, code)
        workspace = session.scalar(select(Code.workspace_id).where(of_it, Code.due > library.clock()))
        is_first = session.execute(delete(Code).where(of_it)).rowcount == 1  # type: ignore[attr-defined]  # of a CursorResult
    if workspace is None or not is_first:  # of two at the same moment one opens it
        raise NotInLibraryError("This code opens nothing: it is mistyped, was used, or is older than ten minutes.")
    guesses.forget(library, "code", client)
    return workspace


def is_empty(library: Library, workspace: str) -> bool:
    """Whether nothing was ever put into a workspace, or all of it is gone."""
    with library.session() as session:
        counts = (session.scalar(select(func.count()).where(table.workspace_id == workspace)) for table in (Photo, Run))
        return not any(counts)


def _hash(library: Library, code: str) -> str:
    letters = "".join(letter for letter in code.upper().translate(MEANT) if letter in LETTERS)
    return hmac.digest(library.folders.secret().encode(), f"code {letters}".encode(), "sha256").hex()
