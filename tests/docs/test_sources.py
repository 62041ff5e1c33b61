"""Every equation has a source: none may be missing.

What packages offer, and the walk through the package, are those of ``test_docstrings``. A module
that implements an equation names where it comes from: in a paragraph ``Source: ...`` of its own
docstring, which speaks for all its names, or in the docstring of each name. What only has a
contract is listed in ``REASONS``.
"""

import re
from fnmatch import fnmatch

from tests.docs.test_docstrings import CLASSES, FUNCTIONS, METHODS, MODULES

# Why there is no source, and the modules of ``rhythmic`` of which that is so.
REASONS = {
    "chooses among the others": "fast.ways",
    "checks of arguments": "arguments cells.options checks indices",
    "files": ("arrays data.download files locks networks.files provenance records runs.* sealed"),
    "interface": "cells.adapter cells.interface tasks.interface",
    "table of names": "cells.registry",
    "loading": "data data.description data.files data.mnist data.source",
    "containers": "data.dataset data.recordings training.problem training.state training.trained",
    "layout of arrays": "fast.events training.recorded training.rhythms trees",
    "commands": "compare interruption",
    "devices": "compare.estimate memory spread training.estimate",
    "figures": "compare.report compare.tables plotting.*",
    "assembles parts": "networks.network networks.spec",
    "progress": "progress",
    "engine of runs": "runs.* sweep.*",
    "training loop": (
        "training.batches training.evaluation training.features training.group "
        "training.member training.runs training.sweep training.train "
        "compare.search compare.run compare.work"
    ),
    "grid of settings": "training.search",
}
WITHOUT_SOURCE = [f"rhythmic.{name}" for names in REASONS.values() for name in names.split()]

# What may be said of a source: where it stands, or that it stands nowhere else.
SOURCE = re.compile(r"\bSource:\s((?:.+\n?)+)")
SAYS_WHERE = re.compile(
    r"lecture, \"|\b(?:18|19|20)\d\d\b|arXiv:|textbook|worked out here|the project's own"
)
# Titles of the lecture.
SECTIONS = {
    "(My favorite) hypothesis",
    "Brain rhythms",
    "Golden rhythms",
    "Hopfield",
    "Models so far",
    "My favorite idea",
    "Perceptron",
    "RNN Summary",
    "RNN additional notes",
    "RNN dynamics (simplified)",
    "RNN model",
    "RRN hidden layer activity",
    "RRN output layer activity",
    "RRN vs Feedforward",
    "Recurrent Neural Network intuition",
    "Remember Feedforward",
    "Rhythmic RNN",
    "Rhythmic RNN Summary",
    "Rhythmic RNN in practice",
    "What about rhythms?",
    "What is the RNN model?",
    "When is this useful?",
}
CITED = re.compile(r'lecture,\s+("[^"]+"(?:(?:,| and)\s+"[^"]+")*)')

NAMES = [*FUNCTIONS, *CLASSES]


def says_source(text: str) -> bool:
    """Tell whether a docstring names a source, in words that say where it stands."""
    return any(SAYS_WHERE.search(found[1]) for found in SOURCE.finditer(text))


def is_exempt(module: str) -> bool:
    """Tell whether a module has a contract instead of a source."""
    return any(fnmatch(module, pattern) for pattern in WITHOUT_SOURCE)


def test_every_module_or_name_has_a_source():
    """No equation without a source: of the module, or else of each name.

    Asked are the names that packages offer, and in a module that offers none all public ones.
    """
    by_module = {module.__name__: [] for module in MODULES}
    for found in NAMES:
        by_module[found.value.__module__].append(found)
    missing, num_sources = [], 0
    for module in MODULES:
        members = by_module[module.__name__]
        if is_exempt(module.__name__):
            continue
        for found in [found for found in members if found.is_offered] or members:
            if says_source(module.__doc__ or "") or says_source(found.texts):
                num_sources += found.is_offered
            else:
                missing.append(found.name)
    assert not missing, "\n".join(missing)
    assert num_sources > 150


def test_what_needs_no_source_exists():
    """Every exemption stands for a module that there is."""
    names = [module.__name__ for module in MODULES]
    stale = [pattern for pattern in WITHOUT_SOURCE if not any(fnmatch(n, pattern) for n in names)]
    assert not stale


def test_sections_of_the_lecture_are_cited_by_their_titles():
    """Whatever is cited as a section of the lecture is one."""
    texts = {module.__name__: module.__doc__ or "" for module in MODULES}
    texts |= {found.name: found.texts for found in [*NAMES, *METHODS]}
    cited = {
        (name, " ".join(title.split()))
        for name, text in texts.items()
        for titles in CITED.findall(text)
        for title in re.findall(r'"([^"]+)"', titles)
    }
    assert len(cited) > 100
    assert not sorted(x for x in cited if x[1] not in SECTIONS)
