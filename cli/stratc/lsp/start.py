"""`stratc lsp` before its libraries are loaded: they come with an extra, and may be missing."""

from __future__ import annotations

import sys

from stratc.status import Status


def start() -> Status:
    """Serve until the client ends it, or say what is missing."""
    try:
        import pygls  # noqa: F401
    except ModuleNotFoundError:
        print("stratc lsp needs the extra `lsp`: pip install 'stratc[lsp]'", file=sys.stderr)
        return Status.BAD_INPUT
    from stratc.lsp.server import serve

    return serve()
