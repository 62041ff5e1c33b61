"""One word for one regime: in theory, the explorer, the notebooks, on pages and in figures."""

import ast
import re
from pathlib import Path

import pytest

from rhythmic.plotting.atlas import regime_name
from rhythmic.theory import FirstOrderRegime, SecondOrderRegime

ROOT = Path(__file__).parents[2]
EXPLORER = ROOT / "docs" / "explorer"
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.py"))
PAGES = sorted((ROOT / "docs" / "pages").rglob("*.md"))
NAMES = [regime.name for regime in SecondOrderRegime]
WORDS = {name.lower().replace("_", " ") for name in NAMES}
VERBS = {"flickers", "oscillates", "disappears", "explodes", "equilibrium", "gone"}
# What else each might be called; a mode fades or grows while a digit is read, which is no regime.
RIVALS = {"stays", "settles", "vanishes", "decays", "diverges", "alternates"}


def between(text, begin, end):
    return text.split(begin, 1)[1].split(end, 1)[0]


def words(text):
    return " ".join(text.split())


def is_label(text):
    """Tell whether a text is the name of a regime and no sentence."""
    found = text.split()
    return (len(found) <= 4 and bool(VERBS & set(found))) or (bool(found) and set(found) <= RIVALS)


def test_one_node_has_the_same_words_with_one_step_back_and_with_two():
    assert {regime.name for regime in FirstOrderRegime} <= set(NAMES)
    assert {words(regime_name(regime)) for regime in SecondOrderRegime} == WORDS
    assert {word for name in WORDS for word in name.split()} - {"and", "undefined"} == VERBS


def test_the_explorer_has_these_words():
    listed = between((EXPLORER / "node.js").read_text(), "REGIMES = [", "]")
    assert re.findall(r'"(\w+)"', listed) == NAMES
    told = between((EXPLORER / "format.js").read_text(), "REGIME_SENTENCES = {", "\n};")
    assert re.findall(r"^  (\w+):", told, re.MULTILINE) == NAMES
    drawn = between((EXPLORER / "plane.js").read_text(), "REGION_NAMES = [", "\n];")
    lines = [
        " ".join(re.findall(r'"([^"]*)"', text)) for text in re.findall(r"text: (.*?\])", drawn)
    ]
    assert len(lines) == 6
    assert set(lines) <= WORDS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_labels_in_notebooks_are_these_words(path):
    text = path.read_text()
    literals = [node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)]
    labels = {words(one) for one in literals if isinstance(one, str) and is_label(words(one))}
    asked = re.search(r"for each of: ([^.]*)\.", text.replace("\n# ", " "))
    labels |= set(asked[1].split(", ")) if asked else set()
    assert labels <= WORDS


def test_the_notebooks_have_labels_of_regimes():
    assert sum("explodes" in path.read_text() for path in NOTEBOOKS) >= 2


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_names_of_regimes_on_pages_are_those_of_theory(path):
    found = re.findall(r"\b(?:[A-Z]+_AND_[A-Z]+|[A-Z]{5,}S)\b", path.read_text())
    stems = tuple(verb[:5].upper() for verb in VERBS)
    assert {name for name in found if name.startswith(stems)} <= set(NAMES)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "rhythmic" / "plotting").glob("*.py")), ids=lambda path: path.stem
)
def test_labels_in_figures_are_these_words(path):
    literals = [
        words(node.value)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert {one for one in literals if is_label(one)} <= WORDS
