"""What the library imports is declared where it is asked for."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def names(requirements):
    """Return the distributions that a list of requirements asks for, as modules are spelt."""
    found = {re.match(r"[\w.-]+", line)[0].replace("-", "_") for line in requirements}
    return found | {"jaxlib"} if "jax" in found else found


def imported(path):
    """Return the packages that a module imports, ours and those of Python left out."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module.partition(".")[0])
    return found - {"rhythmic"} - set(sys.stdlib_module_names)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "rhythmic" / "sweep").glob("*.py")), ids=lambda path: path.stem
)
def test_what_sweeps_import_is_declared(path):
    declared = names([*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["sweep"]])
    # zarr brings its codecs.
    assert imported(path) <= declared | {"numcodecs"}
