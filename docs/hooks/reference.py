"""Which pages the reference has: one for each public module or package of ``rhythmic``."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "rhythmic"

# The order in which a reader meets them. Whatever is not named here comes last.
GROUPS = {
    "One node": ["theory", "activations"],
    "Networks": [
        "static", "cells", "networks", "rnn",
        "functional", "trees",
    ],
    "Running them": ["simulate", "reductions", "fast"],
    "Data and tasks": ["data", "tasks", "baselines"],
    "Training": ["training", "reservoirs", "statistics"],
    "Analysis": ["stability", "sensitivity", "gates", "rhythm_detection", "network_rhythms"],
    "Rhythms of the brain": ["rhythms", "coupled"],
    "Sweeps": ["sweep"],
    "Figures": ["plotting"],
    "Behind the scenes": [],
}  # fmt: skip


def public_modules(folder: Path) -> list[str]:
    """Return the names of the modules and packages of a folder that do not begin with ``_``."""
    modules = [path.stem for path in folder.glob("*.py")]
    packages = [path.parent.name for path in folder.glob("*/__init__.py")]
    return sorted(name for name in [*modules, *packages] if not name.startswith("_"))


def grouped() -> dict[str, list[str]]:
    """Return every public module of the package by its group."""
    names = public_modules(PACKAGE)
    named = [name for group in GROUPS.values() for name in group]
    missing = sorted(set(named) - set(names))
    if missing:
        raise ValueError(f"docs/hooks/reference.py names modules that are not there: {missing}")
    groups = {title: list(group) for title, group in GROUPS.items()}
    groups["Behind the scenes"] += [name for name in names if name not in named]
    return groups


def navigation() -> dict[str, list]:
    """Return the reference's part of the navigation."""
    pages: list = ["reference/index.md"]
    for title, names in grouped().items():
        pages.append({title: [{f"rhythmic.{name}": f"reference/{name}.md"} for name in names]})
    return {"Reference": pages}


def first_line(name: str) -> str:
    """Return the first line of a module's docstring."""
    folder = PACKAGE / name
    path = folder / "__init__.py" if folder.is_dir() else PACKAGE / f"{name}.py"
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8")))
    if not docstring:
        raise ValueError(f"rhythmic.{name} has no docstring")
    return docstring.splitlines()[0]


def pages() -> Iterator[tuple[str, str]]:
    """Yield path and text of every page of the reference."""
    # In the search the written pages come first.
    head = "---\nsearch:\n  boost: 0.3\n---\n\n"
    yield "reference/index.md", head + index()
    for names in grouped().values():
        for name in names:
            yield f"reference/{name}.md", head + page(name)


def index() -> str:
    """Write the list of all modules with their first lines."""
    lines = [
        "# Reference",
        "",
        "Made from the docstrings. Axes stand in the order that the shapes say: time first, nodes",
        "(`hidden`) before examples (`batch`). `key` is always a random key of JAX, keyword-only:",
        "the same key draws the same numbers. Frequencies are in Hz, times in s, `dt` in s a step,",
        "unless a docstring says otherwise.",
    ]
    for title, names in grouped().items():
        lines += ["", f"## {title}", "", "| module | what it holds |", "|---|---|"]
        for name in names:
            text = first_line(name).replace("|", "\\|")
            lines.append(f"| [`rhythmic.{name}`]({name}.md) | {text} |")
    lines += ["", "## From `rhythmic` itself", ""]
    lines += ["Everything that [`rhythmic.theory`](theory.md) offers, and:"]
    lines += table(interface(PACKAGE))
    return "\n".join(lines) + "\n"


def page(name: str) -> str:
    """Write one page: the module, or the package, what it offers, and its public modules."""
    folder = PACKAGE / name
    parts = [f"# rhythmic.{name}", ""]
    if not folder.is_dir():
        return "\n".join([*parts, directive(f"rhythmic.{name}", root=True)])
    own = [name for name in first_lines(folder / "__init__.py") if not name.startswith("_")]
    parts.append(directive(f"rhythmic.{name}", root=True, members=own))
    offered = interface(folder)
    if offered:
        parts += ["", f"Import these from `rhythmic.{name}`; its modules follow.", *table(offered)]
    for module in public_modules(folder):
        path = f"rhythmic.{name}.{module}"
        parts += ["", f"## {path}", "", directive(path)]
    return "\n".join(parts)


def interface(folder: Path) -> list[tuple[str, str, str]]:
    """Return what a package takes from its modules: name, module, first line of the docstring."""
    rows = []
    for module, names in taken_from(folder):
        path = PACKAGE.parent / module.replace(".", "/")
        if path.is_dir():  # a package, which takes the names from its own modules
            homes = {item: (home, text) for item, home, text in interface(path)}
            rows += [(item, *homes[item]) for item in names if item in homes]
        else:
            said = first_lines(path.with_suffix(".py"))
            rows += [(item, module, said.get(item, "")) for item in names]
    return sorted(rows, key=lambda row: row[0].lower())


def table(rows: list[tuple[str, str, str]]) -> list[str]:
    """Write names with links to where they are described."""
    lines = ["", "| name | what it is |", "|---|---|"]
    for item, module, text in rows:
        cell = text.replace("|", "\\|")
        lines.append(f"| [`{item}`][{module}.{item}] | {cell} |")
    return lines


def taken_from(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the modules from which a package takes names, with the names.

    At import, or when they are asked for: then a dictionary tells where each name is.
    """
    for node in ast.parse((folder / "__init__.py").read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rhythmic."):
            yield str(node.module), [alias.name for alias in node.names]
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            for item, module in ast.literal_eval(node.value).items():
                yield module, [item]


def first_lines(path: Path) -> dict[str, str]:
    """Return the first line of the docstring of everything that a module defines."""
    body = ast.parse(path.read_text("utf-8")).body
    found = {}
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = (ast.get_docstring(node) or "").split("\n")[0]
        elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(after, ast.Expr):
            text = after.value
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                found[ast.unparse(target)] = text.value.split("\n")[0]
    return found


def directive(path: str, root: bool = False, members: list[str] | None = None) -> str:
    """Write the line that stands for a module's docstrings, its heading written already.

    ``members`` are those of a package itself; what it takes from its modules is shown there.
    """
    options: dict[str, object] = {
        "show_root_heading": False,
        "show_root_toc_entry": False,
        "heading_level": 2 if root else 3,
    }
    if members is not None:
        options["members"] = members or False
    lines = [f"        {name}: {json.dumps(value)}" for name, value in options.items()]
    return "\n".join([f"::: {path}", "    options:", *lines, ""])
