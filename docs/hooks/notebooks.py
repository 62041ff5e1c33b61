"""Notebooks that are kept as scripts with cells (``# %%``), shown as pages."""

import re
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "notebooks"
CELL = re.compile(r"^# %%(.*)$", re.MULTILINE)


def scripts() -> list[Path]:
    """Return the notebooks in the order of their names; none where there is no such folder."""
    return sorted(FOLDER.glob("*.py"))


def title(path: Path) -> str:
    """Return the first heading of a notebook, or else its name."""
    heading = re.search(r"^# # (.+)$", path.read_text(), re.MULTILINE)
    return heading[1].strip() if heading else path.stem.replace("_", " ").capitalize()


def as_page(path: Path) -> str:
    """Write a notebook as Markdown: text cells as text, the others as code."""
    head, *cells = CELL.split(path.read_text())
    pairs = list(zip(cells[::2], cells[1::2], strict=True))
    parts = [code(head)] if not pairs else []
    for kind, body in pairs:
        is_text = "[markdown]" in kind or "[md]" in kind
        parts.append(
            re.sub(r"^# ?", "", body.strip(), flags=re.MULTILINE) if is_text else code(body)
        )
    if not any(part.startswith("# ") for part in parts):
        parts.insert(0, f"# {title(path)}")
    parts.append(f"[This notebook as a script]({path.name}){{ download }}")
    return "\n\n".join(part for part in parts if part) + "\n"


def code(body: str) -> str:
    """Fence Python code."""
    return f"```python\n{body.strip()}\n```" if body.strip() else ""
