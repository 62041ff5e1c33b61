"""Notebooks that are kept as scripts with cells (``# %%``), run and shown as pages.

The site shows what a notebook prints and draws on the machine that builds it. A cell that fails,
or takes longer than a minute, ends the build. The readers and runners of notebooks are imported
where they are used: other pages are made, and tested, without them.
"""

import base64
import functools
import os
import re
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "notebooks"
# Whole notebooks take seconds: a cell that takes this long ends the build.
SECONDS_A_CELL = 60


class NotebookPage(NamedTuple):
    """A page in Markdown, and the figures that it shows, by file name."""

    text: str
    figures: dict[str, bytes]


def scripts() -> list[Path]:
    """Return the notebooks in the order of their names."""
    return sorted(FOLDER.glob("*.py"))


def title(path: Path) -> str:
    """Return the first heading of a notebook, or else its name."""
    heading = re.search(r"^# # (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return heading[1].strip() if heading else path.stem.replace("_", " ").capitalize()


def as_page(path: Path) -> NotebookPage:
    """Run a notebook and write it as a page."""
    return written(executed(path.read_text("utf-8")), path)


@functools.cache  # `mkdocs serve` builds again at every change; the other notebooks stay
def executed(script: str) -> Any:
    """Run a script of cells in a kernel of its own and return the notebook with its outputs.

    Raises:
        nbclient.exceptions.CellExecutionError: if a cell fails.
        nbclient.exceptions.CellTimeoutError: if a cell takes longer than ``SECONDS_A_CELL``.
    """
    import jupytext
    import nbclient
    from traitlets.config import Config

    notebook = jupytext.reads(script, fmt="py:percent")
    # This repository's code, whatever is installed. JAX is told what it may use, for where it
    # finds a processor that it has no driver for it says so on the page.
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": path, "JAX_PLATFORMS": "cpu"}
    with tempfile.TemporaryDirectory() as folder:
        # A kernel on a port says that others may listen; sockets in the file system are private.
        # Their place is absolute: the kernel works in another folder than who builds the site.
        sockets = {"transport": "ipc", "ip": str(Path(folder, "kernel"))}
        client = nbclient.NotebookClient(
            notebook,
            timeout=SECONDS_A_CELL,
            kernel_name="python3",
            resources={"metadata": {"path": str(ROOT)}},
            coalesce_streams=True,
            config=Config(KernelManager=sockets if os.name == "posix" else {}),
        )
        client.execute(env=environment)
    return notebook


def written(notebook: Any, path: Path) -> NotebookPage:
    """Write a notebook as Markdown: text cells as text, the others as code and what it shows."""
    parts: list[str] = []
    figures: dict[str, bytes] = {}
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            # What stands folded is Markdown too, see the extension md_in_html.
            parts.append(cell.source.replace("<details>", '<details markdown="1">'))
        elif cell.source.strip():
            parts.append(fenced("python", cell.source))
            parts += [shown(output, path, figures) for output in cell.get("outputs", ())]
    if not any(part.startswith("# ") for part in parts):
        parts.insert(0, f"# {title(path)}")
    parts.append(f"[This notebook as a script]({path.name}){{ .md-button download }}")
    return NotebookPage("\n\n".join(part for part in parts if part) + "\n", figures)


def shown(output: Any, path: Path, figures: dict[str, bytes]) -> str:
    """Write one output of a cell: a figure, which is added to ``figures``, or what was printed.

    What libraries say on the error stream is not part of the lecture; tests see that there are no
    warnings.
    """
    if output.output_type == "stream":
        return fenced("text", output.text) if output.name == "stdout" else ""
    picture = output.get("data", {}).get("image/png")
    if picture is None:
        return fenced("text", output.get("data", {}).get("text/plain", ""))
    number = len(figures) + 1
    name = f"{path.stem}-{number}.png"
    figures[name] = base64.b64decode(picture)
    return f"[![Figure {number}, drawn by the cell above]({name})]({name})"


def fenced(language: str, body: str) -> str:
    """Fence code, or what it prints."""
    return f"```{language}\n{body.strip()}\n```" if body.strip() else ""
