"""Opens pages of the site in a headless Chromium, wide and narrow: its console must be silent.

``python docs/probe.py SITE`` opens the start page, the notebooks' first page and the explorer of a
site built into the folder SITE, each 1280 and 390 CSS pixels wide, and fails on any message.
"""

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


def open_page(address: str, profile: Path) -> tuple[str, str]:
    """Open a page in a headless Chromium; return the document in the end, and the browser's log.

    A message on the page's console is a line of the log with the word ``CONSOLE``.

    Args:
        address: of the page, such as ``file:///...``.
        profile: folder that the browser writes its own files to.
    """
    command = [
        *(str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        *("--enable-logging=stderr", f"--user-data-dir={profile}", "--window-size=1280,900"),
        *("--virtual-time-budget=10000", "--dump-dom", address),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
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
    return "\n".join(found) or None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
