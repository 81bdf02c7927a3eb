"""Controls a headless Chromium by its DevTools protocol, over a pipe.

The protocol is JSON with a NUL byte after each message, so this file replaces a driver: there is no driver that must match the
browser's version, no port that another process could use, and nothing to install but the browser.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

#: The path of the browser, None if there is none.
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)

#: Seconds to wait for a response or a condition.
TIMEOUT = 20.0
#: Seconds to wait for the browser's start, which takes long on a busy machine.
START_TIMEOUT = 90.0

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe"),
    *("--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
    # Nothing leaves the machine, whatever URLs a message has.
    *("--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"),
    *("--hide-scrollbars", "--force-color-profile=srgb", "--autoplay-policy=no-user-gesture-required"),
)


class Browser:
    """A Chromium with a new, empty profile; a context manager."""

    def __init__(self) -> None:
        assert CHROMIUM is not None
        self._profile = tempfile.TemporaryDirectory(prefix="skymms-chromium-", ignore_cleanup_errors=True)
        input_read, self._input_write = os.pipe()
        self._output_read, output_write = os.pipe()
        # Chromium reads file descriptor 3 and writes 4. A shell opens them, because running code after a fork is unsafe in a
        # program with threads.
        script = f'exec "$@" 3</dev/fd/{input_read} 4>/dev/fd/{output_write}'
        command = ["sh", "-c", script, "sh", CHROMIUM, *FLAGS, f"--user-data-dir={self._profile.name}", "about:blank"]
        self._process = subprocess.Popen(
            command,
            pass_fds=(input_read, output_write),
            env={**os.environ, "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(input_read)
        os.close(output_write)
        self._buffer = b""
        self._last_id = 0
        self.events: list[dict[str, Any]] = []
        self.command("Browser.getVersion", timeout=START_TIMEOUT)

    def command(self, method: str, session: str | None = None, *, timeout: float = TIMEOUT, **params: Any) -> Any:
        """Send a command and return its result; events that arrive meanwhile are added to ``events``."""
        self._last_id += 1
        message = {"id": self._last_id, "method": method, "params": params, **({"sessionId": session} if session else {})}
        os.write(self._input_write, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + timeout
        while True:
            received = self._read(deadline)
            if received.get("id") == self._last_id:
                if "error" in received:
                    raise AssertionError(f"{method}: {received['error']}")
                return received["result"]
            if "method" in received:
                self.events.append(received)

    def _read(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            if not select.select([self._output_read], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise TimeoutError("Chromium did not respond in time")
            more = os.read(self._output_read, 1 << 20)
            if not more:
                raise EOFError("Chromium ended")
            self._buffer += more
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *exception: object) -> None:
        # With this command it ends its child processes too, which otherwise go on writing to the profile.
        with suppress(OSError, EOFError, AssertionError):
            self.command("Browser.close")
        try:
            self._process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._input_write)
        os.close(self._output_read)
        self._profile.cleanup()


class Frame:
    """A frame in a page, which runs in a process of its own."""

    def __init__(self, browser: Browser, target: str) -> None:
        self._browser = browser
        self._session = browser.command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def run(self, script: str) -> Any:
        """Return the value of a JavaScript expression."""
        done = self._browser.command("Runtime.evaluate", self._session, expression=script, returnByValue=True)
        if "exceptionDetails" in done:
            raise AssertionError(f"{script}: {done['exceptionDetails']['exception'].get('description')}")
        return done["result"].get("value")


class Tab:
    """A page in a browser, of a size and a colour scheme; a context manager."""

    def __init__(
        self, browser: Browser, url: str, *, size: tuple[int, int] = (1280, 800), scheme: str = "light", scale: float = 1
    ) -> None:
        self._browser = browser
        self._target = browser.command("Target.createTarget", url="about:blank")["targetId"]
        self._session = browser.command("Target.attachToTarget", targetId=self._target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.command(f"{domain}.enable")
        self.resize(size, scheme, scale)
        self.open(url)

    def open(self, url: str) -> None:
        """Open a page, or reload it, and forget earlier events."""
        self._browser.events.clear()
        self.command("Page.navigate", url=url)
        self.until(f"document.readyState === 'complete' && location.href.startsWith({json.dumps(url)})")

    def command(self, method: str, **params: Any) -> Any:
        """Send a command to this tab and return its result."""
        return self._browser.command(method, self._session, **params)

    def resize(self, size: tuple[int, int], scheme: str = "light", scale: float = 1, motion: str = "reduce") -> None:
        """Set the size of the screen in points, the colour scheme, the pixels per point, and whether pages may move."""
        features = [{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": motion}]
        width, height = size
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=False)
        self.command("Emulation.setEmulatedMedia", features=features)

    def run(self, script: str) -> Any:
        """Return the value of a JavaScript expression; a promise is awaited."""
        done = self.command("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True, userGesture=True)
        if "exceptionDetails" in done:
            raise AssertionError(f"{script}: {done['exceptionDetails']['exception'].get('description')}")
        return done["result"].get("value")

    def frame(self) -> Frame:
        """Return the page's only frame of another origin, which Chromium runs in a process of its own."""
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            for target in self._browser.command("Target.getTargets")["targetInfos"]:
                if target["type"] == "iframe":
                    return Frame(self._browser, target["targetId"])
            time.sleep(0.01)
        raise TimeoutError("there is no frame")

    def until(self, script: str) -> Any:
        """Wait until a JavaScript expression is true, and return its value."""
        deadline = time.monotonic() + TIMEOUT
        while not (found := self.run(script)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {TIMEOUT:g} s: {script}\n{self.run('document.body.innerText')}")
            time.sleep(0.01)
        return found

    def text(self, selector: str) -> str:
        """Return the visible text of an element."""
        return self.run(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''")

    def click(self, selector: str) -> None:
        """Click in the middle of an element."""
        there = self.until(
            f"(() => {{ const it = document.querySelector({json.dumps(selector)}); if (!it) return null;"
            "it.scrollIntoView({block: 'nearest'}); const box = it.getBoundingClientRect();"
            "return box.width ? [box.x + box.width / 2, box.y + box.height / 2] : null; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.command("Input.dispatchMouseEvent", type=kind, x=there[0], y=there[1], button="left", clickCount=1)

    def press(self, key: str) -> None:
        """Press a key and release it."""
        codes = {
            "ArrowLeft": 37,
            "ArrowUp": 38,
            "ArrowRight": 39,
            "ArrowDown": 40,
            "Home": 36,
            "End": 35,
            "Enter": 13,
            "Tab": 9,
        }
        for kind in ("rawKeyDown", "keyUp"):
            self.command("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=codes[key])

    def screenshot(self, path: Path) -> None:
        """Write a PNG of the page."""
        path.write_bytes(base64.b64decode(self.command("Page.captureScreenshot", format="png")["data"]))

    def events(self, *methods: str) -> list[dict[str, Any]]:
        """Return the parameters of the events with these names."""
        self.run("0")
        return [
            event["params"]
            for event in self._browser.events
            if event["method"] in methods and event.get("sessionId") == self._session
        ]

    def __enter__(self) -> Tab:
        return self

    def __exit__(self, *exception: object) -> None:
        self._browser.command("Target.closeTarget", targetId=self._target)
