"""A server on this machine that has weights under the published paths."""

import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SERVED_WHOLE = "dpt_levit_224"


@cache
def loadable_checkpoint() -> bytes:
    import torch

    from tests.core import published

    data = io.BytesIO()
    torch.save(published.checkpoint(SERVED_WHOLE), data)
    return data.getvalue()


class SlowMirror(BaseHTTPRequestHandler):
    """Serves one checkpoint that loads; any other as 16 MB of zeros, a little at a time."""

    def do_GET(self) -> None:
        self.send_response(200)
        if self.path.endswith(f"/{SERVED_WHOLE}.pt"):
            self.send_header("Content-Length", str(len(loadable_checkpoint())))
            self.end_headers()
            self.wfile.write(loadable_checkpoint())
            return
        self.send_header("Content-Length", str(64 * 2**18))
        self.end_headers()
        with suppress(OSError):  # whoever cancels hangs up
            for _ in range(64):
                self.wfile.write(bytes(2**18))
                time.sleep(0.5)  # so long that a person can cancel it on a busy machine

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving_weights() -> Iterator[str]:
    """The server's address, while it runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), SlowMirror)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
