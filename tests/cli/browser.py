"""A real browser, without a window: opens a page, says what went wrong in it, how wide it is, and what it looks like.

Chromium is driven over its own protocol (DevTools) on a local socket. `make test-long` installs it where it is missing.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect


class Page:
    """One tab. `troubles` are exceptions, messages of the console, and requests that the page made."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0
        self.troubles: list[str] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while (answer := json.loads(self._socket.recv(timeout=60))).get("id") != self._number:
            self._hear(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def _hear(self, event: dict[str, Any]) -> None:
        told = event.get("params", {})
        match event["method"]:
            case "Runtime.exceptionThrown" | "Log.entryAdded" | "Runtime.consoleAPICalled":
                self.troubles.append(json.dumps(told))
            case "Network.requestWillBeSent" if told["type"] != "Document":
                self.troubles.append(f"asked for {told['request']['url']}")
            case "Page.javascriptDialogOpening":
                self.troubles.append(f"a dialog: {told['message']}")
            case _:
                pass

    def open(self, file: Path, width: int, dark: bool) -> None:
        """As on a screen of that width, in the light or in the dark."""
        phone = width < 500
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=phone)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=file.as_uri())
        while self.value("document.readyState") != "complete" or self.value("location.href") == "about:blank":
            pass

    def value(self, expression: str) -> Any:
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def picture(self, file: Path) -> bytes:
        """The whole page as a PNG, kept in a file."""
        data = base64.b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"])
        file.write_bytes(data)
        return data


@contextmanager
def browser(profile: Path) -> Iterator[Page]:
    """A browser with a folder of its own, ended when it is no longer needed."""
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next((found for name in names if (found := shutil.which(name)) is not None), None)
    assert program is not None, "there is no chromium: `make test-long` installs Debian's"
    flags = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars")
    profile.mkdir(exist_ok=True)
    command = [program, *flags, "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        assert process.stderr is not None
        told = next(line for line in process.stderr if line.startswith("DevTools listening on "))
        port = told.split(":")[-1].split("/")[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as answer:
            (tab,) = (one for one in json.load(answer) if one["type"] == "page")
        with connect(tab["webSocketDebuggerUrl"], max_size=None) as socket:
            yield Page(socket)
    finally:
        process.terminate()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()
