"""What keeper tests run: the real process, and an RPC endpoint that misbehaves on demand."""

from __future__ import annotations

import ctypes
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

import pytest

from lab.chain import ACCOUNTS, KEYS
from stratc_targets.keeper.arguments import add_arguments
from stratc_targets.keeper.command import main

KEEPER = ACCOUNTS[1]
KEY = KEYS[KEEPER]
PATIENCE = 40.0
"""Seconds that a test waits for what must happen: for slow machines, never spent where it works."""


def until(holds: Callable[[], Any], what: str) -> Any:
    """Wait for a truthy value and return it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := holds():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not seen in {PATIENCE} s: {what}")


class KeeperProcess:
    """`python -m stratc_targets.keeper` in a process of its own; a context manager that ends it.

    It keeps the vault of the document, and those that it keeps `besides`, over one endpoint or several.
    """

    def __init__(
        self,
        folder: Path,
        document: dict[str, Any],
        rpc: str | Sequence[str],
        *options: str,
        besides: Sequence[dict[str, Any]] = (),
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        folder.mkdir(exist_ok=True)
        configs = [folder / "keeper.json", *(folder / f"keeper{place}.json" for place in range(2, len(besides) + 2))]
        for config, one in zip(configs, (document, *besides), strict=True):
            config.write_text(json.dumps(one), "utf-8")
        self.state = folder / "keeper.state.json"
        self._log = folder / f"log-{time.monotonic_ns()}"
        words = [word for config in configs for word in ("--config", str(config))]
        words += [word for url in ([rpc] if isinstance(rpc, str) else rpc) for word in ("--rpc", url)]
        words += ["--poll", "0.2", *options]
        with self._log.open("w") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "stratc_targets.keeper", *words],
                stdin=subprocess.DEVNULL,
                stderr=stderr,
                env={**os.environ, "STRATC_KEEPER_KEY": KEY, **environment},
                preexec_fn=lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL),  # ends with the test run
            )

    def __enter__(self) -> KeeperProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        if error is not None:
            print(self.text())

    def kill(self) -> None:
        """SIGKILL: no handler runs, as in a power cut."""
        self.process.kill()
        self.process.wait()

    def terminate(self) -> int:
        """SIGTERM; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def text(self) -> str:
        """All that it has logged."""
        return self._log.read_text("utf-8")

    def events(self) -> list[dict[str, Any]]:
        """Its complete log lines; each must be a JSON object."""
        return [json.loads(line) for line in self.text().splitlines(keepends=True) if line.endswith("\n")]

    def wait_for(self, event: str, **fields: Any) -> dict[str, Any]:
        """The first event of that name with those fields."""

        def seen() -> dict[str, Any] | None:
            wanted = {"event": event} | fields
            found = next((one for one in self.events() if wanted.items() <= one.items()), None)
            if found is None and self.process.poll() is not None:
                raise AssertionError(f"the keeper ended with status {self.process.returncode}: {self.text()}")
            return found

        found: dict[str, Any] = until(seen, f"{event} {fields} in {self._log}")
        return found

    def flight(self) -> dict[str, Any] | None:
        """What its state file holds in flight."""
        if not self.state.exists():
            return None
        flight: dict[str, Any] | None = json.loads(self.state.read_text("utf-8"))["flight"]
        return flight


LIMITED = b'{"jsonrpc": "2.0", "id": 1, "error": {"code": -32005, "message": "too many requests"}}'


class Endpoint:
    """An RPC endpoint before another.

    `down` closes it; `hold`, `refuse`, `garbage`, `nest`, `swallow`, `quote` and `drip` spoil one method until
    `release`. `lie` changes answers.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._server: ThreadingHTTPServer | None = None
        self._port = 0
        self._held: dict[str, str] = {}
        self._refusal = LIMITED
        self._lies: dict[str, Callable[[Any], Any]] = {}
        self.methods: list[str] = []
        self.up()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v3/secret-token"

    def up(self) -> None:
        """Listen, at the same port as ever."""
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                endpoint._serve(self)

            def log_message(self, format: str, *arguments: Any) -> None:
                """Nothing: the tests' output is for failures."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = True
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def down(self) -> None:
        """Refuse connections."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def hold(self, method: str, when: str) -> None:
        """Never answer `method` from now on; `when` is "before" it reaches the chain, or "after"."""
        self._held[method] = when

    def refuse(self, method: str, error: dict[str, Any] | None = None) -> None:
        """Answer `method` with an error from now on: that of nodes which limit requests, or another one."""
        self._held[method] = "refuse"
        self._refusal = LIMITED if error is None else json.dumps({"jsonrpc": "2.0", "id": 1, "error": error}).encode()

    def garbage(self, method: str) -> None:
        """Answer `method` with no JSON from now on."""
        self._held[method] = "garbage"

    def nest(self, method: str) -> None:
        """Answer `method` from now on with JSON that is nested deeper than any parser's stack."""
        self._held[method] = "nested"

    def swallow(self, method: str) -> None:
        """Answer `method` from now on as if it were done, with the hash of something else, and do nothing."""
        self._held[method] = "swallow"

    def quote(self, method: str) -> None:
        """Answer `method` from now on with an error that quotes the whole URL."""
        self._held[method] = "quote"

    def drip(self, method: str) -> None:
        """Answer `method` from now on a byte at a time, each in time."""
        self._held[method] = "drip"

    def lie(self, method: str, about: Callable[[Any], Any]) -> None:
        """Answer `method` from now on with what `about` makes of the result."""
        self._lies[method] = about

    def release(self, method: str | None = None) -> None:
        """Answer a method again, or everything."""
        for held in [method] if method else list(self._held):
            self._held.pop(held, None)
        for lie in [method] if method else list(self._lies):
            self._lies.pop(lie, None)

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["content-length"]))
        method = json.loads(body)["method"]
        when = self._held.get(method)
        spoilt = {"refuse": self._refusal, "garbage": b"<html>", "nested": b"[" * 200_000, "before": b""}
        quoted = {"code": -32000, "message": f"no such project: {self.url}"}
        spoilt["swallow"] = json.dumps({"jsonrpc": "2.0", "id": 1, "result": "0x" + "11" * 32}).encode()
        spoilt["quote"] = json.dumps({"jsonrpc": "2.0", "id": 1, "error": quoted}).encode()
        answer = spoilt[when] if when in spoilt else self._forward(body)
        if method in self._lies:
            told = json.loads(answer)
            answer = json.dumps(told | {"result": self._lies[method](told["result"])}).encode()
        self.methods.append(method)
        if when in ("before", "after"):
            until(lambda: method not in self._held or self._server is None, "release")
            return
        request.send_response(200)
        request.send_header("content-type", "application/json")
        request.send_header("content-length", str(len(answer)))
        request.end_headers()
        if when != "drip":
            request.wfile.write(answer)
            return
        with suppress(OSError):  # whoever asked has had enough
            for byte in answer:
                request.wfile.write(bytes([byte]))
                time.sleep(0.05)

    def _forward(self, body: bytes) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self._target, timeout=PATIENCE)
        try:
            connection.request("POST", "/", body, {"content-type": "application/json"})
            return connection.getresponse().read()
        finally:
            connection.close()


@contextmanager
def endpoint(port: int) -> Iterator[Endpoint]:
    """An endpoint before the chain at that port, closed at the end."""
    opened = Endpoint(port)
    try:
        yield opened
    finally:
        opened.down()


@dataclass(frozen=True)
class Ran:
    """How a run in this process ended, and what it logged."""

    status: int
    text: str

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    @property
    def names(self) -> list[str]:
        return [event["event"] for event in self.events]

    @property
    def said(self) -> str:
        """The message of the only event."""
        (event,) = self.events
        return str(event["message"])


class Runner:
    """Runs the keeper's command in this process."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.config = folder / "keeper.json"
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        monkeypatch.setenv("STRATC_KEEPER_KEY", KEY)

    def __call__(self, document: dict[str, Any] | str, rpc: str, *options: str, key: str | None = KEY) -> Ran:
        self.config.write_text(document if isinstance(document, str) else json.dumps(document), "utf-8")
        if key is None:
            self._monkeypatch.delenv("STRATC_KEEPER_KEY", raising=False)
        else:
            self._monkeypatch.setenv("STRATC_KEEPER_KEY", key)
        parser = ArgumentParser()
        add_arguments(parser)
        words = ["--config", str(self.config), "--rpc", rpc, "--poll", "0.05", *options]
        self._capsys.readouterr()
        status = main(parser.parse_args(words))
        return Ran(status, self._capsys.readouterr().err)
