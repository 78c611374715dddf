"""An endpoint for those who watch the keeper: `/health` says whether it looks, `/metrics` what it sees."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from stratc_targets.keeper.errors import SetupError
from stratc_targets.keeper.metrics import CONTENT_TYPE, Board

REQUEST_SECONDS = 10.0
"""How long a request may take to arrive."""


@contextmanager
def listening(address: tuple[str, int], board: Board) -> Iterator[str]:
    """Answer until the end of the `with`; what it gives is the URL. Raises SetupError where the address is taken."""

    class Handler(BaseHTTPRequestHandler):
        timeout = REQUEST_SECONDS

        def do_GET(self) -> None:
            status, kind, body = _answer(self.path.partition("?")[0], board)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Nothing: the log is the keeper's."""

    try:
        server = ThreadingHTTPServer(address, Handler)
    except OSError as error:
        raise SetupError(f"cannot listen at {address[0]}:{address[1]}: {error.strerror}") from None
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{address[0]}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def _answer(path: str, board: Board) -> tuple[int, str, bytes]:
    """Status, content type and body."""
    if path == "/metrics":
        return 200, CONTENT_TYPE, board.text().encode()
    if path == "/health":
        silence = board.silence()
        well = bool(silence) and max(silence.values()) <= board.patience
        said = {"healthy": well, "silent_seconds": {vault: round(quiet, 1) for vault, quiet in silence.items()}}
        return 200 if well else 503, "application/json", (json.dumps(said) + "\n").encode()
    return 404, "text/plain; charset=utf-8", b"there is /health and /metrics\n"
