"""The site's hooks, and the explorer's page in a headless Chromium.

A probe is run in a copy of the page, and its answer comes back.
"""

import html
import importlib
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from docs.probe import open_page
from tests.docs import browser

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "explorer" / "index.html"

# Before the page's own scripts: whatever the console, an error or the sound would say is kept.
WATCH = """
window.heard = [];
window.sounds = { opened: 0, closed: 0, played: [] };
for (const name of ["error", "warn", "log", "info", "assert"]) {
  console[name] = (...words) => heard.push(name + ": " + words.join(" "));
}
addEventListener("error", (event) => heard.push("uncaught: " + event.message));
addEventListener("unhandledrejection", (event) => heard.push("rejected: " + event.reason));
addEventListener("securitypolicyviolation", (event) => heard.push("policy: " + event.blockedURI));
window.AudioContext = class {
  sampleRate = 48000;
  currentTime = 0;
  destination = {};
  constructor() { sounds.opened += 1; }
  resume() {}
  close() { sounds.closed += 1; }
  createBuffer() {
    return { copyToChannel(samples) { sounds.played.push(Array.from(samples)); } };
  }
  createBufferSource() { return { connect() {}, start() {} }; }
};
"""
# JSON has no NaN and no infinity: they are sent as words.
ANSWER = """
function answer(value) {
  const words = (_, v) => (typeof v === "number" && !Number.isFinite(v) ? String(v) : v);
  const place = document.createElement("pre");
  place.id = "answer";
  place.textContent = JSON.stringify({ value, heard: window.heard }, words);
  parent.document.body.append(place);
}
"""

# What every probe may use: a reader's hands.
HANDS = """
const { explorer } = window.rhythmic;
const at = (id) => document.querySelector(id);
const now = () => { explorer.draw(); return explorer.state(); };
const pointer = (target, type, place, more = {}) => target.dispatchEvent(new PointerEvent(type, {
  bubbles: true, cancelable: true, button: 0, pointerType: "mouse", ...place, ...more }));
const press = (target, key, more = {}) => target.dispatchEvent(
  new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
const enter = (field, value) => {
  const input = at(`[data-control=${field}]`);
  input.focus();
  input.value = value;
  input.dispatchEvent(new Event("input", { bubbles: true }));
  const invalid = input.getAttribute("aria-invalid");
  input.blur();
  return invalid;
};
const drag = (canvas, chart, from, to, more) => {
  pointer(canvas, "pointerdown", explorer.place(chart, ...from), more);
  pointer(canvas, "pointermove", explorer.place(chart, ...to), more);
  pointer(canvas, "pointerup", explorer.place(chart, ...to), more);
};
explorer.draw();
"""


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Run a probe, a script that calls ``answer(value)``, in a copy of the page.

    The console, the errors and the browser's own messages must be silent. ``link`` is the "#..."
    with which the copy is opened; ``width`` in CSS pixels puts it in a frame (the window has 1280).
    """
    browser.require()

    def run(probe: str, *, link: str = "", width: int | None = None) -> Any:
        folder = tmp_path_factory.mktemp("explorer")
        copy = folder / "page.html"
        copy.write_text(_page_with(probe, width), "utf-8")
        dumped, said = open_page(copy.as_uri() + link, folder / "profile")
        found = re.search(r'<pre id="answer">(.*?)</pre>', dumped, re.DOTALL)
        assert found, f"the probe gave no answer; Chromium said: {said[-2000:]}"
        result = json.loads(html.unescape(found[1]))
        assert result["heard"] == []
        assert "CONSOLE" not in said
        return result["value"]

    return run


def _page_with(probe: str, width: int | None) -> str:
    page = PAGE.read_text("utf-8").replace("<head>", f"<head><script>{WATCH}</script>", 1)
    before, after = page.rsplit("</body>", 1)
    script = f"<script>{ANSWER}(async () => {{ {HANDS} {probe} }})();</script>"
    page = f"{before}{script}</body>{after}"
    if width is None:
        return page
    frame = f'<iframe style="width:{width}px;height:800px;border:0" srcdoc="{html.escape(page)}">'
    return f'<!doctype html><meta charset="utf-8"><body style="margin:0">{frame}</iframe></body>'


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """Import a module of the site's hooks by its name; forgotten after the test."""
    monkeypatch.setattr(sys, "path", [str(DOCS / "hooks"), *sys.path])
    before = set(sys.modules)
    yield importlib.import_module
    for name in {path.stem for path in (DOCS / "hooks").glob("*.py")} - before:
        sys.modules.pop(name, None)
