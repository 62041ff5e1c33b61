"""Put the explorer's page together: template, style and scripts in one file without any other.

``python docs/explorer/build.py`` writes ``index.html`` beside this file. The mathematics is one
script, free of the page; what draws is another.
"""

from pathlib import Path

FOLDER = Path(__file__).parent
STYLE = ("style.css", "layout.css")
MATHEMATICS = ("node.js", "oscillator.js", "ladders.js", "exports.js")
PAGE = (
    *("imports.js", "format.js", "axes.js", "state.js", "chart.js", "tips.js", "plane.js"),
    *("circle.js", "motion.js", "schemes.js", "rungs.js", "sound.js", "controls.js", "start.js"),
)


def assemble() -> str:
    """Return the page as text."""
    parts = {
        "style": _joined(STYLE),
        "mathematics": _script(MATHEMATICS),
        "page": _script(PAGE),
    }
    page = (FOLDER / "template.html").read_text("utf-8")
    for name, text in parts.items():
        page = page.replace("{{" + name + "}}", text)
    return page


def _script(names: tuple[str, ...]) -> str:
    """Join scripts in a function of their own, so that they share names with nothing else."""
    return "(() => {\n" + '"use strict";\n' + _joined(names) + "\n})();"


def _joined(names: tuple[str, ...]) -> str:
    return "\n\n".join((FOLDER / name).read_text("utf-8").strip() for name in names)


if __name__ == "__main__":
    (FOLDER / "index.html").write_text(assemble(), "utf-8")
