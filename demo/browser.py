"""A real browser without a window, driven over its DevTools protocol: go somewhere, ask the page, take a picture."""

from __future__ import annotations

import base64
import itertools
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import requests
from websockets.sync.client import ClientConnection, connect

from demo.office import LOOPBACK
from demo.services.process import ServiceError

_PATIENCE = 60.0
_ANSWER = 30.0


class Browser:
    """One page of a headless Chromium with a profile of its own, gone when the block ends."""

    def __init__(
        self, program: str, *, time_zone: str, language: str = "zh-CN", width: int = 1600, height: int = 1000
    ) -> None:
        self._program, self._time_zone, self._language, self._size = program, time_zone, language, (width, height)
        self._folder = tempfile.TemporaryDirectory(prefix="bidui-browser-", ignore_cleanup_errors=True)
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._wire: ClientConnection | None = None

    def __enter__(self) -> Browser:
        """Start the program and connect to its one page."""
        width, height = self._size
        options = [
            "--headless=new", "--remote-debugging-port=0", f"--remote-debugging-address={LOOPBACK}", "--no-first-run",
            "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--hide-scrollbars",
            "--no-proxy-server", f"--user-data-dir={self._folder.name}", f"--lang={self._language}",
            f"--window-size={width},{height}",
        ]  # fmt: skip
        if os.geteuid() == 0:
            options.append("--no-sandbox")  # its sandbox refuses root
        self._process = subprocess.Popen(
            [self._program, *options, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            self._wire = connect(self._page(), max_size=None, compression=None, proxy=None)
            self.call("Page.enable")
            self.call(
                "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
            )
            self.call("Emulation.setTimezoneOverride", timezoneId=self._time_zone)
            agent = self.call("Browser.getVersion")["userAgent"]
            self.call("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage=self._language)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the program with all its processes."""
        if self._wire:
            self._wire.close()
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._folder.cleanup()

    def go(self, address: str) -> None:
        """Open an address."""
        self.call("Page.navigate", url=address)

    def wait(self, condition: str, what: str, settle: float = 1.5) -> None:
        """Wait until a JavaScript expression holds, then ``settle`` seconds more; ServiceError: ``what`` never came."""
        deadline = time.monotonic() + _PATIENCE
        while not self.ask(f"!!({condition})"):
            if time.monotonic() > deadline:
                raise ServiceError(f"网页上一直没有出现：{what}")
            time.sleep(0.25)
        time.sleep(settle)

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer.get("result", {}).get("value")

    def picture(self, file: Path, whole: bool = False) -> None:
        """Save what is seen as PNG; ``whole``: the page down to its end, not only the window."""
        extra: dict[str, Any] = {}
        if whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            extra = {
                "captureBeyondViewport": True,
                "clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1},
            }
        file.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png", **extra)["data"]))

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol and its answer; events are passed over."""
        assert self._wire is not None
        number = next(self._numbers)
        self._wire.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            told = json.loads(self._wire.recv(timeout=_ANSWER))
            if told.get("id") == number:
                if "error" in told:
                    raise ServiceError(f"浏览器没有照办 {method}：{told['error'].get('message')}")
                return dict(told["result"])

    def _page(self) -> str:
        """The address of the page's wire, once the program has written down its port."""
        written, deadline = Path(self._folder.name) / "DevToolsActivePort", time.monotonic() + _PATIENCE
        while not (written.exists() and written.read_text(encoding="utf-8").count("\n")):
            if time.monotonic() > deadline or (self._process and self._process.poll() is not None):
                raise ServiceError(f"浏览器没有起来：{self._program}")
            time.sleep(0.1)
        port = written.read_text(encoding="utf-8").splitlines()[0]
        with requests.Session() as session:
            session.trust_env = False  # a proxy of the machine has no business on loopback
            targets = session.get(f"http://{LOOPBACK}:{port}/json/list", timeout=_ANSWER).json()
        return str(next(target["webSocketDebuggerUrl"] for target in targets if target["type"] == "page"))
