"""A real Chromium without a window, spoken to in its DevTools protocol over a pipe.

A pipe and not a driver: the protocol is JSON with a NUL after each message, so this page is all it takes. There is no driver to
match to the browser's version, no port that another process could find, and nothing to install but the browser.
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

#: Where one was found, or None.
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)

#: Seconds for anything that is waited for.
PATIENCE = 20.0
#: Seconds to be there: a browser that is started on a busy machine has much to read from its disk.
STARTING = 90.0

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe"),
    *("--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
    # Nothing leaves the machine, whatever a message points at.
    *("--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"),
    *("--hide-scrollbars", "--force-color-profile=srgb", "--autoplay-policy=no-user-gesture-required"),
)


class Browser:
    """A Chromium with a new, empty profile; a context manager."""

    def __init__(self) -> None:
        assert CHROMIUM is not None
        self._profile = tempfile.TemporaryDirectory(prefix="skymms-chromium-", ignore_cleanup_errors=True)
        for_it, self._to = os.pipe()
        self._from, from_it = os.pipe()
        # It reads 3 and writes 4. A shell puts the ends there, since a program with threads should do nothing after a fork.
        plumbing = f'exec "$@" 3</dev/fd/{for_it} 4>/dev/fd/{from_it}'
        command = ["sh", "-c", plumbing, "sh", CHROMIUM, *FLAGS, f"--user-data-dir={self._profile.name}", "about:blank"]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(command, pass_fds=(for_it, from_it), env={**os.environ, "TZ": "UTC"}, **quiet)
        os.close(for_it)
        os.close(from_it)
        self._buffer = b""
        self._asked = 0
        self.events: list[dict[str, Any]] = []
        self.ask("Browser.getVersion", patience=STARTING)

    def ask(self, method: str, session: str | None = None, *, patience: float = PATIENCE, **params: Any) -> Any:
        """The result of a command; what the browser tells meanwhile is kept in ``events``."""
        self._asked += 1
        question = {"id": self._asked, "method": method, "params": params, **({"sessionId": session} if session else {})}
        os.write(self._to, json.dumps(question).encode() + b"\0")
        until = time.monotonic() + patience
        while True:
            told = self._read(until)
            if told.get("id") == self._asked:
                if "error" in told:
                    raise AssertionError(f"{method}: {told['error']}")
                return told["result"]
            if "method" in told:
                self.events.append(told)

    def _read(self, until: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            if not select.select([self._from], [], [], max(0.0, until - time.monotonic()))[0]:
                raise TimeoutError("Chromium said nothing in time")
            more = os.read(self._from, 1 << 20)
            if not more:
                raise EOFError("Chromium went away")
            self._buffer += more
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *raised: object) -> None:
        # Asked to, it ends its children as well, and they stop writing to the profile.
        with suppress(OSError, EOFError, AssertionError):
            self.ask("Browser.close")
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._to)
        os.close(self._from)
        self._profile.cleanup()


class Tab:
    """A page in a browser, of a size and a colour scheme; a context manager."""

    def __init__(
        self, browser: Browser, url: str, *, size: tuple[int, int] = (1280, 800), scheme: str = "light", scale: float = 1
    ) -> None:
        self._browser = browser
        self._target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = browser.ask("Target.attachToTarget", targetId=self._target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        self.look(size, scheme, scale)
        self.open(url)

    def open(self, url: str) -> None:
        """Go to a page, or to the same one anew; what was told before is forgotten."""
        self._browser.events.clear()
        self.ask("Page.navigate", url=url)
        self.until(f"document.readyState === 'complete' && location.href.startsWith({json.dumps(url)})")

    def ask(self, method: str, **params: Any) -> Any:
        return self._browser.ask(method, self._session, **params)

    def look(self, size: tuple[int, int], scheme: str = "light", scale: float = 1) -> None:
        """Be a screen of that size, in points, and of that colour scheme."""
        features = [{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"}]
        width, height = size
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=False)
        self.ask("Emulation.setEmulatedMedia", features=features)

    def run(self, script: str) -> Any:
        """What an expression comes to, promises waited for."""
        done = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True, userGesture=True)
        if "exceptionDetails" in done:
            raise AssertionError(f"{script}: {done['exceptionDetails']['exception'].get('description')}")
        return done["result"].get("value")

    def until(self, script: str) -> Any:
        """The value of an expression, as soon as it is true."""
        until = time.monotonic() + PATIENCE
        while not (found := self.run(script)):
            if time.monotonic() > until:
                raise TimeoutError(f"not within {PATIENCE:g} s: {script}\n{self.run('document.body.innerText')}")
            time.sleep(0.01)
        return found

    def text(self, selector: str) -> str:
        """What a reader sees of an element."""
        return self.run(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''")

    def click(self, selector: str) -> None:
        """With the mouse, in the middle of it."""
        there = self.until(
            f"(() => {{ const it = document.querySelector({json.dumps(selector)}); if (!it) return null;"
            "it.scrollIntoView({block: 'nearest'}); const box = it.getBoundingClientRect();"
            "return box.width ? [box.x + box.width / 2, box.y + box.height / 2] : null; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=there[0], y=there[1], button="left", clickCount=1)

    def press(self, key: str) -> None:
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
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=codes[key])

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"]))

    def told(self, *methods: str) -> list[dict[str, Any]]:
        """The parameters of the events of these names that have come."""
        self.run("0")
        return [
            event["params"]
            for event in self._browser.events
            if event["method"] in methods and event.get("sessionId") == self._session
        ]

    def __enter__(self) -> Tab:
        return self

    def __exit__(self, *raised: object) -> None:
        self._browser.ask("Target.closeTarget", targetId=self._target)
