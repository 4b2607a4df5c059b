"""Who may ask: everybody, whoever knows the password, or whom a trusted proxy names. See `decisions/access.md`."""

import hashlib
import hmac
import ipaddress
import secrets
import threading
from typing import cast

import argon2
from argon2.exceptions import InvalidHashError, VerificationError
from flask import Flask, Request, Response, current_app, g, request
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy import delete, insert, select

from core.errors import LifemaskError, OptionError
from dashboard.library import guesses
from dashboard.library.guesses import Limit
from dashboard.library.library import Library
from dashboard.library.schema import EndedSession
from dashboard.settings import Settings
from dashboard.web import seen
from dashboard.web.lan import is_address, is_loopback, is_open_to_others
from dashboard.web.prefix import at
from dashboard.web.proxies import is_from_trusted_proxy

ACCESS = "ACCESS"  # where the app's config holds it
SESSION_S = 30 * 86400
GUESSES = Limit(of_one=10, of_all=100)
LONGEST_NAME = 256
# before anybody has signed in: that page and what it loads, what watches a server, what a browser keeps of it
OPEN = {"/sign-in", "/health", "/ready", "/service-worker.js", "/robots.txt", "/_favicon.ico"}
OPEN_BELOW = ("/assets/", "/bundle/", "/open/")  # a link of `opening` is signed itself
SIGN_IN = "Sign in first: on the page, or with the password as 'Authorization: Bearer' or by Basic authentication."
NOBODY = "The proxy before this server names no user. Sign in there."
NOT_THE_OPERATOR = (
    "Networks are the same for everybody on this server; its operator alone changes them, here or by 'lifemask models'."
)


class UnauthorisedError(LifemaskError):
    """Nobody is known to be asking."""


class NotOperatorError(LifemaskError):
    """What is asked for belongs to the operator."""


class Access:
    """What the settings say of who may ask.

    Raises
    ------
    OptionError
        They contradict each other, or the password's hash is none.
    """

    def __init__(self, library: Library, settings: Settings) -> None:
        self.library, self.settings = library, settings
        self.key = library.folders.secret().encode()
        self.operators = {name.strip() for name in settings.operators.split(",") if name.strip()}
        self.is_shared = is_open_to_others(settings) or bool(settings.trusted_proxies)
        if settings.password and settings.user_header:
            raise OptionError("LIFEMASK_PASSWORD and LIFEMASK_USER_HEADER are both set; choose one of them.")
        if settings.user_header and not settings.trusted_proxies:
            raise OptionError("LIFEMASK_USER_HEADER is set; LIFEMASK_TRUSTED_PROXIES must say who may send it.")
        self._hash = _hashed(settings.password) if settings.password else ""
        self._known = b""  # mark of the password, once it was seen: each request of a program need not be hashed anew
        self._one_at_a_time = threading.Lock()  # a hash takes 64 MB
        # another password, another mark: sessions of the former end
        self._sessions = URLSafeTimedSerializer(self.key, salt=f"session {self._mark(settings.password).hex()}")
        self.cookie = f"lifemask_session_{hashlib.sha256(self.key).hexdigest()[:8]}"

    @property
    def warning(self) -> str | None:
        """What to say at the start of a server that everybody who reaches it may use."""
        if self.settings.password or self.settings.user_header or not is_open_to_others(self.settings):
            return None
        return (
            "Anyone who reaches this address can use it. Set LIFEMASK_PASSWORD, or LIFEMASK_USER_HEADER behind a proxy "
            "of yours."
        )

    def admit(self, asked: Request) -> None:
        """Let a request in, with the workspace of its user where a proxy names one.

        Raises
        ------
        UnauthorisedError, TooManyGuessesError
        """
        is_open = asked.path in OPEN or asked.path.startswith(OPEN_BELOW)
        if self.settings.user_header:
            name = self._user(asked)
            if name:
                g.user, g.workspace, g.workspace_is_new = name, self.workspace_of(name), False
            elif not is_open:
                raise UnauthorisedError(NOBODY)
        elif self.settings.password and not is_open:
            if not (self.has_session(asked) or self._has_password(asked)):
                raise UnauthorisedError(SIGN_IN)
            g.signed_in = True

    def workspace_of(self, name: str) -> str:
        """Return the workspace of a user, the same on each device; the name itself is kept nowhere."""
        return hmac.digest(self.key, f"user {name}".encode(), "sha256").hex()[:32]

    def _user(self, asked: Request) -> str:
        name = asked.headers.get(self.settings.user_header, "") if is_from_trusted_proxy() else ""
        return name.strip() if len(name) <= LONGEST_NAME else ""

    # -- the password

    def check(self, password: str) -> bool:
        """Whether it is the password; each that is not is a guess.

        Raises
        ------
        TooManyGuessesError
        """
        mark = self._mark(password)
        if self._known and hmac.compare_digest(mark, self._known):
            return True
        client = self._client()
        guesses.count(self.library, "password", client, GUESSES)
        with self._one_at_a_time:
            try:
                argon2.PasswordHasher().verify(self._hash, password)
            except VerificationError:
                return False
        self._known = mark
        guesses.forget(self.library, "password", client)
        return True

    def _has_password(self, asked: Request) -> bool:
        given = asked.authorization
        if given is None:
            return False
        password = given.password if given.type == "basic" else given.token if given.type == "bearer" else None
        return password is not None and self.check(password)

    def _client(self) -> str:
        return client(self.key)

    def _mark(self, password: str | None) -> bytes:
        return hmac.digest(self.key, f"password {password}".encode(errors="surrogatepass"), "sha256")

    # -- sessions

    def begin(self, response: Response) -> None:
        """Give the browser a session."""
        response.set_cookie(
            self.cookie, str(self._sessions.dumps(secrets.token_hex(16))), max_age=SESSION_S, httponly=True,
            samesite="Lax", secure=request.is_secure, path=at("/"),
        )  # fmt: skip

    def end(self, response: Response) -> None:
        """End the session of the browser that asks, also for whoever has its cookie."""
        session_id = self._session(request)
        if session_id is not None:
            now = self.library.clock()
            with self.library.session.begin() as session:
                session.execute(delete(EndedSession).where(EndedSession.due <= now))
                if session.get(EndedSession, session_id) is None:
                    session.execute(insert(EndedSession).values(id=session_id, due=now + SESSION_S))
        response.delete_cookie(self.cookie, path=at("/"), httponly=True, samesite="Lax", secure=request.is_secure)

    def has_session(self, asked: Request) -> bool:
        """Whether the browser has signed in."""
        session_id = self._session(asked)
        if session_id is None:
            return False
        with self.library.session() as session:
            return session.scalar(select(EndedSession.id).filter_by(id=session_id)) is None

    def _session(self, asked: Request) -> str | None:
        try:
            return cast(str, self._sessions.loads(asked.cookies.get(self.cookie, ""), max_age=SESSION_S))
        except BadData:
            return None


def guard(server: Flask, library: Library, settings: Settings) -> None:
    """Refuse who may not ask."""
    access = server.config[ACCESS] = Access(library, settings)

    @server.before_request
    def _admit() -> None:
        access.admit(request)


def current_access() -> Access:
    """Return who may ask the app that answers this request."""
    return cast(Access, current_app.config[ACCESS])


def is_operator() -> bool:
    """Whether who asks may change what belongs to all: on a machine's own server everybody, on a shared one few.

    Those are whoever knows the password, the users that the setting `operators` names, or, where there is neither and
    the server is a home's (`lan`), who sits at the machine itself.
    """
    access = current_access()
    if access.settings.password:
        return bool(g.get("signed_in"))
    if access.settings.user_header:
        return g.get("user") in access.operators
    return not access.is_shared or (access.settings.lan and _is_at_the_machine())


def check_operator() -> None:
    """Refuse what belongs to the operator.

    Raises
    ------
    NotOperatorError
    """
    if not is_operator():
        raise NotOperatorError(NOT_THE_OPERATOR)


def client(key: bytes) -> str:
    """Return a mark of who asks, by address, which is not kept itself; of IPv6 by the network that one line has."""
    address = request.remote_addr or ""
    if is_address(address):
        number = ipaddress.ip_address(address)
        address = str(ipaddress.ip_network((number, 64 if number.version == 6 else 32), strict=False))
    return hmac.digest(key, f"client {address}".encode(), "sha256").hex()[:32]


def _is_at_the_machine() -> bool:
    is_handed_on = is_from_trusted_proxy() or seen.is_passed_on(request)
    return is_loopback(request.remote_addr or "") and not is_handed_on


def _hashed(password: str) -> str:
    if not password.startswith("$argon2"):
        return argon2.PasswordHasher().hash(password)
    try:
        argon2.extract_parameters(password)
    except InvalidHashError:
        raise OptionError(
            "LIFEMASK_PASSWORD begins as a hash of Argon2 and is none. In a shell it needs single quotes."
        ) from None
    return password
