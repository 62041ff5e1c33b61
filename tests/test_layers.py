"""Imports point one way, in the order that CONTRIBUTING lists; nothing is left out of that list."""

import ast
import functools
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import rhythmic

ROOT = Path(__file__).parents[1]
PACKAGES = ("rhythmic", "experiments", "benchmarks")
LINE = re.compile(r"^    ((?:rhythmic|experiments|benchmarks)/[\w, ]*?)(?:  .*)?$", re.MULTILINE)
MODULE = re.compile(r"rhythmic(?:\.\w+)+")


def listed(text: str) -> list[str]:
    """Return the names of CONTRIBUTING's list in its order: ``rhythmic/cells``, ``experiments``."""
    names = []
    for line in LINE.findall(text):
        folder, _, modules = line.partition("/")
        names += [f"{folder}/{name}".rstrip("/") for name in modules.split(", ")]
    return names


@functools.cache
def modules_of(package: str) -> set[str]:
    """Return the modules and packages in a package."""
    return {path.stem for path in (ROOT / package).iterdir() if not path.name.startswith("__")}


def place(module: str) -> str:
    """Return the name in the list under which a dotted module, or a name from it, stands."""
    package, *rest = module.split(".")
    if package != "rhythmic":
        return package
    return (
        f"{package}/{rest[0]}" if rest and rest[0] in modules_of(package) else f"{package}/__init__"
    )


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield every module that a syntax tree imports, at once, later, or by its name as text.

    What stands under ``TYPE_CHECKING`` is never run.
    """
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and MODULE.fullmatch(str(node.value)):
            yield str(node.value)
        yield from imported(node)


def wrong_way(order: list[str]) -> list[str]:
    """Return "FILE imports NAME" for every import that does not point upwards in an order."""
    rank = {name: number for number, name in enumerate(order)}
    found = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            file = path.relative_to(ROOT)
            importer = place(".".join(file.with_suffix("").parts))
            if importer == "rhythmic/__init__":
                continue
            for module in imported(ast.parse(path.read_text())):
                name = place(module)
                if module.split(".")[0] not in PACKAGES or name == importer:
                    continue
                if name == "rhythmic/__init__" and package != "rhythmic":
                    continue
                if name not in rank or rank[name] > rank[importer]:
                    found.append(f"{file} imports {name}")
    return found


@pytest.fixture(scope="module")
def order() -> list[str]:
    return listed((ROOT / "CONTRIBUTING.md").read_text())


def test_the_list_has_every_module_once(order):
    modules = [
        f"rhythmic/{path.stem}"
        for path in (ROOT / "rhythmic").iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").exists())
        and not path.name.startswith("__")
    ]
    assert sorted(order) == sorted([*modules, "experiments", "benchmarks"])


def test_imports_point_upwards_in_the_list(order):
    assert wrong_way(order) == [], "see the list in CONTRIBUTING.md"


def test_as_many_names_are_exported_as_the_page_says():
    """Distinct names in the ``__all__`` of ``rhythmic`` and of every package in it."""
    found = pkgutil.walk_packages(rhythmic.__path__, "rhythmic.")
    packages = [rhythmic, *(importlib.import_module(one.name) for one in found if one.ispkg)]
    exported = {name for package in packages for name in getattr(package, "__all__", ())}
    said = re.search(r"export (\d+) names", (ROOT / "docs/pages/design.md").read_text())
    assert said
    assert len(exported) == int(said[1])
