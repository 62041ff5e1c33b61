"""Every snippet of the site runs and prints what the page says; every command and name exists."""

import importlib
import importlib.util
import io
import math
import re
import shlex
import textwrap
import tomllib
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from experiments.__main__ import NAMES

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "pages"
TEXTS = {str(path.relative_to(PAGES)): path.read_text() for path in sorted(PAGES.rglob("*.md"))}
# A block of Python, and the block of what it prints if one follows.
SNIPPET = re.compile(
    r"^( *)```python\n(.*?)^ *```\n(?:\n *```text\n(.*?)^ *```\n)?", re.MULTILINE | re.DOTALL
)
NUMBER = re.compile(r"[-+]?\d+(?:\.\d*)?(?:e[-+]?\d+)?")
COMMAND = re.compile(r"python -m ([\w.]+)([^`\n]*)")
PLACEHOLDERS = ("NAME",)
PACKAGES = (
    *("rhythmic", "coupled", "data", "reductions", "reservoirs", "rhythms", "stability", "static"),
    *("sweep", "tasks", "training"),
)


def with_python(texts):
    """Return the names of the pages that have snippets."""
    return [name for name, text in texts.items() if SNIPPET.search(text)]


def slow_pages(names):
    """Mark the pages that start workers, and those of which other tests run the like."""
    slow = ("howto/cell.md", "howto/recordings.md", "cluster.md", "scale.md")
    return [pytest.param(name, marks=pytest.mark.slow) if name in slow else name for name in names]


def agrees(printed, shown):
    """Tell whether two texts are equal, numbers to two per cent: machines round differently."""
    if NUMBER.sub("#", printed).split() != NUMBER.sub("#", shown).split():
        return False
    pairs = zip(NUMBER.findall(printed), NUMBER.findall(shown), strict=True)
    return all(math.isclose(float(a), float(b), rel_tol=0.02) for a, b in pairs)


@pytest.mark.parametrize("name", slow_pages(with_python(TEXTS)))
def test_snippets_run_and_print_what_stands_below_them(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    if "from distributed import" in TEXTS[name]:
        pytest.importorskip("distributed")
    names = {"__name__": "page"}
    for _, code, shown in SNIPPET.findall(TEXTS[name]):
        printed = io.StringIO()
        with redirect_stdout(printed):
            exec(compile(textwrap.dedent(code), name, "exec"), names)
        assert agrees(printed.getvalue(), textwrap.dedent(shown)), printed.getvalue()


def test_every_section_of_the_lecture_has_its_experiments():
    shown = re.findall(r"<!-- answers?: (.+?) -->", TEXTS["lecture.md"])
    expected = [name for name in NAMES if not name.startswith("compare.")]
    found = [name for names in shown for name in names.split()]
    missing = [name for name in expected if name not in found]
    assert not missing, f"name {missing} in docs/pages/lecture.md"
    assert found == expected, "docs/pages/lecture.md has another order than NAMES"


def test_the_page_of_the_comparison_has_all_its_questions():
    shown = " ".join(re.findall(r"<!-- answers?: (.+?) -->", TEXTS["results/comparison.md"]))
    questions = [name for name in NAMES if name.startswith("compare.")]
    missing = [name for name in questions if name not in shown.split()]
    assert not missing, f"name {missing} in docs/pages/results/comparison.md"
    assert set(questions) < set(shown.split()) <= set(NAMES)


def all_commands():
    """Return module and options of every command on the pages."""
    return sorted({found for text in TEXTS.values() for found in COMMAND.findall(text)})


@pytest.mark.parametrize(("module", "options"), all_commands())
def test_commands_exist(module, options):
    if module.split(".")[-1] in PLACEHOLDERS:
        return
    assert importlib.util.find_spec(module) is not None
    experiment = module.removeprefix("experiments.")
    assert not module.startswith("experiments.") or experiment in (
        *(*NAMES, "compare", "comparison_controls", "recordings"),
    )
    words = shlex.split(options, comments=True)
    if "--preset" in words and experiment in NAMES:
        presets = importlib.import_module(module).EXPERIMENT.presets
        assert words[words.index("--preset") + 1] in presets


def test_extras_that_the_pages_install_are_declared():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = {extra for text in TEXTS.values() for extra in re.findall(r"-e \"\.\[(\w+)\]\"", text)}
    assert found
    assert found <= set(declared["optional-dependencies"])


@pytest.mark.parametrize("name", TEXTS)
def test_names_and_files_in_the_text_exist(name):
    prose = SNIPPET.sub("", TEXTS[name])
    for package, rest in re.findall(rf"`({'|'.join(PACKAGES)})\.([\w.]+)", prose):
        within = "" if package == "rhythmic" else "rhythmic."
        place = importlib.import_module(f"{within}{package}")
        for part in rest.strip(".").split("."):
            if not hasattr(place, part):  # a module that nobody has imported yet
                importlib.import_module(f"{place.__name__}.{part}")
            place = getattr(place, part)
    for path in re.findall(r"`((?:rhythmic|experiments|benchmarks|tests|docs)/[\w./-]+)`", prose):
        assert (ROOT / path).exists(), path


@pytest.fixture
def hooks(hook):
    """The hooks of the site that need no further package."""
    return [hook(name) for name in ("answers", "reference")]


def test_the_site_shows_the_gallery(hooks):
    entries = hooks[0].read_gallery()
    assert tuple(entries) == NAMES
    for name, entry in entries.items():
        module = importlib.import_module(f"experiments.{name}").EXPERIMENT
        assert (entry.section, entry.question) == (module.section, module.question)
        assert entry.command is None or entry.command.startswith(f"`{module.command} ")
    shown = hooks[0].fill_in("<!-- answer: first_order_node -->", "lecture.md")
    assert "102.4" in shown
    assert "](figures/first_order_node.png)" in shown
    assert hooks[0].lecture_table().startswith("| network |")


def test_the_reference_has_a_page_for_every_public_module(hooks):
    pages = dict(hooks[1].pages())
    for path in (ROOT / "rhythmic").rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        module = ".".join(part for part in parts if part != "__init__")
        if module == "rhythmic" or any(part.startswith("_") for part in module.split(".")):
            continue
        if path.name != "__main__.py":
            page = pages[f"reference/{module.split('.')[1]}.md"]
            assert f"::: {module}\n" in page, module
    assert "| [`load_mnist`][rhythmic.data.mnist.load_mnist] |" in pages["reference/data.md"]
    assert '"DATASETS", "load"' in pages["reference/data.md"]
