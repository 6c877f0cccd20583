"""A real headless browser, driven over a pair of pipes by Chromium's DevTools protocol."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATH = next(filter(None, map(shutil.which, NAMES)), None)
MISSING = "a browser draws the page: apt-get install chromium"
# The browser reads from descriptor 3 and writes to 4; duplicates keep one from closing the other.
_AS_3_AND_4 = """
import fcntl, os, sys
read, write = (fcntl.fcntl(int(each), fcntl.F_DUPFD, 10) for each in sys.argv[1:3])
os.dup2(read, 3)
os.dup2(write, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
_KEYS = {"Enter": ("Enter", 13, "\r"), "Escape": ("Escape", 27, ""), "/": ("Slash", 191, "/")}


class Browser:
    """One tab of a browser that was started for it.

    Attributes:
        requests: The addresses that the tab asked for, but for those that it was sent to.
        problems: What its console said: errors, exceptions, violations of the policy.
    """

    def __init__(self, send: int, receive: int) -> None:
        self._send, self._receive = send, receive
        self._number, self._rest, self._session = 0, b"", ""
        self._loaded = False
        self.requests: list[str] = []
        self.problems: list[str] = []
        target = self._call("Target.createTarget", {"url": "about:blank"})["targetId"]
        self._session = self._call("Target.attachToTarget", {"targetId": target, "flatten": True})[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._call(f"{domain}.enable")
        self.resize(1280, 800)

    def resize(self, width: int, height: int) -> None:
        """Give the tab another size, in pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._call("Emulation.setDeviceMetricsOverride", size)

    def prefer(self, scheme: str) -> None:
        """Prefer a `light` or a `dark` scheme."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._call("Emulation.setEmulatedMedia", {"features": features})

    def open(self, path: Path) -> None:
        """Open a file from disk and wait until it is loaded."""
        self._loaded = False
        self._call("Page.navigate", {"url": path.as_uri()})
        while not self._loaded:
            self._take()
        self.requests.remove(path.as_uri())

    def ask(self, expression: str) -> Any:
        """Return the value of a JavaScript expression, or of what it promises, whatever the page forbids.

        Raises:
            RuntimeError: It throws.
        """
        asked = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        answer = self._call("Runtime.evaluate", asked)
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def ask_frame(self, expression: str) -> Any:
        """Return the value of a JavaScript expression in the only frame of the page."""
        (frame,) = self._call("Page.getFrameTree")["frameTree"]["childFrames"]
        world = self._call("Page.createIsolatedWorld", {"frameId": frame["frame"]["id"]})
        asked = {"expression": expression, "contextId": world["executionContextId"]}
        return self._call("Runtime.evaluate", asked)["result"].get("value")

    def settle(self) -> None:
        """Wait until what was asked for is drawn."""
        self.ask("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def press(self, *keys: str) -> None:
        """Press keys, by their names."""
        for key in keys:
            code, number, text = _KEYS.get(key, (key, 0, key if len(key) == 1 else ""))
            event = {"key": key, "code": code, "windowsVirtualKeyCode": number, "text": text}
            self._call("Input.dispatchKeyEvent", {"type": "keyDown", **event})
            self._call("Input.dispatchKeyEvent", {"type": "keyUp", "key": key, "code": code})
        self.settle()

    def type(self, text: str) -> None:
        """Type text where the focus is."""
        self._call("Input.insertText", {"text": text})

    def picture(self, path: Path) -> None:
        """Write what the tab shows as a PNG."""
        self.settle()
        path.write_bytes(base64.b64decode(self._call("Page.captureScreenshot", {"format": "png"})["data"]))

    def _call(self, method: str, params: dict[str, Any] | None = None) -> Any:
        self._number += 1
        call: dict[str, Any] = {"id": self._number, "method": method, "params": params or {}}
        if self._session:
            call["sessionId"] = self._session
        os.write(self._send, json.dumps(call).encode() + b"\0")
        while (answer := self._take()).get("id") != self._number:
            pass
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def _take(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            chunk = os.read(self._receive, 1 << 20)
            if not chunk:
                raise RuntimeError("the browser is gone")
            self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        if note := _NOTES.get(message.get("method", "")):
            note(self, message["params"])
        return message

    def _note_request(self, told: dict[str, Any]) -> None:
        self.requests.append(told["request"]["url"])

    def _note_loaded(self, _told: dict[str, Any]) -> None:
        self._loaded = True

    def _note_problem(self, told: dict[str, Any]) -> None:
        self.problems.append(json.dumps(told))


_NOTES: dict[str, Callable[[Browser, dict[str, Any]], None]] = {
    "Network.requestWillBeSent": Browser._note_request,
    "Page.loadEventFired": Browser._note_loaded,
    "Runtime.exceptionThrown": Browser._note_problem,
    "Runtime.consoleAPICalled": Browser._note_problem,
    "Log.entryAdded": Browser._note_problem,
}


@contextmanager
def browser() -> Iterator[Browser]:
    """Start a browser with a profile of its own, and end it."""
    assert PATH is not None, MISSING
    (to_read, send), (receive, to_write) = os.pipe(), os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = _started(profile, to_read, to_write)
        os.close(to_read)
        os.close(to_write)
        try:
            yield Browser(send, receive)
        finally:
            os.close(send)
            os.close(receive)
            process.kill()
            process.wait()


def _started(profile: str, to_read: int, to_write: int) -> subprocess.Popen[bytes]:
    # Its own sandbox cannot be had by root.
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-features=IsolateSandboxedIframes",  # to look into a frame from the same tab
        "--remote-debugging-pipe",
        f"--user-data-dir={profile}",
    ]
    return subprocess.Popen(
        [sys.executable, "-c", _AS_3_AND_4, str(to_read), str(to_write), str(PATH), *options],
        pass_fds=(to_read, to_write),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
