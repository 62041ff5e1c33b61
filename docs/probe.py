"""Opens pages of the site in a headless Chromium: its console is silent, and nothing is cut.

``python docs/probe.py SITE`` opens the start page, the notebooks' first page and the explorer of a
site built into the folder SITE, each 1280 and 390 CSS pixels wide, and fails on any message. Then
it opens every page 390 CSS pixels wide, and fails where something does not fit: what is beyond the
edge, hidden, or to be scrolled sideways, but for code.
"""

import html
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
NO_BROWSER = f"no Chromium is installed ({', '.join(BROWSERS[:-1])} or {BROWSERS[-1]})"
PAGES = ("index.html", "notebooks/[0-9]*.html", "explorer/index.html")
WIDTHS = (1280, 390)  # CSS pixels: a screen, a telephone

# Opens one page after another in a frame, and writes down what does not fit into its width.
FITS = """
const pages = PAGES, found = {}, frame = document.querySelector("iframe");
const scrolls = (style) => ["auto", "scroll"].includes(style.overflowX);
const hides = (style) => ["hidden", "clip"].includes(style.overflowX);
const theme = ".md-header, .md-tabs, .md-sidebar, .md-search, .md-skip, .md-top, .headerlink";
function tooWide(element, edge, styleOf) {
  const style = styleOf(element), box = element.getBoundingClientRect();
  if (style.visibility === "hidden" || box.width < 2 || box.height < 2) return false;
  const inside = element.scrollWidth <= element.clientWidth + 1;
  if (scrolls(style) && !inside) return !element.closest("pre");
  if (hides(style) && !inside) return style.textOverflow !== "ellipsis";
  for (let above = element; above; above = above.parentElement) {
    if (scrolls(styleOf(above))) return false; // told of where it is scrolled
  }
  return box.right > edge + 1 || box.left < -1;
}
function check() {
  const { documentElement: root, body } = frame.contentDocument;
  const styleOf = (element) => frame.contentWindow.getComputedStyle(element);
  const wide = [...body.querySelectorAll("*")].filter((element) =>
    !element.parentElement.closest("svg") && !element.closest(theme) &&
    tooWide(element, root.clientWidth, styleOf));
  const words = (element) => `${element.localName}.${element.getAttribute("class") ?? ""} ` +
    JSON.stringify(element.textContent.trim().replace(/\\s+/g, " ").slice(0, 60));
  if (!wide.length && root.scrollWidth > root.clientWidth) wide.push(body);
  return wide.map(words);
}
frame.onload = () => setTimeout(() => {
  const [name] = pages.shift();
  found[name] = check();
  if (pages.length) { frame.src = pages[0][1]; return; }
  const answer = document.createElement("pre");
  answer.id = "answer";
  answer.textContent = JSON.stringify(found);
  document.body.append(answer);
}, 200);
frame.src = pages[0][1];
"""


def open_page(
    address: str, profile: Path, *options: str, milliseconds: int = 10_000
) -> tuple[str, str]:
    """Open a page in a headless Chromium; return the document in the end, and the browser's log.

    A message on the page's console is a line of the log with the word ``CONSOLE``.

    Args:
        address: of the page, such as ``file:///...``.
        profile: folder that the browser writes its own files to.
        options: further ones of the browser.
        milliseconds: of the page's own time, after which the document is returned.
    """
    command = [
        *(str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        *("--enable-logging=stderr", f"--user-data-dir={profile}", "--window-size=1280,900"),
        *(*options, f"--virtual-time-budget={milliseconds}", "--dump-dom", address),
    ]
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="replace", timeout=600, check=True
    )
    return done.stdout, done.stderr


def messages(path: Path, width: int) -> list[str]:
    """Return what the console says when a page is opened from disk, in a frame of some width.

    A window itself is never narrower than 500 CSS pixels.
    """
    style = f"width:{width}px; height:900px; border:0"
    with TemporaryDirectory() as name:
        frame = Path(name) / "frame.html"
        address = path.resolve().as_uri()
        frame.write_text(
            f'<!doctype html><body><iframe style="{style}" src="{address}"></iframe>', "utf-8"
        )
        _, log = open_page(frame.as_uri(), Path(name) / "profile")
    return [line for line in log.splitlines() if "CONSOLE" in line]


def cut(site: Path, width: int) -> list[str]:
    """Return what does not fit into some width on any page of a site, "PAGE: ELEMENT TEXT"."""
    paths = sorted(site.rglob("*.html"))
    pages = [(str(path.relative_to(site)), path.resolve().as_uri()) for path in paths]
    style = f"width:{width}px; height:900px; border:0"
    with TemporaryDirectory() as name:
        frame = Path(name) / "frame.html"
        script = FITS.replace("PAGES", json.dumps(pages))
        frame.write_text(
            f'<!doctype html><meta charset="utf-8"><body><iframe style="{style}"></iframe>'
            f"<script>{script}</script>",
            "utf-8",
        )
        milliseconds = 10_000 + 2_000 * len(pages)
        profile = Path(name) / "profile"
        # As on a telephone; and what is in the frame is read from outside.
        options = ("--hide-scrollbars", "--allow-file-access-from-files")
        document, log = open_page(frame.as_uri(), profile, *options, milliseconds=milliseconds)
    answer = re.search(r'<pre id="answer">(.*?)</pre>', document, re.DOTALL)
    if answer is None:
        return [f"no answer from the pages; Chromium said: {log[-1000:]}"]
    found = json.loads(html.unescape(answer[1]))
    return [f"{page}: {element}" for page, elements in found.items() for element in elements]


def probed(site: Path) -> list[Path]:
    """Return the pages to open.

    Raises:
        FileNotFoundError: if the site lacks one.
    """
    pages = [next(iter(sorted(site.glob(pattern))), site / pattern) for pattern in PAGES]
    for page in pages:
        if not page.is_file():
            raise FileNotFoundError(f"{page} is missing: SITE must be the folder of a built site")
    return pages


def main(arguments: list[str]) -> str | None:
    """Return what is wrong, None if nothing is."""
    if len(arguments) != 1:
        return "usage: python docs/probe.py SITE"
    if CHROMIUM is None:
        return NO_BROWSER
    try:
        pages = probed(Path(arguments[0]))
    except FileNotFoundError as error:
        return str(error)
    found = [
        f"{page}, {width} px wide: {message}"
        for page in pages
        for width in WIDTHS
        for message in messages(page, width)
    ]
    narrow = min(WIDTHS)
    found += [f"{line} does not fit into {narrow} px" for line in cut(pages[0].parent, narrow)]
    return "\n".join(found) or None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
