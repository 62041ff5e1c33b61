"""Text is UTF-8 whatever the locale: no file is opened as text without saying so."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("rhythmic", "experiments", "benchmarks", "docs", ".ci")
SYSTEM = {"/proc/cpuinfo", "/proc/meminfo"}  # written by the kernel, in its own way


OF_PROCESSES = {"text", "universal_newlines"}  # what a process writes is decoded
OPENING = {"open", "read_text", "write_text"}


def is_true(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is True


def name_of(function):
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def is_undecided(call: ast.Call) -> bool:
    """Tell whether a call reads or writes text in the encoding of the locale."""
    name, given = name_of(call.func), {keyword.arg for keyword in call.keywords}
    if name not in OPENING and not given & OF_PROCESSES:
        return False
    constants = [part.value for part in ast.walk(call) if isinstance(part, ast.Constant)]
    if "encoding" in given or SYSTEM & {c for c in constants if isinstance(c, str)}:
        return False
    if any(keyword.arg in OF_PROCESSES and is_true(keyword.value) for keyword in call.keywords):
        return True
    if name in ("read_text", "write_text"):
        return len(call.args) < (1 if name == "read_text" else 2)
    modes = [mode for mode in constants if isinstance(mode, str) and set(mode) <= set("rwaxbt+")]
    if name == "open" and isinstance(call.func, ast.Name):
        return not any("b" in mode for mode in modes)
    if ast.unparse(call.func) == "archive.open":  # a member of a zip file, which is bytes
        return False
    return name == "open" and any(set(mode) & set("wt") and "b" not in mode for mode in modes)


def test_every_text_file_names_its_encoding():
    found = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call) and is_undecided(call)
    ]
    assert found == []
